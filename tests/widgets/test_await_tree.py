"""The await tree: who awaits whom, in words and as HTML."""

import asyncio
import re

import pytest

from helpers import Recording, await_tree, record, simulate
from helpers.recorder.await_tree import Stand, Stands
from helpers.recording import Others, Place
from helpers.widgets.await_tree import MOST, AwaitTree

LONG = 30               # seconds that nobody waits for to the end
KEY = "A task stands below the one that awaits it."


async def ask():
    await asyncio.sleep(LONG)


async def fetch():
    await ask()


def without_lines(text):
    return re.sub(r"line \d+", "line N", str(text))


def tree(*stands, others=()):
    return AwaitTree(Stands(stands, others), "now")


def waits(name, *on, wait="task"):
    return Stand(name, "wait", wait, on)


def test_a_run_at_a_moment():
    async def main():
        await asyncio.gather(fetch(), fetch())

    run = simulate(main())
    assert without_lines(run.await_tree(0.1)) == """\
3 tasks at 0.1 s: all wait.
main: waits for its tasks (gather), line N in main
├─ fetch: sleeps 30 s, line N in fetch → line N in ask
└─ fetch 2: sleeps 30 s, line N in fetch → line N in ask
A task stands below the one that awaits it."""
    assert str(await_tree(run, 0.1)) == str(run.await_tree(at=0.1)) == repr(run.await_tree(0.1))
    assert str(run.await_tree()) == "No task is under way at the end, 30 s."
    assert without_lines(run.await_tree(LONG)) == "No task is under way at 30 s."


@pytest.mark.parametrize("real", [True, False])
def test_the_running_loop(real):
    async def watch():
        await asyncio.sleep(0.001)
        return await_tree()

    async def main():
        watching = asyncio.create_task(watch(), name="watch")
        fetching = asyncio.create_task(fetch(), name="fetching")
        seen = await watching
        fetching.cancel()
        return seen

    async def outer():
        return (await record(main())).result

    seen = str(asyncio.run(outer()) if real else simulate(main()).result)
    assert "watch: runs, line" in seen
    assert re.search(r"^( *└─ )?fetching: sleeps 30 s, line \d+ in fetch → line \d+ in ask$", seen, re.MULTILINE)
    assert re.search(r"main: waits for a task, line \d+ in main\n( *)└─ watch: runs", seen)


def test_a_run_in_real_time_gives_no_durations_of_its_own():
    async def outer():
        return await record(asyncio.sleep(0.001))

    assert str(asyncio.run(outer()).await_tree()) == "No task is under way at the end."


def test_a_deadlock():
    async def wait():
        await asyncio.get_running_loop().create_future()

    async def main():
        await asyncio.create_task(wait())

    assert without_lines(simulate(main()).await_tree()) == """\
2 tasks at the deadlock, 0 s: all wait.
main: waits for a task, line N in main
└─ wait: waits for a future, line N in wait
A task stands below the one that awaits it."""


async def move(first, second):
    async with first:
        await asyncio.sleep(1)
        async with second:
            pass


@pytest.mark.parametrize(("names", "told"), [
    ((None, None), ["move: waits for a lock, which move 2 holds", "move 2: waits for a lock, which move holds"]),
    (("a", "b"), ["a: waits for a lock, which b holds", "b: waits for a lock, which a holds"]),
    (("a", "a"), ["a: waits for a lock", "a 2: waits for a lock"]),         # which is which, a deadlock does not know
])
def test_who_holds_the_locks_of_a_deadlock(names, told):
    async def main():
        one, other = asyncio.Lock(), asyncio.Lock()
        await asyncio.gather(asyncio.create_task(move(one, other), name=names[0]),
                             asyncio.create_task(move(other, one), name=names[1]))

    assert [line[3:].partition(", line")[0] for line in str(simulate(main()).await_tree()).splitlines()[2:4]] == told


def test_all_of_the_tasks_do_the_same():
    assert tree(waits("a", wait="lock")).heading == "1 task now: it waits."
    assert tree(Stand("a", "new"), Stand("b", "new")).heading == "2 tasks now: all have not begun."


def test_mutual_await():
    assert str(tree(waits("main", 1), waits("a", 2), waits("b", 1))) == """\
3 tasks now: all wait.
main: waits for a task
└─ a: waits for a task
   └─ b: waits for a task
      └─ a: again: these 2 tasks await one another
A task stands below the one that awaits it."""


def test_circles_that_nobody_awaits():
    assert str(tree(waits("a", 1), waits("b", 0), Stand("c", "ready"), waits("d", 3))) == """\
4 tasks now: 1 is ready and 3 wait.
c: is ready to run
d: waits for a task
└─ d: itself again
a: waits for a task
└─ b: waits for a task
   └─ a: again: these 2 tasks await one another
A task stands below the one that awaits it."""


def test_mutual_await_of_living_tasks():
    async def other(name):
        await tasks[name]

    async def main():
        tasks.update(a=asyncio.create_task(other("b"), name="a"), b=asyncio.create_task(other("a"), name="b"))
        await asyncio.sleep(0.001)
        return await_tree()

    tasks = {}
    loop = asyncio.new_event_loop()     # asyncio.run would cancel them at its end, and go round in the circle
    try:
        seen = loop.run_until_complete(main())
        for task in tasks.values():
            task._log_destroy_pending = False
    finally:
        loop.close()
    assert without_lines(seen).endswith("""\
a: waits for a task, line N in other
└─ b: waits for a task, line N in other
   └─ a: again: these 2 tasks await one another
A task stands below the one that awaits it.""")


def test_a_task_that_several_await_is_told_in_full_once():
    assert str(tree(waits("a", 2), waits("b", 2), waits("c", wait="future"))).splitlines()[1:] == [
        "a: waits for a task", "└─ c: waits for a future", "b: waits for a task", "└─ c: see above",
        KEY]


def test_many_tasks():
    locked = [Stand(f"n{i}", "wait", "lock") for i in range(500)]
    same = str(tree(waits("main", *range(1, 501), wait="gather"), *locked))
    assert same.splitlines()[0] == "501 tasks now: all wait."
    assert len(same.splitlines()) == 13 and same.endswith(f"└─ and 491 more tasks; each waits for a lock\n{KEY}")
    other = str(tree(*[Stand(f"n{i}", "wait", "lock" if i % 2 else "event") for i in range(500)]))
    assert other.endswith("\nand 491 more tasks")


def test_a_long_chain():
    text = str(tree(*[waits(f"n{i}", *([i + 1] if i < 999 else [])) for i in range(1000)]))
    assert len(text.splitlines()) == 13 and text.endswith(f"└─ and 990 more tasks below\n{KEY}")


def test_many_levels_and_many_tasks():
    stands = [waits(str(i), *[child for child in range(3 * i + 1, 3 * i + 4) if child < 3000]) for i in range(3000)]
    lines = str(tree(*stands)).splitlines()
    told = sum(not re.search(r"and [\d,]+ more", each) for each in lines[1:-1])
    more = sum(int(number.replace(",", "")) for each in lines for number in re.findall(r"and ([\d,]+) more", each))
    assert told == MOST and told + more == 3000


def test_many_circles():
    stands = [waits(str(i), i ^ 1) for i in range(400)]
    lines = str(tree(*stands)).splitlines()
    assert len(lines) < 2 * MOST and "more tasks" in lines[-2]


def test_names():
    text = str(tree(Stand("", "ready"), Stand("a\nb", "ready"), Stand("a b", "ready"), Stand("x" * 1000, "ready"),
                    Stand("名前", "ready")))
    assert "a b: is ready to run\na b 2: is ready to run" in text and "名前" in text
    assert max(map(len, text.splitlines())) < 80


def test_lines_and_locks():
    way = tuple(Place("a.py", number, f"f{number}") for number in range(1, 9))
    text = str(tree(Stand("a", "wait", "lock", (), way, -1, 1), Stand("b", "wait", "lock", (), way[:1], -1, 1),
                    Stand("c", "wait", "sleep", (), (Place("cell", 3, "<module>"),), 0.5),
                    others=(Others("aiohttp", 2),)))
    assert text.splitlines()[1:] == [
        "a: waits for a lock, which b holds, line 1 in f1 → … → line 7 in f7 → line 8 in f8",
        "b: waits for a lock, which it holds itself, line 1 in f1",
        "c: sleeps 0.5 s, line 3",
        "Tasks of libraries: aiohttp 2."]


def test_tasks_of_libraries():
    others = Stands((), (Others("aiohttp", 2), Others("asyncio", 1)))
    assert AwaitTree(others, "now").footer == "Tasks of libraries: aiohttp 2 and asyncio 1."
    assert AwaitTree(others, "at 0.1 s").footer == "Tasks of libraries, in the whole run: aiohttp 2 and asyncio 1."
    assert tree().footer == ""


def test_html():
    bundle = tree(waits("<b>", 1, 2), waits("a", 2), waits("c"), Stand("d", "ready"))._repr_mimebundle_()
    html = bundle["text/html"]
    assert bundle["text/plain"].startswith("4 tasks now")
    assert "&lt;b&gt;" in html and "<b><b>" not in html
    body = html[html.index("<div"):]
    assert body.count('<ul role="list">') == body.count("</ul>") == 3 and body.count("<li>") == body.count("</li>") == 5
    assert ('<li><b>a</b>: waits for a task<ul role="list"><li><b>c</b>: waits for a task</li></ul></li>') in body
    assert 'role="group" aria-label="Await tree"' in body and f"<p>{KEY}</p>" in body


def test_the_html_of_nothing():
    assert "No task is under way now." in tree()._repr_mimebundle_()["text/html"]


def test_wrong_calls():
    async def main():
        await asyncio.sleep(0.1)

    run = simulate(main())
    with pytest.raises(RuntimeError, match="call it in a coroutine"):
        await_tree()
    with pytest.raises(TypeError, match="recorded run"):
        await_tree(main)
    with pytest.raises(TypeError, match="no moment"):
        await_tree(at=0.1)
    with pytest.raises(TypeError, match="seconds from the start of the run"):
        run.await_tree("0.1")
    for moment in (-1, 0.2):
        with pytest.raises(ValueError, match=r"a moment of the run, which took 0\.1 s"):
            run.await_tree(moment)


def test_a_stored_recording():
    async def main():
        asyncio.create_task(fetch(), name="left")
        await asyncio.sleep(0.1)

    run = simulate(main())
    assert str(Recording.from_json(run.to_json()).await_tree()) == str(run.await_tree())
