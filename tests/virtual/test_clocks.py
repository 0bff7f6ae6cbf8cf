"""Every clock that a Python program can read, wherever it keeps it: virtual in the run, and real for everybody else."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import datetime
import email.utils
import functools
import logging
import os
import pickle
import random
import sched
import sys
import threading
import time
import timeit
import types
import uuid
from dataclasses import dataclass, field
from datetime import date as day
from datetime import datetime as moment
from time import perf_counter as pc

import pytest

from helpers import Endless, NotSimulated, simulate
from helpers.virtual import time_module
from helpers.virtual.time_module import EPOCH

from .programs import REAL, now, run

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")

UTC = datetime.UTC
START = moment(2000, 1, 1, tzinfo=UTC)


class Later(moment):
    """A subclass of the learner's."""


def utc(clock):
    """A clock that tells a moment in UTC, as seconds since the run began."""
    return lambda: (clock() - START).total_seconds()


def local(clock):
    """The same of one that tells the local time, without a zone."""
    return lambda: (clock().astimezone(UTC) - START).total_seconds()


def of_struct(clock, to_seconds=time.mktime):
    return lambda: to_seconds(clock()) - EPOCH


def parsed(clock, form):
    return lambda: time.mktime(time.strptime(clock(), form)) - EPOCH


CLOCKS = {
    "time": lambda: time.time() - EPOCH,
    "time_ns": lambda: time.time_ns() / 1e9 - EPOCH,
    "monotonic": time.monotonic,
    "perf_counter": pc,
    "localtime": of_struct(time.localtime),
    "localtime(None)": of_struct(lambda: time.localtime(None)),
    "gmtime": of_struct(time.gmtime, lambda fields: moment(*fields[:6], tzinfo=UTC).timestamp()),
    "ctime": parsed(time.ctime, "%a %b %d %H:%M:%S %Y"),
    "asctime": parsed(time.asctime, "%a %b %d %H:%M:%S %Y"),
    "strftime": parsed(lambda: time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S"),
    "datetime.now": local(lambda: datetime.datetime.now()),
    "datetime.now, kept": local(moment.now),
    "datetime.now(tz)": utc(lambda: moment.now(UTC)),
    "datetime.now(tz=zone)": utc(lambda: moment.now(tz=datetime.timezone(datetime.timedelta(hours=5)))),
    "datetime.now(tz), in a partial": utc(functools.partial(moment.now, UTC)),
    "datetime.today": local(lambda: moment.today()),
    "datetime.today, kept": local(moment.today),
    "subclass": local(lambda: Later.now()),
    "subclass, kept": local(Later.now),
    "formatdate": lambda: email.utils.mktime_tz(email.utils.parsedate_tz(email.utils.formatdate())) - EPOCH,
    "email.utils.localtime": utc(lambda: email.utils.localtime()),
    "logging": lambda: logging.makeLogRecord({}).created - EPOCH,
    "logging, relative": lambda: logging.makeLogRecord({}).relativeCreated / 1000,
    "timeit.default_timer": timeit.default_timer,
    "os.times": lambda: os.times().elapsed,
    "uuid1": lambda: (uuid.uuid1().time - 0x01B21DD213814000) / 1e7 - EPOCH,
    "loop.time": lambda: asyncio.get_running_loop().time(),
}
if hasattr(time, "clock_gettime"):
    CLOCKS |= {
        "clock_gettime": lambda: time.clock_gettime(time.CLOCK_MONOTONIC),
        "clock_gettime_ns": lambda: time.clock_gettime_ns(time.CLOCK_REALTIME) / 1e9 - EPOCH,
    }


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")
def test_every_clock_is_virtual_and_of_one_year(clock):
    async def main():
        first = clock()
        await asyncio.sleep(3600)
        time.sleep(3600)
        return first, clock()

    assert run(main()) == (pytest.approx(0, abs=1e-5), pytest.approx(7200, abs=1e-5))


@pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")
def test_utcnow_and_the_date():
    kept = moment.utcnow, day.today, datetime.date.today

    async def main():
        await asyncio.sleep(36 * 3600)
        return moment.utcnow(), kept[0](), time.localtime()[:3], *((each().timetuple()[:3]) for each in (
            day.today, kept[1], kept[2]))

    first, second, expected, *dates = run(main())
    assert first == second == moment(2000, 1, 2, 12)
    assert dates == [expected] * 3
    assert moment.utcnow().year > 2020 and kept[0]().year > 2020


def test_datetime_stays_what_it_is():
    class Stamp(moment):
        def __new__(cls, *args, **kwargs):
            return super().__new__(cls, *args, **kwargs)

    async def main():
        await asyncio.sleep(0.000123)
        value, own = moment.now(), Stamp.now(UTC)
        assert type(value) is moment and isinstance(value, day) and type(own) is Stamp
        assert pickle.loads(pickle.dumps(value)) == value and pickle.loads(pickle.dumps(moment)) is moment
        assert value.microsecond == 123
        return value

    value = run(main())
    assert type(value) is datetime.datetime
    assert moment.now().year > 2020


def test_utcnow_warns_at_the_line_that_calls_it(recwarn):
    async def main():
        return moment.utcnow()

    moment.utcnow()
    real = [(str(warning.message), warning.category, warning.filename) for warning in recwarn.list]
    recwarn.clear()
    run(main())
    assert [(str(warning.message), warning.category, warning.filename) for warning in recwarn.list] == real


# -- where a clock hides --------------------------------------------------------------------------

def default(clock):
    def read(clock=clock):
        return clock()
    return read


def keyword_default(clock):
    def read(*, clock=clock):
        return clock()
    return read


def closure(clock):
    return lambda: clock()


class Instance:
    def __init__(self, clock):
        self.clock = clock

    def __call__(self):
        return self.clock()

    def method(self):
        return self.clock()


class Slots:
    __slots__ = ("clock",)
    __init__ = Instance.__init__
    __call__ = Instance.__call__


@dataclass(frozen=True)
class Frozen:
    clock: object

    def __call__(self):
        return self.clock()


def factory(clock):
    @dataclass
    class Event:
        at: object = field(default_factory=clock)

    return lambda: Event().at


def field_default(kept):
    @dataclass
    class Limiter:
        clock: object = kept

    return lambda: Limiter().clock()


def class_attribute(clock):
    class Timer:
        read = staticmethod(clock)

    return lambda: Timer.read()


def inherited(clock):
    class Base:
        read = staticmethod(clock)

    class Timer(Base):
        pass

    return lambda: Timer().read()


def in_a_list(clock):
    clocks = [[clock]]
    return lambda: clocks[0][0]()


def in_a_dict(clock):
    clocks = {"wall": clock}
    return lambda: clocks["wall"]()


def bound_method(clock):
    return Instance(clock).method


def decorated(clock):
    @functools.wraps(clock)
    def read():
        return clock()
    return functools.lru_cache(maxsize=0)(read)


def exec_ran(clock):
    namespace = {"clock": clock}
    exec("def read():\n    return clock()", namespace)
    return namespace["read"]


def in_a_module(clock):
    module = types.ModuleType("some_clocks")
    module.clocks = types.SimpleNamespace(wall=clock)
    namespace = {"alias": module}
    exec("def read():\n    return alias.clocks.wall()", namespace)
    return namespace["read"]


def behind_functions(clock):
    def read():
        return inner()

    inner = default(clock)
    return read


HIDING_PLACES = [default, keyword_default, closure, functools.partial, Instance, Slots, Frozen, factory, field_default,
                 class_attribute, inherited, in_a_list, in_a_dict, bound_method, decorated, exec_ran, in_a_module,
                 behind_functions]
HIDDEN = {"perf_counter": time.perf_counter, "time": time.time, "monotonic_ns": time.monotonic_ns,
          "datetime.now": moment.now, "date.today": day.today, "ctime": time.ctime}


@pytest.mark.parametrize("hide", HIDING_PLACES, ids=lambda hide: hide.__name__)
@pytest.mark.parametrize("clock", HIDDEN.values(), ids=HIDDEN)
def test_a_clock_that_is_kept_somewhere_is_virtual(hide, clock):
    hidden = hide(clock)

    async def main():
        seen = []
        for _ in range(2):
            seen.append((hidden(), clock()))
            await asyncio.sleep(90_000)
        return seen

    (first, first_plain), (second, second_plain) = run(main())
    assert first == first_plain and second == second_plain
    assert first != second
    assert run(main()) == [(first, first_plain), (second, second_plain)]
    if clock in (moment.now, day.today):
        assert hidden().year > 2020


@pytest.mark.parametrize("hide", HIDING_PLACES, ids=lambda hide: hide.__name__)
def test_a_sleep_that_is_kept_somewhere_is_virtual(hide):
    hidden = hide(functools.partial(time.sleep, 100))

    async def main():
        hidden()
        return now()

    assert run(main()) >= 100


@pytest.mark.parametrize("make", [
    lambda: asyncio.to_thread(time.sleep, 7),
    lambda: argument(time.sleep),
    lambda: argument(functools.partial(time.sleep)),
], ids=["to_thread", "argument", "partial"])
def test_a_sleep_as_an_argument_is_virtual(make):
    async def main():
        await make()
        return now()

    assert run(main()) == 7


async def argument(pause):
    pause(7)


def test_a_sleep_and_a_clock_as_callbacks_are_virtual():
    async def main():
        loop, seen = asyncio.get_running_loop(), []
        loop.call_soon(time.sleep, 3)
        loop.call_later(1, lambda clock: seen.append(clock()), time.monotonic)
        await asyncio.sleep(10)
        return now(), seen, await loop.run_in_executor(None, time.monotonic)

    assert run(main()) == (10, [3], 10)


def test_what_the_program_cannot_reach_does_no_harm():
    def retry(sleep=time.sleep, clock=moment.now):      # never called
        return sleep, clock

    async def main():
        await asyncio.sleep(1)

    assert simulate(main()).error == "" and retry()


def test_the_functions_stay_what_they_are_and_are_put_back():
    functions = [getattr(time, name) for name in dir(time) if type(getattr(time, name)) is types.BuiltinFunctionType]
    facts = [(repr(each), each.__name__, each.__module__, each.__doc__, hash(each)) for each in functions]

    async def main():
        assert [facts[:4] for facts in map(of, functions)] == [each[:4] for each in facts]
        assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep
        assert type(time.time) is types.BuiltinFunctionType

    def of(each):
        return repr(each), each.__name__, each.__module__, each.__doc__, hash(each)

    run(main())
    assert list(map(of, functions)) == facts


@pytest.mark.parametrize("call", [
    lambda: time.time(1), lambda: time.sleep(), lambda: time.sleep(1, 2), lambda: time.sleep(seconds=1),
    lambda: time.localtime("x"), lambda: time.strftime(), lambda: time.strftime("%Y", 3), lambda: time.gmtime(1, 2),
    lambda: time.monotonic(x=1), lambda: time.asctime(None), lambda: moment.now(3), lambda: moment.now(None, None),
    lambda: moment.now(zone=UTC), lambda: moment.utcnow(1), lambda: day.today(1), lambda: time.ctime("x"),
    lambda: time.process_time(1),
])
def test_wrong_arguments_are_the_errors_that_they_are(call):
    with pytest.raises(TypeError) as real:
        call()

    async def main():
        with pytest.raises(TypeError) as virtual:
            call()
        return virtual

    assert type(run(main()).value) is type(real.value)


def test_a_time_that_is_given_is_not_replaced():
    given = time.localtime(1_000_000_000)

    async def main():
        return (time.localtime(1_000_000_000), time.strftime("%Y", given), time.ctime(1_000_000_000),
                time.asctime(given), moment.fromtimestamp(1_000_000_000, UTC).year)

    assert run(main()) == (given, "2001", time.ctime(1_000_000_000), time.asctime(given), 2001)


# -- who sees which time --------------------------------------------------------------------------

def test_other_threads_see_real_time():
    seen, ready, done = [], threading.Event(), threading.Event()

    def look():
        ready.wait()
        seen.extend([time.time(), moment.now().timestamp(), time.mktime(time.localtime()), kept().timestamp()])
        done.set()

    kept = moment.now
    thread = threading.Thread(target=look)
    thread.start()

    async def main():
        kept()
        await asyncio.sleep(10)
        ready.set()
        done.wait()
        return time.time()

    before = REAL["time"]()
    assert run(main()) == EPOCH + 10
    thread.join()
    assert all(before - 1 <= each <= REAL["time"]() + 1 for each in seen)


def test_a_thread_without_a_frame_sleeps_for_real():
    started = []

    async def main():
        _thread.start_new_thread(time.sleep, (0.01,))
        started.append(now())

    unraisable, before = [], sys.unraisablehook
    sys.unraisablehook = unraisable.append
    try:
        run(main())
        time.sleep(0.1)
    finally:
        sys.unraisablehook = before
    assert started == [0] and unraisable == []


def test_worker_threads_see_virtual_time():
    def look(clock=moment.now):
        time.sleep(5)
        return clock(), time.monotonic()

    async def main():
        return await asyncio.to_thread(look)

    at, since = run(main())
    assert at.second == 5 and since == 5


def test_a_run_in_a_run_and_after_an_error():
    async def inner():
        await asyncio.sleep(1)
        return moment.now(UTC)

    async def main():
        await asyncio.sleep(100)
        value = await asyncio.to_thread(lambda: simulate(inner()).result)
        return value, simulate(inner()).result, moment.now(UTC)

    seconds = [(each - START).total_seconds() for each in run(main())]
    assert seconds == [1, 1, 100]

    async def fails(clock=moment.now):
        clock()
        raise LookupError

    with pytest.raises(LookupError):
        run(fails())
    assert moment.now().year > 2020


def test_what_waits_for_something_real_sees_real_time():
    async def main():
        with concurrent.futures.ThreadPoolExecutor() as pool:
            never = concurrent.futures.Future()
            with pytest.raises(concurrent.futures.TimeoutError):
                list(concurrent.futures.as_completed([never], timeout=0.001))
            assert pool
        assert not threading.Event().wait(0.001)
        condition = threading.Condition()
        with condition:
            assert not condition.wait_for(lambda: False, timeout=0.001)
        return now()

    assert run(main()) == 0


# -- programs that use clocks ---------------------------------------------------------------------

def test_a_circuit_breaker_that_uses_datetime():
    class Breaker:
        def __init__(self, clock=moment.now):
            self.clock, self.opened = clock, None

        def is_open(self):
            return self.opened is not None and self.clock() - self.opened < datetime.timedelta(seconds=30)

    breaker = Breaker()

    async def main():
        breaker.opened = breaker.clock()
        seen = []
        for _ in range(4):
            seen.append(breaker.is_open())
            await asyncio.sleep(15)
        return seen

    assert run(main()) == [True, True, False, False]


def test_a_token_bucket():
    class Bucket:
        def __init__(self, rate, clock=time.monotonic):
            self.rate, self.clock, self.tokens, self.at = rate, clock, 1.0, None

        async def take(self):
            while True:
                at = self.clock()
                self.tokens = min(1.0, self.tokens + (at - (self.at if self.at is not None else at)) * self.rate)
                self.at = at
                if self.tokens >= 1:
                    self.tokens -= 1
                    return
                await asyncio.sleep((1 - self.tokens) / self.rate)

    async def main():
        bucket = Bucket(3)
        for _ in range(31):
            await bucket.take()
        return now()

    assert run(main(), limit=1000) == pytest.approx(10, abs=1e-6)


def test_the_scheduler_of_the_standard_library():
    async def main():
        scheduler, seen = sched.scheduler(), []
        for delay in (3, 1, 2):
            scheduler.enter(delay, 0, seen.append, (delay,))
        scheduler.run()
        return seen, now()

    assert run(main()) == ([1, 2, 3], 3)


def test_timeit_counts_virtual_seconds_and_cannot_find_out_how_often():
    async def main():
        assert timeit.timeit("time.sleep(2)", "import time", number=3) == 6
        with pytest.raises(NotSimulated, match="autorange"):
            timeit.Timer("pass").autorange()
        return now()

    assert run(main()) == 6


def test_chance_that_begins_with_the_time_is_the_same_in_every_run():
    async def main():
        return random.Random(time.time()).random(), random.Random(str(moment.now())).random()

    assert run(main()) == run(main())


def test_uuids_of_one_instant_differ():
    async def main():
        return [uuid.uuid1() for _ in range(100)]

    assert len(set(run(main()))) == 100


# -- what stays real, and what cannot end ---------------------------------------------------------

def test_cpu_time_is_real_and_the_recording_says_so():
    async def main():
        for _ in range(3):
            begin = time.process_time()
            await asyncio.sleep(1)
        return time.process_time() - begin

    recording = simulate(main())
    assert 0 <= recording.result < 0.9
    line = main.__code__.co_firstlineno
    assert [(each.kind, each.start, each.task, each.place.line, each.words) for each in recording.remarks] == [
        ("real clock", 0, 0, line + 2, "time.process_time() tells CPU time, which is real"),
        ("real clock", 3, 0, line + 4, "time.process_time() tells CPU time, which is real"),
    ]
    assert type(recording).from_json(recording.to_json()).remarks == recording.remarks


def test_a_run_that_reads_virtual_clocks_only_has_no_remark():
    async def main():
        return [clock() for clock in CLOCKS.values() if clock is not CLOCKS["os.times"]]

    assert simulate(main()).remarks == ()


@pytest.mark.parametrize("clock", [time.monotonic, lambda: moment.now().timestamp() - EPOCH], ids=["time", "datetime"])
def test_a_loop_that_only_looks_at_the_clock_is_endless(clock, monkeypatch):
    monkeypatch.setattr(time_module, "READS", 1000)

    async def main():
        await asyncio.sleep(1)
        begin = clock()
        while clock() < begin + 1:
            pass

    recording = simulate(main())
    assert isinstance(recording.exception, Endless)
    assert "1,000 times at 1 s of virtual time" in recording.error and "stands still" in recording.error


def test_many_looks_at_the_clock_are_no_loop_if_it_moves(monkeypatch):
    monkeypatch.setattr(time_module, "READS", 1000)

    async def main():
        for _ in range(5):
            for _ in range(900):
                time.monotonic()
            await asyncio.sleep(1)
        return now()

    assert run(main()) == 5


def test_the_relative_times_of_logging_are_real_for_other_threads_and_afterwards():
    def of_a_record():
        return logging.makeLogRecord({}).relativeCreated

    async def main():
        other = []
        thread = threading.Thread(target=lambda: other.append(of_a_record()))
        thread.start()
        thread.join()
        return other[0]

    before = of_a_record()
    assert before <= simulate(main()).result <= of_a_record()
