"""The claims and the questions of notebook A2: what two articles say, measured."""

from __future__ import annotations

from pathlib import Path

from helpers.checker import predict
from helpers.notebook.claims import Claims

claims = Claims(Path(__file__).with_name("claims.toml"))

predict_long = predict(
    "One coroutine runs for an hour, and awaits `asyncio.sleep(1)` again and again. Another one computes for half a "
    "second, and awaits nothing. Which of them holds up the other tasks?",
    {
        "the long one": "It is suspended for nearly all of the hour, and the other tasks run meanwhile.",
        "the short one": "For half a second nothing else can run. What counts is the stretch without a suspension.",
        "both": "The long one gives way again and again, and its turns take next to no time.",
        "neither": "The short one has no `await`, so nothing else runs until it ends.",
    },
    right="the short one",
)

predict_gather = predict(
    "`gather` runs three coroutines. North fails after 0.1 seconds, south and east need 0.2 and 0.3 seconds. How many "
    "are still under way when the exception comes out of `gather`?",
    {
        "none: gather waits for all": "It raises the first exception as soon as it comes, at 0.1 s.",
        "none: gather cancels the rest": "A task group would do that. `gather` leaves the rest alone.",
        "two": "South and east go on, and nobody waits for them any more.",
    },
    right="two",
)
