"""Shops that answer slowly: input and output, simulated, with the properties of the real thing.

    north = Shop("north", latency=0.3)
    cents = await north.price("tea")            # 0.3 s later: a price, an int in cents
    cents = north.price_blocking("tea")         # the same answer, the same 0.3 s; meanwhile nothing else runs

A shop takes its time (`latency`), not always the same (`jitter`); sometimes it gives no answer
(`failure_rate`); and it serves only so many requests at once (`capacity`). It may be slow for a while, or closed, and
it may go on with what nobody waits for any more.

    Shop("north", capacity=3, queue_size=20)                # 3 at once, 20 wait, one more is refused: ShopBusy
    Shop("north", slow=[(20, 30, 5)], closed=[(40, 50)])    # from 20 to 30 s of the run five times as slow; then closed
    Shop("north", capacity=3, when_cancelled="finish")      # a request that was cancelled keeps its place
    north.requests == north.served + north.refused + north.dropped + north.in_flight + north.queued

**Repeatable.** How long a request takes, and whether it fails, is not drawn from a stream of random
numbers, where every draw changes the next. It is computed from the seed, the shop's name, the item,
and how often this shop has been asked for this item before. So the second request for tea at "north"
is the same request whatever happens in between, in whatever order your tasks run.

**Every run meets a shop that has never been asked.** Each `record(...)`, `simulate(...)` and
`asyncio.run(...)` counts from nothing, so a cell gives the same answers however often you run it, also
with shops made in an earlier cell, and the real run and the simulated one can be compared. What a
notebook awaits outside of these goes on counting from cell to cell, as at a real service, until
`reset()`. Runs do not disturb each other: a shop belongs to no event loop.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import math
import numbers
import threading
import time
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any
from weakref import WeakKeyDictionary

from helpers.arguments import choice, got, number, probability, whole_number
from helpers.recorder.asyncio_internals import get_running_loop
from helpers.recorder.waits import name_wait
from helpers.shop_desk import Desk, Hours, Request, Run, Stretch, now, run_of_this
from helpers.words import count

__all__ = ["Shop", "ShopBusy", "ShopError"]

JITTERS = ("none", "uniform", "exponential", "lognormal")
QUEUE, REFUSE = "queue", "refuse"
DROP, FINISH = "drop", "finish"
GOLDEN = (math.sqrt(5) - 1) / 2


class ShopError(ConnectionError):
    """The shop gave no answer. Being a ConnectionError, it is caught where a real one would be."""


class ShopBusy(ShopError):
    """The shop is serving as many requests as it can, and refused this one at once."""


class Shop:
    """A simulated shop, which answers the question what something costs.

    name          the shop's name; shops of the same name (and seed) are the same shop, asked anew
    latency       seconds that a request takes, on average, once the shop has begun to serve it
    jitter        how latency varies: "none", "uniform", "exponential" or "lognormal" (`latency_of` has the formulas)
    spread        how much it varies: a share of the latency from 0 to 1; for "lognormal" any number from 0 on,
                  the standard deviation of the logarithm
    failure_rate  probability, 0 to 1, that a request ends with `ShopError`, after its latency
    capacity      how many requests the shop serves at once; None: any number
    when_full     what the others do: "queue" (first come, first served) or "refuse" (`ShopBusy` at once)
    queue_size    how many may queue, None: any number; one more gets `ShopBusy` at once
    slow          when it is slow, and how much: [(20, 30, 5)] has requests that it begins to serve from 20 to 30 s of
                  the run take five times as long
    closed        when it is closed: [(40, 50)]; it begins to serve nobody then, and finishes what it has begun.
                  (40, math.inf) is for good
    when_closed   what becomes of who asks then: "queue", without a word, until it opens, or "refuse" (`ShopError` at
                  once)
    when_cancelled  what the shop does with a request that was cancelled: "drop" (its place is free at once) or "finish"
                  (it keeps its place, also in the queue, and takes its time, as at many real servers, which do not
                  learn that nobody waits any more)
    prices        prices in cents by item, where they should not be made up: {"tea": 320}
    seed          an int or a str; another seed, other latencies and failures

    Wrong arguments are a TypeError or a ValueError. The arguments can be read as attributes.

    The seconds of `slow` and `closed` count from the begin of the recording or the simulation; in a program that is
    neither, from the first request.

    >>> from helpers.virtual.run import simulate
    >>> north = Shop("north", latency=0.1, closed=[(0, 30)])
    >>> simulate(north.price("tea")).elapsed
    30.1
    """

    def __init__(
        self,
        name: str,
        *,
        latency: float = 0.3,
        jitter: str = "none",
        spread: float = 0.5,
        failure_rate: float = 0.0,
        capacity: int | None = None,
        when_full: str = QUEUE,
        queue_size: int | None = None,
        slow: Sequence[tuple[float, float, float]] = (),
        closed: Sequence[tuple[float, float]] = (),
        when_closed: str = QUEUE,
        when_cancelled: str = DROP,
        prices: Mapping[str, int] | None = None,
        seed: int | str = 0,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f'a shop begins with its name: Shop("north", latency=0.3); got {got(name)}')
        if not name:
            raise ValueError('a shop needs a name, for example Shop("north"); got an empty one')
        self.name = name
        self.latency = _amount("latency", latency, "seconds, for example latency=0.3")
        self.jitter = choice("jitter", jitter, JITTERS)
        self.spread = _amount("spread", spread, "a share of the latency, for example spread=0.5")
        if jitter in ("uniform", "exponential") and spread > 1:
            raise ValueError(
                f'spread is at most 1 with jitter="{jitter}", or some latencies would be negative; got {spread!r}. '
                'For a longer tail take jitter="lognormal"'
            )
        self.failure_rate = probability("failure_rate", failure_rate)
        self.capacity = capacity
        if capacity is not None:
            whole_number("capacity", capacity, least=1, meaning="a whole number of requests, or None for no limit",
                         limits="at least 1, or None for no limit")
        self.when_full = choice("when_full", when_full, (QUEUE, REFUSE))
        self.queue_size = queue_size
        self.slow = _stretches("slow", slow, ("start", "end", "times as long"), "[(20, 30, 5)]")
        self.closed = _stretches("closed", closed, ("start", "end"), "[(20, 30)]")
        if queue_size is not None:
            whole_number("queue_size", queue_size, meaning="a whole number of requests, or None for no limit",
                         limits="0 or more, or None for no limit")
            if when_full == REFUSE:
                raise ValueError(f'queue_size={queue_size} lets so many wait, and when_full="refuse" lets nobody wait: '
                                 "leave one of the two out")
            if capacity is None and not closed:
                raise ValueError(f"queue_size={queue_size} is for a shop before which one queues: write capacity, too, "
                                 f"for example capacity=3, queue_size={queue_size}")
        self.when_closed = choice("when_closed", when_closed, (QUEUE, REFUSE))
        self.when_cancelled = choice("when_cancelled", when_cancelled, (DROP, FINISH))
        self._hours = Hours(tuple(Stretch(*each) for each in self.slow), tuple(Stretch(*each) for each in self.closed))
        self.prices = _price_list(prices)
        if isinstance(seed, bool) or not isinstance(seed, (int, str)):
            raise TypeError(f"seed is an int or a str, for example seed=1; got {got(seed)}")
        self.seed = seed
        self._lock = threading.RLock()      # worker threads ask too; R: a garbage-collected request may leave meanwhile
        self._desks: WeakKeyDictionary[Run, Desk] = WeakKeyDictionary()
        # outside of any run: plain scripts, worker threads that nobody records
        self._desk_outside = Desk(capacity, self._hours)
        self._last_desk = self._desk_outside

    @classmethod
    def many(cls, count: int, *, latency: float | tuple[float, float] = (0.1, 0.5), **options) -> list[Shop]:
        """`count` shops, named "shop 01", "shop 02", ..., for programs that ask many of them.

        latency   seconds, the same for all; or (shortest, longest), spread evenly between the two (rounded to the
                  millisecond) and mixed, so that the first shop asked is not the first to answer
        options   as for `Shop`, the same for all

        The same arguments make the same shops, always.
        """
        whole_number("count", count, meaning="a whole number of shops, for example Shop.many(20)",
                     limits="0 or more, for example Shop.many(20)")
        if isinstance(latency, (tuple, list)):
            if len(latency) != 2:
                raise ValueError(f"latency is one number, or two: (shortest, longest); got {latency!r}")
            hint = "seconds, for example latency=(0.1, 0.5)"
            shortest, longest = (_amount("latency", each, hint) for each in latency)
            if shortest > longest:
                raise ValueError(f"latency is (shortest, longest); got {latency!r}: write ({longest!r}, {shortest!r})")
        else:
            shortest = longest = latency
        latencies = [shortest] * count
        if shortest != longest:
            # The shops sorted by the fractional parts of multiples of the golden ratio: neighbours land far apart.
            mixed = sorted(range(count), key=lambda index: index * GOLDEN % 1)
            for rank, index in enumerate(mixed):
                latencies[index] = round(shortest + (longest - shortest) * rank / max(count - 1, 1), 3)
        width = max(2, len(str(count)))
        return [cls(f"shop {number:0{width}}", latency=each, **options) for number, each in enumerate(latencies, 1)]

    # -- asking ---------------------------------------------------------------------------------

    async def price(self, item: str) -> int:
        """The price of `item` in cents, after `latency` seconds, and after those who queue before it.

        Raises ShopError, or ShopBusy if the shop is full and refuses. A cancelled request gives up its
        place, in the shop or in the queue, at once, unless `when_cancelled` is "finish".
        """
        desk, request = self._arrive(item, in_task=True)
        try:
            if request.turn is not None:
                await request.turn
            await asyncio.sleep(request.takes)
        except BaseException:
            self._give_up(desk, request)
            raise
        self._leave(desk, request)
        return self._answer(item, request)

    def price_blocking(self, item: str) -> int:
        """The twin of `price` that does not await: it blocks its thread for as long as `price` would take.

        Where it has to queue, it works out when a place will be free, and sleeps until then: on the thread of an
        event loop it cannot be told, because nothing else runs. If somebody before it is cancelled, it does not
        profit.
        """
        desk, request = self._arrive(item, in_task=False)
        try:
            time.sleep(request.delay + request.takes)       # through the module: virtual time replaces `time.sleep`
        except BaseException:
            self._leave(desk, request, cancelled=True)
            raise
        self._leave(desk, request)
        return self._answer(item, request)

    def price_of(self, item: str) -> int:
        """The price of `item` in cents, at once and without asking: what a right answer must be.

        It depends on the names of the shop and the item only: 2 to 12 (dollars, euros) for the item, give or
        take 20 % for the shop.
        """
        _check_item(item)
        if item in self.prices:
            return self.prices[item]
        usual = 200 + int(1000 * _chance("price", item))
        return usual * (80 + int(41 * _chance("price", self.name, item))) // 100

    def latency_of(self, item: str, k: int = 0) -> float:
        """The latency in seconds of the k-th request for `item`, from 0 on, the time in a queue not included.

        With m = `latency`, s = `spread`, and u between 0 and 1 drawn for this request (inverse transform sampling):

            "none"         m
            "uniform"      m * (1 - s + 2 * s * u)
            "exponential"  m * (1 - s - s * log(1 - u))
            "lognormal"    m * exp(s * z - s**2 / 2), where z is the u-quantile of the standard normal distribution

        All have the mean m, and none is ever negative. Source of the means: NIST/SEMATECH e-Handbook of
        Statistical Methods, sections 1.3.6.6.2 (uniform), 1.3.6.6.7 (exponential), 1.3.6.6.9 (lognormal).
        Jittered latencies are rounded to the millisecond (of latencies under 0.1 s to about 1 %), which makes short
        numbers in pictures, and the same ones on every machine.
        """
        mean, spread = self.latency, self.spread
        if self.jitter == "none" or mean == 0:
            return mean
        u = _chance("latency", self.seed, self.name, item, k)
        if self.jitter == "uniform":
            factor = 1 - spread + 2 * spread * u
        elif self.jitter == "exponential":
            factor = 1 - spread - spread * math.log(1 - u)
        else:
            factor = math.exp(spread * NormalDist().inv_cdf(u) - spread**2 / 2)
        return max(0.0, round(mean * factor, max(3, 2 - math.floor(math.log10(mean)))))

    def fails(self, item: str, k: int = 0) -> bool:
        """Whether the k-th request for `item`, from 0 on, fails."""
        return _chance("failure", self.seed, self.name, item, k) < self.failure_rate

    # -- looking --------------------------------------------------------------------------------
    # All of these are of the run that last asked, since `reset()`.

    @property
    def requests(self) -> int:
        """How many requests were begun, the refused ones included, in the run that last asked, since `reset()`.

        Each is now being served, or queues, or was served, refused or dropped.
        """
        return self._last_desk.requests

    @property
    def served(self) -> int:
        """How many requests the shop has worked off to the end: also those that failed, and the wasted ones."""
        return self._last_desk.served

    @property
    def failed(self) -> int:
        """How many of the served ones ended with `ShopError`: they took their time, and gave no price."""
        return self._last_desk.failed

    @property
    def wasted(self) -> int:
        """How many of the served ones were for nobody: cancelled, and finished all the same."""
        return self._last_desk.wasted

    @property
    def refused(self) -> int:
        """How many requests were sent away at once."""
        return self._last_desk.refused

    @property
    def dropped(self) -> int:
        """How many requests were cancelled, and therefore given up by the shop."""
        return self._last_desk.dropped

    @property
    def in_flight(self) -> int:
        """How many requests are being served now (not those that queue), in the run that last asked."""
        return len(self._last_desk.serving)

    @property
    def queued(self) -> int:
        """How many requests wait now to be served."""
        return len(self._last_desk.queue)

    @property
    def peak(self) -> int:
        """The largest number of requests served at once, in the run that last asked, since `reset()`.

        What ends at an instant, or is cancelled, makes place for what begins then.
        """
        return self._last_desk.peak

    def reset(self) -> None:
        """Start counting anew, in all runs: the next request for an item is its first again.

        Requests that are being served, or that queue, are left alone.
        """
        with self._lock:
            for desk in [self._desk_outside, self._last_desk, *self._desks.values()]:
                desk.reset()

    def __repr__(self) -> str:
        words = [repr(self.name), f"latency={self.latency!r}"]
        words += [
            f"{key}={value!r}"
            for key, value in self._options().items()
            if key != "latency" and value != DEFAULTS[key]
        ]
        return f"{type(self).__name__}({', '.join(words)})"

    def __reduce__(self):
        # Copied, or sent to another process: a shop like this one, which nobody has asked yet.
        return functools.partial(type(self), self.name, **self._options()), ()

    def _options(self) -> dict[str, object]:
        return {key: getattr(self, key) for key in DEFAULTS} | {"prices": self.prices or None}

    # -- arriving and leaving: nothing here waits -----------------------------------------------

    def _arrive(self, item: str, *, in_task: bool) -> tuple[Desk, Request]:
        """Count a request and give it a place, or a place in the queue, or ShopBusy."""
        _check_item(item)
        with self._lock:
            desk = self._last_desk = self._desk()
            if desk.queue:
                self._serve_next(desk)      # it may have opened, and no loop was there to notice
            k = desk.asked[item]
            desk.asked[item] += 1
            desk.requests += 1
            request = Request(self.latency_of(item, k), self.fails(item, k), desk.era)
            if desk.has_place():
                desk.serve(request)
                return desk, request
            self._refuse(desk, item)
            if not in_task:
                request.delay = desk.compute_delay()
                if request.delay == math.inf:
                    raise ShopError(f"{self.name} is closed for good: a request for {item!r} that blocks would hang")
                request.takes = request.latency * self._hours.factor(desk.seconds() + request.delay)
            elif (loop := get_running_loop()) is not None:          # else `sleep` is about to say what is missing
                request.turn = loop.create_future()
                request.loop = loop
            desk.queue[request] = None
            self._watch_for_opening(desk)
            return desk, request

    def _refuse(self, desk: Desk, item: str) -> None:
        """Raise the error for a request that must not queue, if it must not."""
        refuse: ShopError | None = None
        if self.when_closed == REFUSE and not desk.is_open():
            refuse = ShopError(f"{self.name} is closed, and refused the request for {item!r}")
        elif self.when_full == REFUSE and desk.is_open():
            refuse = ShopBusy(
                f"{self.name} is busy: it serves {self.capacity} at once, and refused the request for {item!r}"
            )
        elif self.queue_size is not None and len(desk.queue) >= self.queue_size:
            refuse = ShopBusy(f"{self.name} is busy: {count(len(desk.queue), 'request')} may wait and "
                              f"{'do' if len(desk.queue) != 1 else 'does'}, and it refused the one for {item!r}")
        if refuse is not None:
            desk.refused += 1
            raise refuse

    def _give_up(self, desk: Desk, request: Request) -> None:
        """Nobody waits for the request any more. If the shop finishes such ones, a timer takes it to its end."""
        loop = get_running_loop()
        if self.when_cancelled == DROP or loop is None or loop.is_closed():
            self._leave(desk, request, cancelled=True)
            return
        with self._lock:
            request.abandoned = True
            request.loop = loop
            if request in desk.serving:
                self._finish_for_nobody(desk, request)

    def _finish_for_nobody(self, desk: Desk, request: Request) -> None:
        """Have a request that is being served, and for which nobody waits, leave when it is done."""
        loop, left = request.loop, max(0.0, desk.serving[request] - now())
        assert loop is not None
        if loop is get_running_loop():
            loop.call_later(left, self._leave, desk, request)
        else:
            loop.call_soon_threadsafe(functools.partial(loop.call_later, left, self._leave, desk, request))

    def _leave(self, desk: Desk, request: Request, cancelled: bool = False) -> None:
        """Give up the request's place, wherever it is, to those who come first in the queue."""
        with self._lock:
            desk.leave(request, cancelled)
            desk.queue.pop(request, None)
            if request.era == desk.era:
                desk.dropped += cancelled
                desk.served += not cancelled
                desk.failed += request.fails and not cancelled
                desk.wasted += request.abandoned and not cancelled
            self._serve_next(desk)

    def _serve_next(self, desk: Desk) -> None:
        # A place is handed over here, not when the next task runs: nobody who arrives in between can take it.
        # If that task is cancelled before it runs, it leaves too, and hands the place on.
        while desk.queue and desk.has_place():
            first, _ = desk.queue.popitem(last=False)
            desk.serve(first)
            if first.abandoned:
                if first.loop is None or first.loop.is_closed():
                    desk.leave(first, True)
                    desk.dropped += first.era == desk.era
                else:
                    self._finish_for_nobody(desk, first)
            elif first.turn is not None:
                _tell(first.turn)
        self._watch_for_opening(desk)

    def _watch_for_opening(self, desk: Desk) -> None:
        """Have those who wait for the opening served then."""
        loop = get_running_loop()
        if not self.closed or not desk.queue or loop is None or desk.opening is not None:
            return
        wait = desk.opens_in()
        if 0 < wait < math.inf:
            desk.opening = loop.call_later(wait, self._open, desk)

    def _open(self, desk: Desk) -> None:
        with self._lock:
            desk.opening = None
            self._serve_next(desk)

    def _answer(self, item: str, request: Request) -> int:
        if request.fails:
            raise ShopError(f"{self.name} gave no price for {item!r}")
        return self.price_of(item)

    def _desk(self) -> Desk:
        run = run_of_this()
        if run is None:
            return self._desk_outside
        desk = self._desks.get(run)
        if desk is None:
            desk = self._desks[run] = Desk(self.capacity, self._hours)
        return desk


name_wait("request", Shop.price)
DEFAULTS: dict[str, Any] = Shop.__init__.__kwdefaults__ or {}


def _tell(turn: asyncio.Future[None]) -> None:
    """It is your turn."""
    loop = turn.get_loop()
    if loop is get_running_loop():
        _finish(turn)
    elif not loop.is_closed():          # a worker thread leaves, or another loop's forgotten request is cleared away
        loop.call_soon_threadsafe(_finish, turn)


def _finish(turn: asyncio.Future[None]) -> None:
    if not turn.done():                 # cancelled in the meantime
        turn.set_result(None)


def _chance(*what: object) -> float:
    """A number between 0 and 1, neither included, that depends on nothing but `what`: the same on every machine."""
    digest = hashlib.sha256(repr(what).encode()).digest()
    return (int.from_bytes(digest[:8], "big") // 4096 + 0.5) / 2**52


# -- arguments --------------------------------------------------------------------------------------


def _amount(name: str, value: float, meaning: str) -> float:
    return number(name, value, meaning=meaning, limits=f"{meaning}, and not negative or infinite")


def _stretches(name: str, given: object, parts: tuple[str, ...], example: str) -> tuple[tuple[float, ...], ...]:
    """Stretches of a run, checked: in each the first two numbers are when it begins and ends."""
    wanted = f"{name} is a list of ({', '.join(parts)}), in seconds of the run: {name}={example}"
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"{wanted}; got {got(given)}")
    for each in given:
        if not isinstance(each, (list, tuple)):
            raise TypeError(f"{wanted}; got {got(each)} in the list")
        if len(each) != len(parts) or not all(isinstance(n, numbers.Real) and not isinstance(n, bool) for n in each):
            raise TypeError(f"{wanted}; got {each!r} in the list")
        start, end, *factor = each
        if not 0 <= start < end or start == math.inf:
            raise ValueError(f"{name} begins at 0 or later, and ends after its begin: {name}={example}; got {each!r}")
        if factor and not 0 < factor[0] < math.inf:
            raise ValueError(f"{name} says how many times as long a request takes, a number above 0: {name}={example}; "
                             f"got {each!r}")
    return tuple(tuple(each) for each in given)


def _check_item(item: object) -> None:
    if not isinstance(item, str):
        raise TypeError(f'a shop is asked for an item by its name: await shop.price("tea"); got {got(item)}')


def _price_list(prices: Mapping[str, int] | None) -> dict[str, int]:
    if prices is None:
        return {}
    if not isinstance(prices, Mapping):
        raise TypeError(f'prices are a dictionary of cents by item: prices={{"tea": 320}}; got {got(prices)}')
    for item, cents in prices.items():
        if not isinstance(item, str) or isinstance(cents, bool) or not isinstance(cents, int):
            raise TypeError(
                f'prices are whole cents by item, for 3.20 write prices={{"tea": 320}}; got {{{item!r}: {cents!r}}}'
            )
        if cents < 0:
            raise ValueError(f"a price is not negative; got {{{item!r}: {cents!r}}}")
    return dict(prices)
