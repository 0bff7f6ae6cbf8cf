"""Shops: what they answer, when, how many they serve at once, and that all of it is repeatable."""

import asyncio
import copy
import gc
import math
import pickle
import statistics
import sys
import threading
import time
import warnings
import weakref
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.recorder import record
from helpers.simulated_io import JITTERS, Shop, ShopBusy, ShopError
from helpers.virtual.loop import VirtualTimeLoop
from helpers.virtual.run import simulate

ITEMS = ["tea", "salt", "rice", "coffee", "bread"]


def run(coro):
    """The result of a coroutine on a virtual event loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coro)


def now() -> float:
    return round(asyncio.get_running_loop().time(), 6)


async def ask(shop, item="tea"):
    """(when the answer came, what it was: a price or the name of the error)"""
    try:
        answer = await shop.price(item)
    except (ShopError, asyncio.CancelledError) as error:
        answer = type(error).__name__
    return now(), answer


# -- prices -----------------------------------------------------------------------------------------


def test_a_price_is_a_whole_number_of_cents_that_depends_on_shop_and_item_only():
    shops = [Shop(name, latency=0.1, seed=seed) for name in ("north", "south") for seed in (1, 2)]
    prices = [[run(shop.price(item)) for item in ITEMS] for shop in shops]
    assert prices[0] == prices[1] and prices[2] == prices[3]
    assert prices[0] != prices[2]
    assert all(type(price) is int and 160 <= price <= 1440 for row in prices for price in row)


def test_answers_are_the_same_on_every_machine_and_python():
    shop = Shop("north", latency=0.3, jitter="lognormal", failure_rate=0.3)
    assert [shop.price_of(item) for item in ITEMS] == [667, 860, 744, 446, 969]
    assert [shop.latency_of("tea", k) for k in range(4)] == [0.151, 0.307, 0.43, 0.274]
    assert [k for k in range(12) if shop.fails("tea", k)] == [1, 2, 5, 10]


def test_given_prices_come_first():
    shop = Shop("north", latency=0, prices={"tea": 320})
    assert run(shop.price("tea")) == shop.price_blocking("tea") == shop.price_of("tea") == 320
    assert run(shop.price("salt")) == Shop("north").price_of("salt")


# -- latency and failures -----------------------------------------------------------------------------


def test_a_price_takes_its_latency():
    async def main():
        return await ask(Shop("north", latency=0.3))

    assert run(main()) == (0.3, Shop("north").price_of("tea"))


@pytest.mark.parametrize("jitter", JITTERS)
def test_jitter_keeps_the_mean_and_is_never_negative(jitter):
    shop = Shop("north", latency=0.3, jitter=jitter)
    drawn = [shop.latency_of("tea", k) for k in range(4000)]
    assert min(drawn) >= 0
    assert statistics.fmean(drawn) == pytest.approx(0.3, rel=0.03)
    assert (len(set(drawn)) > 100) == (jitter != "none")


def test_each_jitter_has_the_shape_that_it_says():
    def drawn(jitter, spread):
        shop = Shop("north", latency=1.0, jitter=jitter, spread=spread)
        return sorted(shop.latency_of("tea", k) for k in range(4000))

    uniform, exponential, lognormal = drawn("uniform", 0.2), drawn("exponential", 0.2), drawn("lognormal", 1.0)
    assert 0.8 <= uniform[0] < 0.81 and 1.19 < uniform[-1] <= 1.2
    assert 0.8 <= exponential[0] < 0.81 and exponential[-1] > 1.8
    assert statistics.stdev(exponential) == pytest.approx(0.2, rel=0.1)
    assert statistics.median(lognormal) == pytest.approx(math.exp(-0.5), rel=0.05)
    assert statistics.stdev(map(math.log, lognormal)) == pytest.approx(1.0, rel=0.05)


def test_a_spread_of_zero_is_no_jitter():
    for jitter in JITTERS:
        assert Shop("north", latency=0.3, jitter=jitter, spread=0).latency_of("tea", 5) == 0.3


@settings(deadline=None)
@given(
    latency=st.floats(0, 1e6) | st.sampled_from([5e-324, 1e-12, 0.0015, 1e300]),
    jitter=st.sampled_from(JITTERS),
    spread=st.floats(0, 1),
    k=st.integers(0, 1000),
)
def test_any_latency_gives_a_finite_one_that_is_not_negative(latency, jitter, spread, k):
    assert 0 <= Shop("north", latency=latency, jitter=jitter, spread=spread).latency_of("tea", k) < math.inf


def test_failures_come_after_the_latency_and_say_who_and_what():
    async def main():
        with pytest.raises(ShopError, match=r"north .*'tea'") as caught:
            await Shop("north", latency=0.3, failure_rate=1).price("tea")
        assert isinstance(caught.value, ConnectionError)
        return now()

    assert run(main()) == 0.3


def test_the_failure_rate_is_met_and_a_higher_one_only_adds_failures():
    failing = [
        {k for k in range(3000) if Shop("north", failure_rate=rate).fails("tea", k)} for rate in (0, 0.1, 0.5, 1)
    ]
    assert [len(each) / 3000 for each in failing] == pytest.approx([0, 0.1, 0.5, 1], abs=0.03)
    assert failing[0] < failing[1] < failing[2] < failing[3]


def test_latency_and_failure_are_drawn_apart():
    calm, wild = Shop("north", jitter="uniform"), Shop("north", jitter="uniform", failure_rate=0.5)
    assert [calm.latency_of("tea", k) for k in range(50)] == [wild.latency_of("tea", k) for k in range(50)]
    failed = [wild.latency_of("tea", k) for k in range(2000) if wild.fails("tea", k)]
    assert statistics.fmean(failed) == pytest.approx(0.3, rel=0.05)


# -- repeatable -------------------------------------------------------------------------------------

TROUBLED = {"latency": 0.3, "jitter": "lognormal", "failure_rate": 0.4, "seed": "repeatable"}


@pytest.mark.slow
@settings(deadline=None)
@given(st.permutations(ITEMS * 3), st.booleans())
def test_the_order_of_calls_does_not_change_an_answer(order, concurrent):
    async def customer(shop, item, times):
        """Asks for one item again and again: what did each request take, and bring?"""
        seen = []
        for _ in range(times):
            begun = now()
            ended, answer = await ask(shop, item)
            seen.append((round(ended - begun, 6), answer))
        return item, seen

    async def together():
        shop = Shop("north", **TROUBLED)
        customers = list(dict.fromkeys(order))
        return dict(await asyncio.gather(*(customer(shop, item, order.count(item)) for item in customers)))

    async def in_turn():
        shop = Shop("north", **TROUBLED)
        seen = {}
        for item in order:
            _, one = await customer(shop, item, 1)
            seen.setdefault(item, []).extend(one)
        return seen

    expected = {item: run(customer(Shop("north", **TROUBLED), item, 3))[1] for item in ITEMS}
    assert run(together() if concurrent else in_turn()) == expected


def test_another_seed_or_another_name_is_another_service():
    def drawn(name, seed):
        shop = Shop(name, jitter="uniform", failure_rate=0.5, seed=seed)
        return [(shop.latency_of("tea", k), shop.fails("tea", k)) for k in range(20)]

    assert drawn("north", 1) == drawn("north", 1)
    assert drawn("north", 1) != drawn("north", 2) != drawn("north", "2")
    assert drawn("north", 1) != drawn("south", 1)
    assert drawn("a", "b") != drawn("b", "a")


async def five_times(shop):
    return [await ask(shop) for _ in range(5)]


def test_every_event_loop_meets_a_new_shop():
    shop = Shop("north", **TROUBLED)
    first = run(five_times(shop))
    assert len({answer for _, answer in first}) == 2            # the failure rate is felt, so this test can fail
    assert run(five_times(shop)) == first
    assert shop.requests == 5


def test_every_recording_meets_a_new_shop_on_the_same_loop():
    shop = Shop("north", **{**TROUBLED, "latency": 0.001})

    async def prices():
        return [answer for _, answer in await five_times(shop)]

    async def main():
        recorded = [(await record(prices())).result for _ in range(2)]
        return recorded + [await prices(), await prices()]

    first, again, outside, later = asyncio.run(main())
    assert first == again == outside
    assert outside != later                                     # outside of recordings counting goes on


def test_the_real_run_and_every_simulated_one_get_the_same_answers():
    shop = Shop("north", **{**TROUBLED, "latency": 0.001})

    async def main():
        return [answer for _, answer in await five_times(shop)]

    async def cells():                      # as in a notebook, whose own loop is running
        await main()
        return [(await record(main())).result, simulate(main()).result, simulate(main()).result]

    real, simulated, again = asyncio.run(cells())
    assert real == simulated == again


def test_worker_threads_get_the_same_answers_in_every_simulation():
    shop = Shop("north", **TROUBLED)

    async def main():
        jobs = [asyncio.to_thread(shop.price_blocking, "tea") for _ in range(6)]
        return [str(answer) for answer in await asyncio.gather(*jobs, return_exceptions=True)]

    first, again = simulate(main()), simulate(main())
    assert len(set(first.result)) == 2      # prices and failures
    assert first.result == again.result and first.elapsed == again.elapsed > 0


def test_a_recording_shows_a_request_on_the_line_that_makes_it():
    shop = Shop("north", latency=0.3, capacity=1)

    async def main():
        return await asyncio.gather(shop.price("tea"), ask_for_salt())

    async def ask_for_salt():
        return await shop.price("salt")

    _, tea, salt = simulate(main()).tasks
    waits = [(span.wait, span.start, span.end) for task in (tea, salt) for span in task.spans if span.kind == "wait"]
    assert waits == [("request", 0, 0.3), ("request", 0, 0.3), ("request", 0.3, 0.6)]
    assert {span.place.function for span in salt.spans if span.kind == "wait"} == {"ask_for_salt"}


def test_a_loop_in_a_thread_of_a_recording_is_a_run_of_its_own():
    shop = Shop("north", latency=0.001, capacity=1)

    async def main():
        await asyncio.gather(shop.price("tea"), asyncio.to_thread(run, crowd(shop)), shop.price("tea"))
        await shop.price("tea")
        return shop.requests

    async def recorded():
        return (await record(main())).result

    assert asyncio.run(recorded()) == 3


def test_reset_starts_anew():
    shop = Shop("north", **TROUBLED)

    async def main():
        seen = [await ask(shop) for _ in range(3)]
        shop.reset()
        assert (shop.requests, shop.peak, shop.in_flight) == (0, 0, 0)
        return seen, [await ask(shop) for _ in range(3)]

    first, again = run(main())
    assert [answer for _, answer in first] == [answer for _, answer in again]


def test_reset_leaves_those_alone_who_are_being_served_or_queue():
    shop = Shop("north", latency=0.3, capacity=1)

    async def main():
        tasks = [asyncio.create_task(ask(shop)) for _ in range(3)]
        await asyncio.sleep(0.1)
        shop.reset()
        assert (shop.requests, shop.peak, shop.in_flight) == (0, 1, 1)
        return [when for when, _ in await asyncio.gather(*tasks)]

    assert run(main()) == [0.3, 0.6, 0.9]


# -- capacity ---------------------------------------------------------------------------------------


def test_more_than_capacity_queue_first_come_first_served():
    shop = Shop("north", latency=0.3, capacity=2)

    async def main():
        return [when for when, _ in await asyncio.gather(*(ask(shop) for _ in range(5)))]

    assert run(main()) == [0.3, 0.3, 0.6, 0.6, 0.9]
    assert (shop.requests, shop.peak, shop.in_flight) == (5, 2, 0)


def test_more_than_capacity_are_refused_at_once():
    shop = Shop("north", latency=0.3, capacity=2, when_full="refuse")

    async def main():
        return await asyncio.gather(*(ask(shop) for _ in range(4)))

    price = shop.price_of("tea")
    assert run(main()) == [(0.3, price), (0.3, price), (0, "ShopBusy"), (0, "ShopBusy")]
    with pytest.raises(ShopBusy, match=r"north is busy: it serves 2 at once, .*'tea'"):
        run(asyncio.wait_for(refused(shop), 1))
    assert issubclass(ShopBusy, ShopError)


async def refused(shop):
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(shop))
        group.create_task(ask(shop))
        await asyncio.sleep(0.1)
        try:
            await shop.price("tea")
        except ShopBusy as error:
            busy = error
    raise busy


def test_who_asks_after_a_failure_finds_the_place_free():
    shop = Shop("north", latency=0.3, capacity=1, when_full="refuse", failure_rate=1)

    async def main():
        return [await ask(shop), await ask(shop)]

    assert run(main()) == [(0.3, "ShopError"), (0.6, "ShopError")]


def reference_queue(arrivals, cancels, capacity, latency):
    """First come, first served, written down as a list of events: when does each request end, and how?"""
    events = [(at, "arrive", i) for i, at in enumerate(arrivals)]
    events += [(arrivals[i] + after, "cancel", i) for i, after in cancels.items()]
    serving, queue, ends = set(), deque(), {}
    while events:
        events.sort()
        at, what, i = events.pop(0)
        if what == "arrive":
            queue.append(i)
        elif i not in ends:
            ends[i] = round(at, 6), what == "done"
            serving.discard(i)
            if i in queue:
                queue.remove(i)
        while queue and len(serving) < capacity:
            serving.add(first := queue.popleft())
            events.append((at + latency, "done", first))
    return [ends[i] for i in range(len(arrivals))]


@pytest.mark.slow
@settings(deadline=None)
@given(data=st.data(), capacity=st.integers(1, 4), length=st.integers(1, 12))
def test_any_schedule_with_any_cancellations_is_served_like_the_reference_queue(data, capacity, length):
    # Fractions are chosen so that no two of arrival (.000), cancellation (.250 to .262) and end (+ .123 each) fall on
    # the same instant, where the reference would not know who is first.
    arrivals = sorted(data.draw(st.lists(st.integers(0, 30), min_size=length, max_size=length, unique=True)))
    cancels = {i: after + 0.25 + i / 1000 for i, after in data.draw(
        st.dictionaries(st.integers(0, length - 1), st.integers(0, 30))).items()}
    shop = Shop("north", latency=7.123, capacity=capacity)
    price = shop.price_of("tea")
    most = 0

    async def customer(i):
        nonlocal most
        await asyncio.sleep(arrivals[i])
        task = asyncio.create_task(ask(shop))
        if i in cancels:
            await asyncio.sleep(cancels[i])
            task.cancel()
        ended, answer = await task
        most = max(most, shop.in_flight)
        return ended, answer == price

    async def main():
        return await asyncio.gather(*map(customer, range(length)))

    assert run(main()) == reference_queue(arrivals, cancels, capacity, 7.123)
    assert most <= shop.peak <= capacity
    assert shop.in_flight == 0 and shop.requests == length


@pytest.mark.parametrize("first_to_be_made", ["request", "canceller"])
def test_a_place_that_was_handed_to_a_cancelled_request_is_handed_on(first_to_be_made):
    """At 0.3 s the place of the first passes to the second, which is cancelled at the same instant."""
    shop = Shop("north", latency=0.3, capacity=1)

    async def main():
        async def canceller():
            await asyncio.sleep(0.3)
            second.cancel()

        cancelling = asyncio.create_task(canceller()) if first_to_be_made == "canceller" else None
        first, second, third = (asyncio.create_task(ask(shop)) for _ in range(3))
        await (cancelling or canceller())
        return [(await task)[0] for task in (first, second, third)]

    assert run(main()) == [0.3, 0.3, 0.6]
    assert shop.in_flight == 0 and shop.peak == 1


@pytest.mark.parametrize("steps", range(12))
def test_cancelled_after_any_number_of_steps_nobody_is_forgotten(steps):
    shop = Shop("north", latency=0, capacity=2)

    async def main():
        tasks = [asyncio.create_task(shop.price("tea")) for _ in range(8)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in tasks[1::2]:
            task.cancel()
        async with asyncio.timeout(1):
            return await asyncio.gather(*tasks, return_exceptions=True)

    answers = run(main())
    assert answers[::2] == [shop.price_of("tea")] * 4
    assert shop.in_flight == 0 and shop.peak <= 2


def test_a_timeout_frees_the_place():
    shop = Shop("north", latency=0.3, capacity=1)

    async def impatient():
        async with asyncio.timeout(0.1):
            await shop.price("tea")

    async def main():
        results = await asyncio.gather(impatient(), impatient(), ask(shop), return_exceptions=True)
        return results[:2], results[2][0]

    timeouts, when = run(main())
    assert all(isinstance(error, TimeoutError) for error in timeouts)
    assert when == 0.4


def test_a_coroutine_that_is_closed_in_the_shop_gives_up_its_place():
    shop = Shop("north", latency=0.3, capacity=1)

    async def main():
        coro = shop.price("tea")
        coro.send(None)                     # driven by hand up to its first wait
        assert shop.in_flight == 1
        coro.close()
        assert shop.in_flight == 0
        return await ask(shop)

    assert run(main())[0] == 0.3


# -- many loops, many threads -------------------------------------------------------------------------


async def crowd(shop, size=4):
    return [when for when, _ in await asyncio.gather(*(ask(shop) for _ in range(size)))]


def test_a_full_shop_can_be_used_on_one_loop_after_another():
    shop = Shop("north", latency=0.3, capacity=1)

    async def leave_early():
        waiting = [asyncio.create_task(shop.price("tea")) for _ in range(3)]
        await asyncio.sleep(0.1)
        return waiting                      # the runner cancels them

    for _ in range(3):
        run(leave_early())
        assert shop.in_flight == 0
        assert run(crowd(shop)) == [0.3, 0.6, 0.9, 1.2]


def test_a_loop_inside_a_loop_that_stands_still_has_the_shop_for_itself():
    """What `simulate` does in a notebook: the outer loop has a place and a queue, and stands still."""
    shop = Shop("north", latency=0.001, capacity=1)

    async def main():
        outside = [asyncio.create_task(shop.price("tea")) for _ in range(3)]
        await asyncio.sleep(0)
        with ThreadPoolExecutor(1) as pool:
            inside = pool.submit(run, crowd(shop)).result()
        return inside, await asyncio.gather(*outside)

    inside, outside = asyncio.run(main())
    assert inside == [0.001, 0.002, 0.003, 0.004]
    assert outside == [shop.price_of("tea")] * 3


def test_a_finished_loop_is_forgotten():
    shop = Shop("north", latency=0.3, capacity=1)
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(crowd(shop))
        loop = weakref.ref(runner.get_loop())
    del runner
    gc.collect()
    assert loop() is None
    assert shop.requests == 4               # what was counted can still be read


# -- the blocking twin ----------------------------------------------------------------------------------


def test_the_twin_takes_as_long_and_answers_the_same(monkeypatch):
    shop = Shop("north", **TROUBLED)
    expected, before = [], 0.0
    for when, answer in run(five_times(shop)):
        expected.append((round(when - before, 6), answer))
        before = when
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    answers = []
    for _ in range(5):
        try:
            answers.append(shop.price_blocking("tea"))
        except ShopError as error:
            answers.append(type(error).__name__)
    assert list(zip(slept, answers)) == expected


def test_the_twin_blocks_everybody_else():
    shop = Shop("north", latency=0.3)

    async def main():
        nap = asyncio.create_task(asyncio.sleep(0.1))
        await asyncio.sleep(0)
        shop.price_blocking("tea")
        await nap
        return now()

    assert run(main()) == 0.3


def test_the_twin_queues_without_deadlock_where_nothing_else_can_run():
    shop = Shop("north", latency=0.3, capacity=1)

    async def main():
        before = [asyncio.create_task(ask(shop)) for _ in range(2)]
        await asyncio.sleep(0.1)
        shop.price_blocking("tea")
        return now(), await asyncio.gather(*before)

    blocked_until, before = run(main())
    assert blocked_until == 0.9                                 # third in a queue of 0.3 s each
    assert [when for when, _ in before] == [0.9, 1.2]           # answered at 0.3; only at 0.9 could anybody hear it
    assert shop.peak == 1 and shop.in_flight == 0


def test_the_twin_is_refused_too():
    shop = Shop("north", latency=0.3, capacity=1, when_full="refuse")

    async def main():
        task = asyncio.create_task(ask(shop))
        await asyncio.sleep(0)
        with pytest.raises(ShopBusy):
            shop.price_blocking("tea")
        return await task

    assert run(main())[0] == 0.3


def test_worker_threads_share_the_capacity_in_virtual_time():
    shop = Shop("north", latency=0.3, capacity=2)

    async def blocking():
        await asyncio.to_thread(shop.price_blocking, "tea")
        return now()

    async def main():
        return await asyncio.gather(*(blocking() for _ in range(5)))

    assert run(main()) == [0.3, 0.3, 0.6, 0.6, 0.9]
    assert shop.peak == 2


def test_threads_of_a_recording_share_its_counts_and_its_places():
    shop = Shop("north", latency=0.002, capacity=2)

    async def main():
        threads = (asyncio.to_thread(shop.price_blocking, "tea") for _ in range(4))
        await asyncio.gather(*threads, *(shop.price("tea") for _ in range(4)))
        return shop.requests

    async def twice():
        return [(await record(main())).result for _ in range(2)]

    assert asyncio.run(twice()) == [8, 8]
    assert shop.peak <= 2 and shop.in_flight == 0


def test_a_thread_that_leaves_calls_the_task_that_queues():
    shop = Shop("north", latency=0.02, capacity=1)

    async def main():
        thread = asyncio.create_task(asyncio.to_thread(shop.price_blocking, "tea"))
        while not shop.in_flight:
            await asyncio.sleep(0.001)
        async with asyncio.timeout(10):
            return await asyncio.gather(thread, shop.price("tea"), shop.price("tea"))

    async def recorded():
        return (await record(main())).result

    # In debug mode asyncio objects to a future that is completed from another thread.
    assert asyncio.run(recorded(), debug=True) == [shop.price_of("tea")] * 3


def test_many_threads_at_once_lose_no_count_and_no_place():
    shop = Shop("north", latency=0, capacity=3)
    start = threading.Barrier(8)

    def customer(_):
        start.wait(10)
        return [shop.price_blocking("tea") for _ in range(200)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)             # threads take turns as often as they can: a missing lock shows
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(customer, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert answers == [[shop.price_of("tea")] * 200] * 8
    assert (shop.requests, shop.in_flight) == (1600, 0)
    assert shop.peak <= 3


# -- as an object -----------------------------------------------------------------------------------


def test_a_forgotten_await_is_pythons_own_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Shop("north").price("tea")
        gc.collect()
    assert [str(w.message) for w in caught] == ["coroutine 'Shop.price' was never awaited"]


def test_repr_reads_as_the_call():
    assert repr(Shop("north")) == "Shop('north', latency=0.3)"
    shop = Shop("north", latency=1, jitter="uniform", capacity=3, when_full="refuse", prices={"tea": 1}, seed="x")
    assert repr(shop) == (
        "Shop('north', latency=1, jitter='uniform', capacity=3, when_full='refuse', prices={'tea': 1}, seed='x')"
    )
    assert repr(eval(repr(shop))) == repr(shop)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda shop: pickle.loads(pickle.dumps(shop))])
def test_a_copy_is_a_shop_that_nobody_has_asked(copied):
    shop = Shop("north", latency=0.001, prices={"tea": 1}, capacity=2)
    shop.price_blocking("tea")
    other = copied(shop)
    assert repr(other) == repr(shop)
    assert (shop.requests, other.requests) == (1, 0)


def test_many_shops():
    shops = Shop.many(20, capacity=2)
    assert [shop.name for shop in shops][::19] == ["shop 01", "shop 20"]
    latencies = [shop.latency for shop in shops]
    assert sorted(latencies) != latencies
    assert len(set(latencies)) == 20 and (min(latencies), max(latencies)) == (0.1, 0.5)
    assert all(shop.capacity == 2 for shop in shops)
    assert repr(Shop.many(20, capacity=2)) == repr(shops)
    assert [shop.latency for shop in Shop.many(3, latency=0.2)] == [0.2] * 3
    assert Shop.many(1000)[-1].name == "shop 1000" and Shop.many(1000)[0].name == "shop 0001"
    assert Shop.many(0) == [] and len(Shop.many(1)) == 1


# -- wrong arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: Shop(0.3), TypeError, 'Shop("north", latency=0.3); got 0.3 (float)'),
    (lambda: Shop(""), ValueError, "a shop needs a name"),
    (lambda: Shop("north", latency=-1), ValueError, "latency is seconds, for example latency=0.3, and not negative"),
    (lambda: Shop("north", latency="0.3"), TypeError, "for example latency=0.3; got '0.3' (str)"),
    (lambda: Shop("north", latency=True), TypeError, "got True (bool)"),
    (lambda: Shop("north", latency=math.nan), ValueError, "got nan"),
    (lambda: Shop("north", latency=math.inf), ValueError, "got inf"),
    (lambda: Shop("north", failure_rate=30), ValueError, "for 30 % write failure_rate=0.3; got 30"),
    (lambda: Shop("north", failure_rate=-0.1), ValueError, "a probability between 0 and 1; got -0.1"),
    (lambda: Shop("north", failure_rate="10%"), TypeError, "got '10%' (str)"),
    (lambda: Shop("north", jitter="normal"), ValueError,
     '"none", "uniform", "exponential" or "lognormal"; got \'normal\''),
    (lambda: Shop("north", jitter=0.1), ValueError, "got 0.1 (float)"),
    (lambda: Shop("north", jitter=["uniform"]), ValueError, "got ['uniform'] (list)"),
    (lambda: Shop("north", jitter="uniform", spread=2), ValueError, 'spread is at most 1 with jitter="uniform"'),
    (lambda: Shop("north", spread=-1), ValueError, "not negative"),
    (lambda: Shop("north", capacity=0), ValueError, "capacity is at least 1, or None"),
    (lambda: Shop("north", capacity=2.5), TypeError, "got 2.5 (float)"),
    (lambda: Shop("north", when_full="wait"), ValueError, 'when_full is "queue" or "refuse"; got \'wait\''),
    (lambda: Shop("north", slow=(20, 30, 5)), TypeError,
     "slow is a list of (start, end, times as long), in seconds of the run: slow=[(20, 30, 5)]; got 20 (int) in"),
    (lambda: Shop("north", slow=5), TypeError, "got 5 (int)"),
    (lambda: Shop("north", slow=[(20, 30)]), TypeError, "slow=[(20, 30, 5)]; got (20, 30) in the list"),
    (lambda: Shop("north", slow=[(30, 20, 5)]), ValueError,
     "ends after its begin: slow=[(20, 30, 5)]; got (30, 20, 5)"),
    (lambda: Shop("north", slow=[(20, 30, 0)]), ValueError, "a number above 0: slow=[(20, 30, 5)]; got (20, 30, 0)"),
    (lambda: Shop("north", slow=[(20, 30, math.nan)]), ValueError, "got (20, 30, nan)"),
    (lambda: Shop("north", closed=[(-1, 30)]), ValueError, "closed begins at 0 or later"),
    (lambda: Shop("north", closed=[(math.inf, math.inf)]), ValueError, "closed begins at 0 or later"),
    (lambda: Shop("north", closed=[("20", 30)]), TypeError, "closed=[(20, 30)]; got ('20', 30) in the list"),
    (lambda: Shop("north", closed=[(True, 30)]), TypeError, "got (True, 30) in the list"),
    (lambda: Shop("north", when_closed="wait"), ValueError, 'when_closed is "queue" or "refuse"; got \'wait\''),
    (lambda: Shop("north", when_cancelled=True), ValueError, 'when_cancelled is "drop" or "finish"; got True'),
    (lambda: Shop("north", queue_size=3), ValueError, "write capacity, too, for example capacity=3, queue_size=3"),
    (lambda: Shop("north", capacity=1, queue_size=-1), ValueError,
     "queue_size is 0 or more, or None for no limit; got -1"),
    (lambda: Shop("north", capacity=1, queue_size=2.5), TypeError, "got 2.5 (float)"),
    (lambda: Shop("north", capacity=1, queue_size=2, when_full="refuse"), ValueError, "leave one of the two out"),
    (lambda: Shop("north", closed=[(0, math.inf)]).price_blocking("tea"), ShopError, "north is closed for good"),
    (lambda: Shop("north", prices={"tea": 3.2}), TypeError, 'for 3.20 write prices={"tea": 320}'),
    (lambda: Shop("north", prices=320), TypeError, "a dictionary of cents by item"),
    (lambda: Shop("north", prices={"tea": -1}), ValueError, "not negative"),
    (lambda: Shop("north", seed=1.5), TypeError, "seed is an int or a str"),
    (lambda: Shop("north").price_blocking(3), TypeError, 'await shop.price("tea"); got 3 (int)'),
    (lambda: run(Shop("north").price(None)), TypeError, 'await shop.price("tea"); got None (NoneType)'),
    (lambda: Shop("north").price_of(b"tea"), TypeError, "got b'tea' (bytes)"),
    (lambda: Shop.many("20"), TypeError, "Shop.many(20); got '20' (str)"),
    (lambda: Shop.many(-1), ValueError, "got -1"),
    (lambda: Shop.many(3, latency=(0.5, 0.1)), ValueError, "write (0.1, 0.5)"),
    (lambda: Shop.many(3, latency=(1, 2, 3)), ValueError, "(shortest, longest); got (1, 2, 3)"),
    (lambda: Shop.many(3, latency="slow"), TypeError, "got 'slow' (str)"),
])
def test_a_wrong_argument_is_an_error_that_teaches(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value)


def test_a_wrong_question_takes_no_place_and_is_not_counted():
    shop = Shop("north", latency=0, capacity=1)
    with pytest.raises(TypeError):
        run(shop.price(3))
    assert (shop.requests, shop.in_flight) == (0, 0)
