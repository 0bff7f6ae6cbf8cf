"""Who holds which lock and who waits for it: read from suspended tasks, told, and drawn."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io

import anyio
import matplotlib as mpl
import pytest
from PIL import Image

from helpers import Recording, simulate
from helpers.drawing.deadlock import MOST, _standings, draw, tell, who_waits
from helpers.drawing.deadlock import _names as names_of
from helpers.drawing.palette import WIDTH
from helpers.recorder.locks import _entered, read_locks


async def move(first, second):
    async with first:
        await asyncio.sleep(0.1)
        async with second:              # the line to be named
            pass

LINE = move.__code__.co_firstlineno + 3


async def ring(*locks):
    async with asyncio.TaskGroup() as group:
        for number, (first, second) in enumerate(zip(locks, locks[1:] + locks[:1]), 1):
            group.create_task(move(first, second), name=f"task {number}")


def words_of(run: Recording, **locks: asyncio.Lock) -> list[str]:
    standings = run.exception.locks
    return tell(standings, names_of(standings, locks))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, *, metadata, raw: outputs.append((data, metadata)))
    return outputs


def test_two_locks_in_opposite_order(shown) -> None:
    north, south = asyncio.Lock(), asyncio.Lock()
    run = simulate(ring(north, south))
    wanted = [f"task 1 holds north and waits at line {LINE} for south, which task 2 holds",
              f"task 2 holds south and waits at line {LINE} for north, which task 1 holds",
              "in a circle: task 1 -> task 2 -> task 1"]
    assert words_of(run, north=north, south=south) == wanted
    who_waits(run, {"north": north, "south": south})
    ((data, metadata),) = shown
    assert data["text/plain"].splitlines() == wanted
    assert "which task 2 holds" in metadata["image/png"]["alt"]


def test_a_lock_that_its_own_holder_waits_for() -> None:
    lock = asyncio.Lock()
    assert words_of(simulate(move(lock, lock)), tea=lock) == [
        f"move holds tea and waits at line {LINE} for tea, which it holds itself", "in a circle: move -> move"]


def test_locks_without_a_name_are_numbered() -> None:
    one, other, third = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
    lines = words_of(simulate(ring(one, other, third)), other=other)
    assert lines[0] == f"task 1 holds lock 1 and waits at line {LINE} for other, which task 2 holds"
    assert lines[-1] == "in a circle: task 1 -> task 2 -> task 3 -> task 1"


def test_tasks_that_share_a_name_are_told_apart(shown) -> None:
    async def two_rings(locks):
        async with asyncio.TaskGroup() as group:
            for first, second in [(0, 1), (1, 0), (2, 3), (3, 2)]:
                group.create_task(move(locks[first], locks[second]))

    who_waits(simulate(two_rings([asyncio.Lock() for _ in range(4)])))
    lines = shown[0][0]["text/plain"].splitlines()
    assert lines[0] == f"move holds lock 1 and waits at line {LINE} for lock 2, which move 2 holds"
    assert lines[4:] == ["in a circle: move -> move 2 -> move",
                         "in a circle: move 3 -> move 4 -> move 3"]


def test_tasks_are_called_as_in_the_timeline() -> None:
    """One of the name has ended: its namesakes keep their numbers."""
    async def main(one, two):
        await asyncio.gather(move(asyncio.Lock(), asyncio.Lock()))
        await asyncio.gather(move(one, two), move(two, one))

    run = simulate(main(asyncio.Lock(), asyncio.Lock()))
    assert run.names == ("main", "move", "move 2", "move 3")
    assert [each.name for each in _standings(run)] == ["move 2", "move 3"]


def test_names_that_a_program_gave_are_not_given_again() -> None:
    async def main(one, two, three):
        async with asyncio.TaskGroup() as group:
            for first, second, name in [(one, two, "move"), (two, three, "move"), (three, one, "move 2")]:
                group.create_task(move(first, second), name=name)

    locks = [asyncio.Lock() for _ in range(3)]
    run = simulate(main(*locks))
    assert [each.name for each in _standings(run)] == ["move", "move 3", "move 2"]
    assert set(names_of(_standings(run), {"lock 1": locks[1]}).values()) == {"lock 1", "lock 2", "lock 3"}


@pytest.mark.parametrize("count", [6, 1000])
def test_of_many_tasks_some_are_shown(shown, count: int) -> None:
    who_waits(simulate(ring(*(asyncio.Lock() for _ in range(count)))))
    lines = shown[0][0]["text/plain"].splitlines()
    assert len(lines) == MOST + 2
    assert lines[MOST] == f"and {count - MOST:,} more tasks"
    assert lines[-1].startswith("in a circle: task 1 -> task 2 -> ") and lines[-1].endswith(" -> ... -> task 1")


def test_a_circle_is_shown_before_those_who_only_wait(shown) -> None:
    async def main():
        lock, other = asyncio.Lock(), asyncio.Lock()
        async with asyncio.TaskGroup() as group:
            group.create_task(move(lock, other), name="zzz 1")
            group.create_task(move(other, lock), name="zzz 2")
            for number in range(20):
                group.create_task(move(lock, other), name=f"a {number}")

    who_waits(simulate(main()))
    lines = shown[0][0]["text/plain"].splitlines()
    assert lines[0].startswith("zzz 1 holds lock") and lines[1].startswith("zzz 2 holds lock")
    assert lines[-1] == "in a circle: zzz 1 -> zzz 2 -> zzz 1"


def stuck(name: str) -> Recording:
    """A run in which a task with this name waits for its own lock."""
    async def main(lock):
        await asyncio.create_task(move(lock, lock), name=name)

    return simulate(main(asyncio.Lock()))


@pytest.mark.parametrize(("name", "told", "drawn"), [
    ("$x_$", "$x_$", "task $x_$"),
    ("茶", "茶", "task ▯"),
    ("north\nand\tsouth", "north and south", "task north and south"),
    ("\x1b[31mred", "?[31mred", "task ?[31mred"),
    ("x" * 500, "x" * 39 + "…", "task " + "x" * 18 + "…"),
])
def test_hostile_names(shown, name: str, told: str, drawn: str) -> None:
    """None is a formula, none breaks a line, and none makes matplotlib warn, which would be an error here."""
    run = stuck(name)
    who_waits(run)
    assert shown[0][0]["text/plain"].startswith(f"{told} holds lock 1")
    standings = _standings(run)
    texts = draw(standings, names_of(standings, {})).axes[0].texts
    assert drawn in [text.get_text() for text in texts] and not any(text.get_parse_math() for text in texts[:2])


def test_hostile_names_of_locks(shown) -> None:
    lock = asyncio.Lock()
    who_waits(simulate(move(lock, lock)), {"茶\nlock": lock})
    assert shown[0][0]["text/plain"].startswith("move holds 茶 lock and waits")


def test_settings_of_the_learner_do_not_change_the_picture_nor_it_them(shown) -> None:
    run = stuck("north")
    who_waits(run)
    with mpl.rc_context({"axes.facecolor": "black", "figure.facecolor": "black", "font.size": 30, "figure.dpi": 20,
                         "text.color": "red", "path.sketch": (1, 100, 2), "savefig.bbox": "tight"}):
        before = dict(mpl.rcParams)
        who_waits(run)
        assert dict(mpl.rcParams) == before
    one, other = shown
    assert one == other
    assert Image.open(io.BytesIO(base64.b64decode(one[0]["image/png"]))).info == {}, "no date, no version"


def test_holders_in_functions_further_out_and_tasks_that_hold_nothing() -> None:
    async def outer(lock):
        async with lock:
            await asyncio.Event().wait()

    async def inner(lock):
        await move(lock, lock)

    async def main(lock):
        async with asyncio.TaskGroup() as group:
            group.create_task(outer(lock), name="outer")
            group.create_task(inner(lock), name="inner")
            group.create_task(asyncio.Event().wait(), name="other")

    lock = asyncio.Lock()
    assert words_of(simulate(main(lock)), tea=lock) == [
        f"inner waits at line {LINE - 2} for tea, which outer holds", "outer holds tea"]


def test_a_lock_taken_without_async_with_has_no_known_holder() -> None:
    async def main(lock):
        await lock.acquire()
        await lock.acquire()

    lock = asyncio.Lock()
    (line,) = words_of(simulate(main(lock)), tea=lock)
    assert line.endswith("for tea, which somebody holds")


def test_a_lock_in_a_stack_or_a_context_manager_has_no_known_holder() -> None:
    @contextlib.asynccontextmanager
    async def held(lock):
        async with lock:
            yield

    async def main(lock, context):
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(context)
            async with lock:
                pass

    for manager in (held, lambda lock: lock):
        lock = asyncio.Lock()
        (line,) = words_of(simulate(main(lock, manager(lock))), tea=lock)
        assert line.endswith("for tea, which somebody holds")


def test_the_lock_of_a_condition_has_no_known_holder() -> None:
    async def main(lock):
        async with asyncio.Condition(lock):
            await move(lock, lock)

    lock = asyncio.Lock()
    (line,) = words_of(simulate(main(lock)), tea=lock)
    assert line.endswith("for tea, which somebody holds")


def test_the_stack_of_later_pythons_is_read_too() -> None:
    """From Python 3.14 on a frame keeps the function and then the lock, instead of a bound method."""
    one, other = asyncio.Lock(), asyncio.Lock()
    way_out = asyncio.Lock.__aexit__
    assert _entered([one, other, way_out, other, None, way_out]) == [other]
    assert _entered([one, other.__aexit__, one]) == [other]


def test_two_locks_in_one_statement_and_a_lock_that_was_left() -> None:
    async def main(one, two, three):
        async with three:
            pass
        async with one, two:
            await asyncio.Event().wait()

    one, two, three = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
    (standing,) = simulate(main(one, two, three)).exception.locks
    assert standing.holds == (one, two) and standing.wants is None


def test_it_can_be_read_in_real_time_too() -> None:
    async def main():
        lock = asyncio.Lock()
        holder, waiter = asyncio.create_task(move(lock, asyncio.Lock())), asyncio.create_task(move(lock, lock))
        await asyncio.sleep(0)
        found = read_locks([holder, waiter, asyncio.current_task()])
        for task in (holder, waiter):
            task.cancel()
        await asyncio.gather(holder, waiter, return_exceptions=True)
        return lock, found

    lock, (holder, waiter) = asyncio.run(main())
    assert (holder.holds, holder.wants) == ((lock,), None) and (waiter.holds, waiter.wants) == ((), lock)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_boxes_do_not_overlap_and_stay_inside(count: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    run = simulate(ring(*(asyncio.Lock() for _ in range(count))))
    standings = run.exception.locks
    figure = draw(standings, names_of(standings, {}))
    figure.draw_without_rendering()
    boxes = [patch.get_bbox() for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == 2 * count
    assert all(box.x0 >= 0 and box.x1 <= WIDTH and box.y0 >= 0 for box in boxes)
    assert not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])


def test_mistakes_are_told() -> None:
    async def main():
        await asyncio.sleep(1)

    with pytest.raises(ValueError, match="this one came to its end"):
        who_waits(simulate(main()))
    with pytest.raises(ValueError, match="this one ended with Deadlock"):
        who_waits(simulate(asyncio.Event().wait()))
    with pytest.raises(TypeError, match="type Lock; write who_waits"):
        who_waits(asyncio.Lock())
    lock = asyncio.Lock()
    run = simulate(move(lock, lock))
    with pytest.raises(TypeError, match="type list; write who_waits"):
        who_waits(run, [lock])
    with pytest.raises(TypeError, match="'north' is the name of an object of the type str; write who_waits"):
        who_waits(run, {"north": "lock"})


def made_by_anyio(name, source, **given):
    """A task that a library has made, of a function of its own."""
    found = {"asyncio": asyncio, **given}
    exec(compile(f"async def serve():\n{source}\ntask = asyncio.get_running_loop().create_task(serve())",
                 anyio.__file__, "exec"), found)
    found["task"].set_name(name)
    return found["task"]


def test_a_lock_of_a_library_is_left_out_unless_the_learner_waits_for_it():
    async def main(wanted):
        first, second, theirs = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        mine = theirs if wanted else asyncio.Lock()
        await asyncio.gather(
            made_by_anyio("far", " async with theirs: await asyncio.Event().wait()", theirs=theirs),
            made_by_anyio("farther", " async with theirs: pass", theirs=theirs),
            asyncio.create_task(move(first, second), name="one"),
            asyncio.create_task(move(second, first), name="two"),
            asyncio.create_task(take(mine), name="three"))

    async def take(lock):
        async with lock:
            await asyncio.Event().wait()

    assert [each.name for each in simulate(main(True)).exception.locks] == ["far", "one", "two", "three"]
    assert [each.name for each in simulate(main(False)).exception.locks] == ["one", "two", "three"]
