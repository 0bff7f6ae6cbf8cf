"""The real time.sleep where it hides: it is found, and the search is not made again where there is nothing to fear."""

from __future__ import annotations

import asyncio
import functools
import gc
import time
from dataclasses import dataclass

import pytest

from helpers import VirtualTimeLoop
from helpers.virtual.escaped_sleep import EscapedSleep, Harmless, Search
from helpers.virtual.time_module import in_charge_of_time

from .programs import now, run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_is_left_behind")]


# -- where it hides -------------------------------------------------------------------------------

def default(pause):
    def function(seconds, pause=pause):
        pause(seconds)
    return function


def keyword_default(pause):
    def function(seconds, *, pause=pause):
        pause(seconds)
    return function


def closure(pause):
    def function(seconds):
        pause(seconds)
    return function


class Instance:
    def __init__(self, pause):
        self.pause = pause

    def __call__(self, seconds):
        self.pause(seconds)


class Slots:
    __slots__ = ("pause",)
    __init__ = Instance.__init__
    __call__ = Instance.__call__


@dataclass(frozen=True)
class Frozen:
    pause: object

    def __call__(self, seconds):
        self.pause(seconds)


def class_attribute(pause):
    class Poller:
        nap = pause
    return Poller.nap and (lambda seconds: Poller.nap(seconds))


def static_method(pause):
    class Poller:
        nap = staticmethod(pause)
    return lambda seconds: Poller.nap(seconds)


def in_a_list(pause):
    actions = [pause]
    return lambda seconds: actions[0](seconds)


def in_a_dict(pause):
    return Instance({"pause": pause}["pause"])


HIDING_PLACES = [default, keyword_default, closure, functools.partial, Instance, Slots, Frozen, class_attribute,
                 static_method, in_a_list, in_a_dict]


@pytest.mark.parametrize("hide", HIDING_PLACES, ids=lambda hide: hide.__name__)
def test_the_real_sleep_does_not_escape_silently(hide):
    hidden = hide(time.sleep)

    async def main():
        hidden(0.001)                       # noqa: F821  # deleted below, on purpose
        ran.append(now())

    ran = []
    with pytest.raises(EscapedSleep, match=r"time\.sleep is kept as .* write lambda seconds: time\.sleep"):
        run(main())
    assert ran == []
    del hidden, main
    gc.collect()
    run(asyncio.sleep(0))                   # nothing hides it any more


@pytest.mark.parametrize("make", [
    lambda: asyncio.to_thread(time.sleep, 1),
    lambda: argument(time.sleep),
], ids=["to_thread", "argument"])
def test_the_real_sleep_as_an_argument_is_refused(make):
    with pytest.raises(EscapedSleep, match="an argument or variable of"):
        run(make())


async def argument(pause):
    pause(0.001)


def test_the_real_sleep_given_to_a_loop_that_runs_again_is_refused():
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(asyncio.sleep(0))
        with pytest.raises(EscapedSleep):
            runner.run(argument(time.sleep))


def test_the_advice_of_the_error_works():
    def function(seconds, pause=lambda seconds: time.sleep(seconds)):
        pause(seconds)

    async def main():
        function(2)
        return now()

    assert run(main()) == 2


# -- what is remembered ---------------------------------------------------------------------------

class Still:
    """A clock that stands still."""

    def time_ns(self) -> int:
        return 0

    def advance(self, seconds: float) -> None:
        pass


@pytest.fixture
def search():
    gc.collect()                # what other tests have dropped: a class that holds the sleep goes only then
    return Search()


def refuse(search: Search, times: int = 1) -> None:
    """Search so many times, as so many runs do."""
    for _ in range(times):
        with in_charge_of_time(Still()):
            search.refuse(())


def test_harmless_holder_is_searched_for_once(search):
    """The search takes 0.1 s in a Jupyter kernel: it must not be repeated for every run."""
    keeper = (time.sleep,)              # as a library's: nothing of the learner's leads to it
    refuse(search, times=5)
    assert search.made == 1
    assert any(holder is keeper for holder in search.harmless.holders)


def test_holder_that_changes_is_searched_for_again(search):
    keeper = [time.sleep]
    refuse(search, times=3)
    assert search.made == 3 and keeper
    assert search.harmless.holders == ()


def test_harmful_holder_is_found_although_a_search_found_nothing_before(search):
    keeper = (time.sleep,)
    refuse(search)
    nap = functools.partial(time.sleep, 1)
    for _ in range(2):
        with pytest.raises(EscapedSleep, match=r"functools\.partial"):
            refuse(search)
    del nap
    refuse(search)
    assert keeper[0] is time.sleep


def test_harmful_holder_is_found_that_takes_the_place_of_a_harmless_one(search):
    first, second = (time.sleep,), (time.sleep, 1)
    refuse(search)
    known = search.harmless.references
    search.harmless = Harmless(known, (first,))         # so that the second may go
    del second
    refuse(search)
    assert search.harmless.references == known - 1
    nap = functools.partial(time.sleep, 1)
    with pytest.raises(EscapedSleep, match=r"functools\.partial"):
        refuse(search)
    assert nap and first
