"""The claims and the questions of notebook A2: what two articles say, measured."""

from __future__ import annotations

from pathlib import Path

from helpers.checker import predict
from helpers.notebook.claims import Claims

claims = Claims(Path(__file__).with_name("claims.toml"))

predict_pauses = predict(
    "Three coroutines have one `await` each. The first awaits `asyncio.sleep(0)`, the second a coroutine that has "
    "nothing to wait for, the third a future that is done. How many of them suspend?",
    {
        "none": "`asyncio.sleep(0)` does suspend: it gives way to others for one round of the loop.",
        "one": "Only `asyncio.sleep(0)`. The other two have their results at once, and `await` hands them over.",
        "two": "A future that is done hands over its result at once, as a coroutine that has nothing to wait for does.",
        "three": "`await` alone suspends nothing. It suspends if something below it does.",
    },
    right="one",
)

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

predict_database = predict(
    "Five queries of 0.1 seconds each are sent at once to a database, through an asynchronous driver and over one "
    "connection. How long do they take?",
    {
        "about 0.1 seconds": "That takes a connection for each. One connection of aiosqlite carries out one query after "
                             "another.",
        "about 0.5 seconds": "Other tasks can run meanwhile, but the queries themselves stand in line for the connection.",
    },
    right="about 0.5 seconds",
)
