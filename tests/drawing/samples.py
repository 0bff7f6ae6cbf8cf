"""Recordings made by hand, any recordings at all, and what can be read off a picture of them."""

from __future__ import annotations

import io
import itertools

import numpy as np
from hypothesis import strategies as st
from matplotlib.text import Text
from PIL import Image

from helpers.drawing import canvas
from helpers.drawing.palette import STATES
from helpers.recording import Place, Recording, Span, Task, ThreadJob
from helpers.wait_kinds import WAITS

COLOUR = {state.name: state.colour for state in STATES}


def task(number, name, *spans, outcome="result", error="", finished=..., created=None):
    end = spans[-1].end if spans else 0.0
    if created is None:
        created = spans[0].start if spans else 0.0
    finished = end if finished is ... else finished
    return Task(number, name, name, None if number == 0 else 0, created, finished, outcome, error, spans)


def turn(at):
    return Span("run", at, at)


def wait(start, end, what="request", on=()):
    return Span("wait", start, end, what, on, Place("cell", 7, "get_price"))


def request(number, name, start, end, **kwargs):
    return task(number, name, turn(start), wait(start, end), turn(end), **kwargs)


def concurrent(clock="virtual", factor=1.0):
    end = 0.5 * factor
    shops = [("north", 0.3), ("south", 0.5), ("east", 0.4)]
    return Recording(
        (
            task(0, "main", turn(0), wait(0, end, "gather", (1, 2, 3)), turn(end)),
            *(request(i, name, 0, seconds * factor) for i, (name, seconds) in enumerate(shops, 1)),
        ),
        end,
        clock,
    )


def sequential(clock="virtual"):
    times = [0, 0.3, 0.8, 1.2]
    spans = [turn(0)]
    for start, end in itertools.pairwise(times):
        spans += [wait(start, end), turn(end)]
    return Recording((task(0, "main", *spans),), 1.2, clock)


def everything(clock="virtual"):
    """A run in which each state and each outcome occurs."""
    blocked = Span("blocked", 0.12, 0.24, "", (), Place("cell", 13, "report"), 5)
    kinds = ["sleep", "request", "queue get", "lock", "thread", "task", "future"]
    waiting = [request(i, f"for {kind}", 0, 0.3) for i, kind in enumerate(kinds, 1)]
    waiting = [t._replace(spans=(turn(0), wait(0, 0.3, kind), turn(0.3))) for t, kind in zip(waiting, kinds)]
    return Recording(
        (
            task(0, "main", turn(0), wait(0, 0.3, "gather"), turn(0.3)),
            *waiting,
            task(8, "report", turn(0), wait(0, 0.12, "sleep"), blocked),
            task(9, "kept", turn(0), wait(0, 0.15, "sleep"), Span("ready", 0.15, 0.24, "sleep"), turn(0.24)),
            request(10, "bad", 0, 0.24, outcome="exception", error="ValueError: no tea\nin two lines"),
            request(11, "slow", 0, 0.24, outcome="cancelled"),
            request(12, "forgotten", 0, 0.3, outcome="pending", finished=None),
            task(13, "never", created=0.3, outcome="pending", finished=None),
        ),
        0.3,
        clock,
        (
            ThreadJob("asyncio_0", 0.01, 0.25, 5),
            ThreadJob("asyncio_1", 0.1, 0.2, None),
            ThreadJob("asyncio_0", 0.26, 0.26, 5),
        ),
    )


def staircase(tasks, together):
    main = task(0, "main", turn(0), wait(0, tasks, "gather"), turn(tasks))
    return Recording((main, *(request(i, f"t{i}", i, i + together) for i in range(1, tasks))), float(tasks))


def many_blocked():
    tasks = [request(i, f"t{i}", 0, 1.0) for i in range(100)]
    tasks[7] = task(7, "t7", turn(0), wait(0, 0.4), Span("blocked", 0.4, 0.401), wait(0.401, 1), turn(1))
    return Recording(tuple(tasks), 1.0)


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(canvas.png(figure))).convert("RGB"))


def has(image, colour):
    return bool((image == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=2).any())


@st.composite
def recordings(draw_):
    """Valid recordings: spans without holes, from creation to end."""
    clock = draw_(st.sampled_from(["real", "virtual"]))
    scale = draw_(st.sampled_from([1e-7, 1e-3, 1.0, 1e5]))
    kinds = [*WAITS, "something new", ""]
    tasks = []
    for number in range(draw_(st.integers(1, 12))):
        now = draw_(st.integers(0, 5)) * scale
        created, spans = now, []
        for step in range(draw_(st.integers(0, 6))):
            end = now + draw_(st.sampled_from([0, 0, 1e-5, 0.5, 1, 7])) * scale
            kind = draw_(st.sampled_from(["run", "wait", "ready", "blocked"]))
            spans.append(
                Span(kind, now, end, draw_(st.sampled_from(kinds)), draw_(st.sampled_from([(), (0,), (0, 1), (99,)])),
                     draw_(st.sampled_from([None, Place("cell", 3, "main")])),
                     step if kind in ("run", "blocked") else -1)
            )
            now = end
        outcome = draw_(st.sampled_from(["result", "exception", "cancelled", "pending"]))
        tasks.append(
            Task(number, f"task-{number}", "get_price", None if number == 0 else 0, created,
                 None if outcome == "pending" else now, outcome, "ValueError: no tea" if outcome == "exception" else "",
                 tuple(spans))
        )
    jobs = [ThreadJob("pool_0", 0.0, scale, draw_(st.sampled_from([None, 0, 7])))] * draw_(st.integers(0, 2))
    elapsed = tasks[0].finished if tasks[0].finished is not None else 0.0
    return Recording(tuple(tasks), elapsed, clock, tuple(jobs))
