"""What `run.explain()` gives: text, HTML, an order, a bound; and that no recording breaks it."""

import asyncio
import dataclasses
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.observations.explanation import MOST, RULES
from helpers.recording import Recording
from helpers.virtual.run import simulate
from tests.drawing.samples import concurrent, everything, sequential
from tests.observations.programs import real
from tests.test_recording import recordings
from tests.tools.test_refresh import compared

DURATION = re.compile(r"\d (?:s|ms|µs)\b")


def check(run: Recording) -> None:
    """What holds for every recording."""
    explanation = run.explain()
    for each in explanation:
        assert len(set(each.tasks)) == len(each.tasks), each
        assert all(0 <= number < len(run.tasks) for number in each.tasks), each
        assert each.place is None or isinstance(each.place.line, int)
        assert each.words and ("\n" not in each.words or each.rule == "blocked")
        assert run.clock == "virtual" or not {"seconds", "longest", "each"} & each.numbers.keys()
    assert len(explanation) == len(list(explanation)) and explanation
    assert 1 <= len(explanation.paragraphs) <= 2 * MOST
    again = Recording.from_json(run.to_json()).explain()
    assert list(again) == list(explanation) and str(again) == str(run.explain())
    bundle = explanation._repr_mimebundle_()
    assert bundle["text/plain"] == str(explanation) == repr(explanation)
    assert bundle == again._repr_mimebundle_()


@pytest.mark.parametrize("clock", ["real", "virtual"])
@pytest.mark.parametrize("sample", [concurrent, sequential, everything])
def test_samples(sample, clock):
    check(sample(clock))


@settings(max_examples=150, deadline=None)
@given(recordings())
def test_any_recording(run):
    check(run)


@settings(max_examples=60, deadline=None)
@given(recordings(), st.sampled_from(["sleep", "request", "task", "gather", "semaphore", "queue put"]),
       st.integers(1, 9))
def test_any_recording_with_rows_of_known_waits(run, kind, times):
    spans = tuple(span._replace(kind="wait", wait=kind) for task in run.tasks for span in task.spans) * times
    check(dataclasses.replace(run, tasks=tuple(task._replace(spans=spans) for task in run.tasks)))


# -- random programs --------------------------------------------------------------------------------

delays = st.sampled_from([0, 0.1, 0.2, 0.5, 2])
steps = st.recursive(
    st.one_of(
        st.tuples(st.just("sleep"), delays), st.tuples(st.just("block"), delays), st.tuples(st.just("thread"), delays),
        st.tuples(st.just("lock"), delays), st.tuples(st.just("semaphore"), delays),
        st.tuples(st.just("put")), st.tuples(st.just("get")), st.tuples(st.just("fail")),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["gather", "group", "at once", "forget", "cancel", "loop", "poll", "timeout"]),
                  st.lists(inner, max_size=4)),
    ),
    max_leaves=12,
)


class Program:
    """A program made of steps, which may deadlock, fail, or leave tasks behind."""

    def __init__(self, plan):
        self.plan = plan
        self.kept = []

    async def main(self):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)     # of tasks that fail, forgotten
        self.lock, self.semaphore, self.queue = asyncio.Lock(), asyncio.Semaphore(2), asyncio.Queue(1)
        for step in self.plan:
            await self.do(step)

    async def do(self, step):
        what, *rest = step
        match what:
            case "sleep":
                await asyncio.sleep(rest[0])
            case "block":
                time.sleep(rest[0])
            case "thread":
                await asyncio.to_thread(time.sleep, rest[0])
            case "lock" | "semaphore":
                async with self.lock if what == "lock" else self.semaphore:
                    await asyncio.sleep(rest[0])
            case "put":
                await self.queue.put(1)
            case "get":
                await self.queue.get()
            case "fail":
                raise ValueError("no tea")
            case _:
                await self.many(what, rest[0])

    async def many(self, what, plan):
        if what == "gather":
            await asyncio.gather(*map(self.do, plan), return_exceptions=True)
        elif what == "group":
            async with asyncio.TaskGroup() as group:
                for each in plan:
                    group.create_task(self.do(each))
        elif what == "timeout":
            async with asyncio.timeout(0.3):
                await asyncio.gather(*map(self.do, plan))
        for each in plan:
            if what == "at once":
                await asyncio.create_task(self.do(each))
            elif what in ("forget", "cancel", "poll"):
                task = asyncio.create_task(self.do(each))
                self.kept.append(task)
                await asyncio.sleep(0.1)
                if what == "cancel":
                    task.cancel()
                for _ in range(20 if what == "poll" else 0):
                    if not task.done():
                        await asyncio.sleep(0.1)
            elif what == "loop":
                for _ in range(4):
                    await self.do(each)


@settings(max_examples=80, deadline=None)
@given(st.lists(steps, min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore")
def test_random_programs(plan):
    runs = [simulate(Program(plan).main()) for _ in range(2)]
    assert str(runs[0].explain()) == str(runs[1].explain())
    check(runs[0])
    check(dataclasses.replace(runs[0], clock="real"))


# -- how it is shown --------------------------------------------------------------------------------


def test_nothing_found():
    explanation = concurrent().explain()
    assert str(explanation) == "None of the 8 rules found anything in this run, which is no proof of anything."
    assert len(explanation) == 0 and len(RULES) == 8 and bool(explanation)


def test_the_most_seconds_come_first():
    async def main():
        time.sleep(0.3)
        for _ in range(3):
            await asyncio.create_task(asyncio.sleep(1))
        asyncio.create_task(asyncio.sleep(9))

    assert [each.rule for each in simulate(main()).explain()] == ["awaited at once", "blocked", "left behind"]


def test_many_observations_are_counted():
    lines = "".join(f"    asyncio.create_task(asyncio.sleep({9 - each}))\n    time.sleep(0.{each})\n"
                    for each in range(1, 10))
    space = {"asyncio": asyncio, "time": time}
    exec(compile(f"async def main():\n{lines}", "cell", "exec"), space)
    tasks = simulate(space["main"]()).tasks
    spans = tuple(span for task in tasks for span in task.spans if span.kind == "blocked")
    many = tuple(spans[0]._replace(place=spans[0].place._replace(line=line)) for line in range(1, 11))
    run = Recording((tasks[0]._replace(spans=many),), 1.0)
    explanation = run.explain()
    assert len(explanation) == 10 and len(explanation.paragraphs) == 8
    assert explanation.paragraphs[-1] == "3 more are in list(run.explain())."
    told = Recording(run.tasks, 1.0, "real").explain().paragraphs
    assert told[3:] == ["the loop is blocked at 7 more places",
                        "None of the other 7 rules found anything in this run, which is no proof of anything."]
    assert all(DURATION.search(text) is None for text in told)


def test_html_is_escaped_and_says_the_same():
    async def main():
        await asyncio.create_task(asyncio.sleep(0.1), name="<b>north</b>")

    bundle = simulate(main()).explain()._repr_mimebundle_()
    assert "&lt;b&gt;north&lt;/b&gt;" in bundle["text/html"] and "<b>" not in bundle["text/html"]
    assert bundle["text/html"].count("<p>") == 1 and "<b>north</b>" in bundle["text/plain"]


def test_what_a_busy_machine_adds_is_not_compared():
    """A notebook's output compares equal whether or not some turn took a tenth of a second, and without durations."""
    for sample in (concurrent, sequential):
        quiet = sample("real")
        main = quiet.tasks[0]
        late = main.spans[-1]
        turn = main.spans[0]._replace(kind="blocked", end=late.end, place=main.spans[1].place)
        busy = dataclasses.replace(quiet, tasks=(main._replace(spans=(turn, *main.spans[1:])), *quiet.tasks[1:]))
        assert [each.rule for each in busy.explain()].count("blocked") == 1
        for kind, text in quiet.explain()._repr_mimebundle_().items():
            other = busy.explain()._repr_mimebundle_()[kind]
            assert other != text and compared(other) == compared(text)
            assert DURATION.search(text) is None


def test_a_run_in_real_time_says_the_same_each_time():
    async def main():
        for _ in range(3):
            await asyncio.create_task(asyncio.sleep(0.01))

    told = {compared(str(real(main).explain())) for _ in range(5)}
    assert len(told) == 1 and DURATION.search(told.pop()) is None


def test_it_is_shown_as_text_by_ipython():
    from IPython.lib.pretty import pretty

    assert pretty(sequential().explain()).startswith("main waits for a request 3 times, one after another, at line 7")


def test_it_is_never_said_unasked():
    assert "one after another" not in str(sequential())
