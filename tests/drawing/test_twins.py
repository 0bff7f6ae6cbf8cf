"""Whatever a picture says, its text twin, its alternative text and the text of its replay say too."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any
from xml.etree import ElementTree

import pytest

from helpers import Shop, record, simulate
from helpers.drawing import canvas, picture, png
from helpers.drawing.alternative_text import alternative_text, headline
from helpers.drawing.layout import Layout, lay_out
from helpers.drawing.palette import CUT, WORKER
from helpers.drawing.svg import draw_svg
from helpers.drawing.timeline import compare
from helpers.recording import Others, Place, Recording, Remark, Span, ThreadJob
from helpers.wait_kinds import kind_of
from helpers.widgets.replay.listing import Listing
from helpers.widgets.replay.page import body, said
from helpers.widgets.replay.steps import Steps
from helpers.words import columns
from tests.drawing.samples import everything, task, turn, wait, words
from tests.test_words import NAMES

Program = Callable[[], Coroutine[Any, Any, Any]]
LINE = Place("cell", 18, "main")


async def nap(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def in_turn() -> None:
    for _ in range(2):
        await asyncio.sleep(0.02)


async def shops() -> None:
    async with asyncio.TaskGroup() as group:
        for shop in Shop.many(3, latency=(0.02, 0.03)):
            group.create_task(shop.price("tea"), name=shop.name)


async def blocks() -> None:
    other = asyncio.create_task(nap(0.05), name="other")
    await asyncio.sleep(0.01)
    time.sleep(0.3)
    await other


async def callback_blocks() -> None:
    asyncio.get_running_loop().call_later(0.02, time.sleep, 0.3)
    await asyncio.sleep(0.1)


async def threads() -> None:
    await asyncio.gather(asyncio.to_thread(time.sleep, 0.02), asyncio.to_thread(time.sleep, 0.03))


async def fails() -> None:
    async def broken() -> None:
        await asyncio.sleep(0.02)
        raise ValueError("no tea")

    async with asyncio.TaskGroup() as group:
        group.create_task(broken())
        group.create_task(nap(1), name="slow")


async def leaves() -> None:
    main = asyncio.current_task()
    assert main is not None
    left = asyncio.create_task(nap(30), name="left")
    await asyncio.sleep(0.02)
    asyncio.get_running_loop().call_later(0.1, left.cancel)


async def primitives() -> None:
    slots, event, lock, queue = asyncio.Semaphore(1), asyncio.Event(), asyncio.Lock(), asyncio.Queue[int](1)

    async def hold(what: Any) -> None:
        async with what:
            await asyncio.sleep(0.02)

    async def put() -> None:
        for number in range(3):
            await queue.put(number)

    async def get() -> None:
        for _ in range(3):
            await asyncio.sleep(0.01)
            await queue.get()
        event.set()

    async with asyncio.TaskGroup() as group:
        for what, called in ((slots, "slot"), (slots, "slot"), (lock, "lock"), (lock, "lock")):
            group.create_task(hold(what), name=called)
        group.create_task(put())
        group.create_task(get())
        group.create_task(event.wait(), name="event")


async def names() -> None:
    await asyncio.gather(*[
        asyncio.create_task(nap(0.02), name=name)
        for name in ("", " ", "fetch", "fetch", "שלום", "東京", "PriceServer.handle_connection", "\x1b[3m<b>", "\ud800")
    ])


PROGRAMS: list[Program] = [in_turn, shops, blocks, callback_blocks, threads, fails, leaves, primitives, names]


def by_hand(clock: str = "virtual") -> Recording:
    """What no program of one library alone shows: waits cut short, tasks that are not drawn, remarks."""
    cut = wait(0, 0.5, "sleep")._replace(asked=3.0, cut="timeout")
    cancelled = wait(0, 0.4, "lock")._replace(cut="cancel", cutter=0)
    unknown = wait(0, 0.3, "event")._replace(cut="cancel")
    remarks = (Remark("real work", 0.5, 0, LINE, 0.8, "the timeout of 0.1 s around it did not fire"),
               Remark("real clock", 0, None, LINE, 0, "time.process_time() tells CPU time, which is real"))
    return Recording(
        (task(0, "main", turn(0), cut, turn(0.5)), task(1, "fetch", turn(0), cancelled, turn(0.4), outcome="cancelled"),
         task(2, "fetch", turn(0), unknown, turn(0.3), outcome="cancelled")),
        0.5, clock, others=(Others("aiohttp", 5), Others("asyncio", 3)), remarks=remarks if clock == "virtual" else (),
    )


def laid_out(run: Recording) -> tuple[Layout, list[str]]:
    found: list[Layout] = []

    def noting(*args: Any, **kwargs: Any) -> Layout:
        found.append(lay_out(*args, **kwargs))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture, "lay_out", noting)
        seen = words(png.figure([("", run)], headline(run), 9.2, curve=True))
    return found[0], seen


def assert_told(run: Recording) -> None:
    layout, seen = laid_out(run)
    twin, alt, replay = str(run), alternative_text(run), str(run.replay())
    texts = {"twin": twin, "alternative text": alt, "replay": replay}

    def everywhere(told: str, *names: str) -> None:
        for name in names or texts:
            assert told in texts[name], f"{told!r} is in the picture, and not in the {name}:\n{texts[name]}"

    title = headline(run)
    assert title in seen or any(word.endswith("…") for word in seen)
    if "blocks the loop" in title:
        everywhere("blocks the loop" + title.partition("blocks the loop")[2].partition(" for ")[0])
    elif "of waiting" in title and run.clock == "virtual":
        everywhere("of waiting" + title.partition("of waiting")[2].rpartition(" in ")[0])
    if run.error:
        everywhere(run.error.partition(":")[0])
    if layout.curve:
        everywhere(layout.curve.words)
    for note in layout.notes:
        everywhere(note)
    for name in layout.placed[0].names:
        assert not name.main or name.text in twin.replace("\u2068", "") or "…" in name.text or "▯" in name.text
    for entry in layout.key:
        told(run, entry.state.name, entry.words, everywhere)
    for ending in layout.placed[0].endings:
        told_so = ending.told.partition(" at ")[0].partition(":")[0]
        everywhere(told_so, "twin", "alternative text")
        everywhere(told_so.removesuffix(" for ever"), "replay")     # where it stays, the last step shows
    for each in layout.placed[0].words:
        if each.text.startswith("for "):
            everywhere(each.text.rstrip("…").removeprefix("" if run.clock == "virtual" else "for "), "twin", "replay")
        elif ": " in each.text:                         # whom a task waits for, with how
            everywhere(each.text.partition(": ")[2].partition(",")[0], "twin", "replay")
        if "cut short" in each.text:
            everywhere(each.text.partition("cut short")[2])
            everywhere("cut short")


def told(run: Recording, state: str, in_key: str, everywhere: Callable[..., None]) -> None:
    """An entry of the key: by its words in the alternative text, and by those of each wait in the others."""
    if state == "blocked":
        everywhere("blocks the loop")
    elif state == "ready":
        everywhere("kept waiting", "alternative text")
        if run.clock == "virtual":              # in real life everybody is so for a moment
            everywhere("kept waiting", "twin")
            assert re.search(r"\bReady: |ready but kept waiting: ", str(run.replay()))
    elif state == WORKER.name:
        everywhere("worker thread")
    elif state == CUT.name:
        everywhere("cut short")
    elif state != "running":
        everywhere(in_key.removeprefix("waiting for ").removeprefix("waiting on "), "alternative text")
        for kind in {s.wait for t in run.tasks for s in t.spans if s.kind == "wait" and s.end > s.start}:
            everywhere(kind, "twin")
            sentence = kind_of(kind).sentence.replace("{time}", "").partition("{")[0]
            everywhere(sentence.removeprefix("waits"), "replay")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_words_of_a_virtual_run(program: Program) -> None:
    assert_told(simulate(program()))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_words_of_a_real_run_have_no_durations(program: Program) -> None:
    async def recorded() -> Recording:
        run = await record(program())
        await asyncio.sleep(0.15)               # for what is left behind
        return run

    run = asyncio.run(recorded())
    assert_told(run)
    for text in (str(run), alternative_text(run), str(run.replay())):
        assert " s " not in text and not text.endswith(" s")


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_the_words_of_runs_made_by_hand(clock: Any) -> None:
    assert_told(by_hand(clock))
    assert_told(everything(clock))


def test_a_deadlock_is_in_the_title() -> None:
    async def both() -> None:
        one, two = asyncio.Lock(), asyncio.Lock()

        async def move(first: asyncio.Lock, second: asyncio.Lock) -> None:
            async with first:
                await asyncio.sleep(0.1)
                async with second:
                    pass

        await asyncio.gather(move(one, two), move(two, one))

    run = simulate(both())
    assert headline(run).startswith("Deadlock after 0.1 s: ")
    assert_told(run)


def test_a_semaphore_is_no_lock() -> None:
    def keyed(*kinds: str) -> list[str]:
        tasks = [task(k, f"t{k}", turn(0), wait(0, 1, kind), turn(1)) for k, kind in enumerate(kinds)]
        layout, _ = laid_out(Recording(tuple(tasks), 1.0))
        return [entry.words for entry in layout.key if entry.state.name != "running"]

    assert keyed("semaphore") == ["waiting for a semaphore"]
    assert keyed("lock", "event") == ["waiting for a lock or an event"]
    assert keyed("lock", "event", "barrier", "condition") == ["waiting for a lock, an event or 2 more"]
    assert keyed("request", "socket") == ["waiting for the network"]
    assert keyed("subprocess") == ["waiting for a process"]


def test_what_waits_for_nothing_that_can_be_named_is_not_called_a_lock() -> None:
    """A wait that took no time has the colour of what is drawn after it, in real time."""
    spans = turn(0), wait(0, 0, "event"), Span("ready", 0, 0.004, "event"), turn(0.004), wait(0.004, 1), turn(1)
    layout, _ = laid_out(Recording((task(0, "main", *spans),), 1.0, "real"))
    assert "waiting for a lock" not in [entry.words for entry in layout.key]


HOSTILE = [*NAMES, "]]><script>alert(1)</script>", "\x00", "{time}", "%s", "$\\frac{1}{2}$", "a" * 300 + "1",
           "a" * 300 + "2"]


@pytest.mark.slow
@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_no_name_does_any_harm(clock: Any) -> None:
    """Not in a lane, an ending, a label, a bar, a thread, a remark, a library's name, or the name of a wait."""
    tasks = [task(0, "main", turn(0), wait(0, 1, "gather"), turn(1))]
    for number, name in enumerate(HOSTILE, 1):
        tasks.append(task(number, name, turn(0), wait(0, 0.5, "task", (number - 1,)), wait(0.5, 1), turn(1),
                          outcome="exception", error=f"ValueError: {name}"))
    tasks.append(task(len(tasks), "last", turn(0), wait(0, 1, "\x1b[31mtype"), turn(1)))
    jobs = tuple(ThreadJob(f"t{number}", 0, 1, number) for number in range(1, 10))
    others = tuple(Others(name, 1) for name in HOSTILE)
    remarks = [Remark("real work", 0, number, Place(name, 1, name), 1, name) for number, name in enumerate(HOSTILE)]
    run = Recording(tuple(tasks), 1.0, clock, jobs, others=others, remarks=remarks)
    assert len(set(run.names)) == len(tasks)

    twin, alt, replay = str(run), alternative_text(run), str(run.replay())
    for text in (twin, alt, replay):
        text.encode()
        lines = text.splitlines()
        assert all(line.replace("\u2068", "").replace("\u2069", "").isprintable() for line in lines)
        assert len(text) < 60_000
    layout, seen = laid_out(run)
    lanes = [name.text for name in layout.placed[0].names]
    assert len(set(lanes)) == len(lanes) and all(len(word) < 700 for word in seen)
    both = [(name, run) for name in HOSTILE[-2:]]
    assert len(canvas.png(png.figure(both, "title", 9.2, curve=False))) > 1_000
    for drawing in (draw_svg([("", run)], lanes=600), draw_svg(both)):
        ElementTree.fromstring(drawing.text)
        assert "<script" not in drawing.text
    labelled = str(compare(dict.fromkeys(HOSTILE, run)))
    assert len(re.findall(r"^\S.*: \d+ tasks in ", labelled, re.MULTILINE)) == len(HOSTILE)
    listing, steps = Listing(run), Steps(run)
    for number in (0, len(steps) // 2, -1):
        html = said(steps[number]) + body(steps[number], listing)
        html.encode()
        assert "<script" not in html and "\x1b" not in html and len(html) < 100_000


def test_a_chart_is_straight_whatever_the_names() -> None:
    run = simulate(names())
    starts = {columns(line[: line.index("|")]) for line in str(run).splitlines()[1:-1]}
    assert len(starts) == 1
