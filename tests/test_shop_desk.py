"""Shops that are slow, closed, full, or busy with what nobody waits for; and that they count all of it truly."""

import asyncio
import copy
import math
import pickle
import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.recorder import record
from helpers.recording import most_at_once
from helpers.shop_desk import Desk, Hours, Stretch
from helpers.simulated_io import Shop, ShopBusy, ShopError
from helpers.virtual.loop import Deadlock
from helpers.virtual.run import simulate
from tests.test_simulated_io import ask, now, run


def adds_up(shop):
    return shop.requests == shop.served + shop.refused + shop.dropped + shop.in_flight + shop.queued


async def ask_at(shop, *times):
    """What is answered, and when, to those who ask at these times."""
    async def customer(at):
        await asyncio.sleep(at)
        return await ask(shop)

    return await asyncio.gather(*map(customer, times))


def answers(shop, *times):
    """When each of them is done; with the error, if it is one."""
    price = shop.price_of("tea")
    return [when if answer == price else (when, answer) for when, answer in run(ask_at(shop, *times))]


# -- slow, and closed -------------------------------------------------------------------------------

def test_what_begins_to_be_served_while_the_shop_is_slow_takes_so_many_times_as_long():
    shop = Shop("north", latency=1, slow=[(2, 4, 5)])
    assert answers(shop, 0, 1.5, 2, 3.9, 4) == [1, 2.5, 7, 8.9, 5]


def test_stretches_that_overlap_multiply():
    assert answers(Shop("north", latency=1, slow=[(0, 10, 2), (5, 10, 1.5)]), 4, 6) == [6, 9]


def test_jitter_is_drawn_as_in_a_shop_that_is_never_slow():
    plain = Shop("north", jitter="exponential", failure_rate=0.3)
    shop = Shop("north", jitter="exponential", failure_rate=0.3, slow=[(5, 9, 2)], closed=[(20, 30)],
                when_closed="refuse", when_cancelled="finish")
    assert [plain.latency_of("tea", k) for k in range(50)] == [shop.latency_of("tea", k) for k in range(50)]
    assert [plain.fails("tea", k) for k in range(50)] == [shop.fails("tea", k) for k in range(50)]


def test_a_closed_shop_serves_those_who_waited_when_it_opens():
    shop = Shop("north", latency=1, capacity=2, closed=[(2, 5)])
    assert answers(shop, 1.5, 2, 3, 4.5, 5) == [2.5, 6, 6, 7, 7]
    assert (shop.requests, shop.served, shop.peak) == (5, 5, 2) and adds_up(shop)


def test_a_closed_shop_that_refuses():
    shop = Shop("north", latency=1, closed=[(2, 5)], when_closed="refuse")
    assert answers(shop, 1.9, 2, 4.9, 5) == [2.9, (2, "ShopError"), (4.9, "ShopError"), 6]
    assert (shop.served, shop.refused) == (2, 2)
    with pytest.raises(ShopError, match="north is closed, and refused the request for 'tea'"):
        run(Shop("north", closed=[(0, 1)], when_closed="refuse").price("tea"))


def test_closed_stretches_that_touch_or_overlap_are_one():
    assert answers(Shop("north", latency=1, closed=[(3, 5), (0, 2), (1, 3)]), 0) == [6]
    assert Hours(closed=(Stretch(0, 1), Stretch(2, 3))).opens(1) == 1


def test_closed_for_good_is_a_deadlock_and_no_endless_wait():
    simulated = simulate(Shop("north", closed=[(0, math.inf)]).price("tea"))
    with pytest.raises(Deadlock, match="waits for a request"):
        simulated.result


def test_those_who_wait_for_the_opening_may_give_up():
    shop = Shop("north", latency=1, capacity=1, closed=[(0, 5)])

    async def main():
        async with asyncio.timeout(2):
            await ask_at(shop, 0, 0.5, 1)

    with pytest.raises(TimeoutError):
        run(main())
    assert (shop.dropped, shop.queued) == (3, 0) and adds_up(shop)


def test_the_run_begins_with_the_recording_and_else_with_the_first_request():
    shop = Shop("north", latency=0.001, closed=[(0, 0.05)])

    async def main():
        began = asyncio.get_running_loop().time()
        await shop.price("tea")
        return asyncio.get_running_loop().time() - began

    async def twice():
        await asyncio.sleep(0.06)
        return await main(), (await record(main())).elapsed     # what began before main did is in it, too

    first, recorded = asyncio.run(twice())
    assert first > 0.03 and recorded > 0.03             # clocks tick coarsely on some systems
    assert simulate(main()).result == 0.051

    async def later():
        await asyncio.sleep(0.06)
        return await main()

    assert simulate(later()).result == pytest.approx(0.001)


def test_the_twin_that_blocks_waits_for_the_opening_and_is_slow():
    async def main():
        answer = shop.price_blocking("tea"), now()
        return answer, (shop.price_blocking("tea"), now())

    shop = Shop("north", latency=1, closed=[(0, 5)], slow=[(5, 6, 3)])
    price = shop.price_of("tea")
    assert run(main()) == ((price, 8), (price, 9))
    assert (shop.served, shop.queued) == (2, 0) and adds_up(shop)


def test_threads_that_wait_for_the_opening_share_the_places():
    shop = Shop("north", latency=1, capacity=2, closed=[(0, 5)])

    async def main():
        async def one():
            await asyncio.to_thread(shop.price_blocking, "tea")
            return now()

        return await asyncio.gather(*[one() for _ in range(4)])

    assert sorted(run(main())) == [6, 6, 7, 7]
    assert (shop.served, shop.queued, shop.in_flight) == (4, 0, 0)


# -- a bounded queue --------------------------------------------------------------------------------

def test_a_queue_with_so_many_places():
    shop = Shop("north", latency=1, capacity=1, queue_size=2)
    assert answers(shop, 0, 0.1, 0.2, 0.3, 1.1, 1.2) == [1, 2, 3, (0.3, "ShopBusy"), 4, (1.2, "ShopBusy")]
    assert (shop.requests, shop.served, shop.refused) == (6, 4, 2) and adds_up(shop)


def test_a_queue_without_places_is_a_shop_that_refuses():
    assert answers(Shop("north", latency=1, capacity=1, queue_size=0), 0, 0.5, 1.5) == [1, (0.5, "ShopBusy"), 2.5]


def test_a_queue_before_a_closed_shop_is_bounded_too():
    shop = Shop("north", latency=1, queue_size=1, closed=[(0, 2)])
    assert answers(shop, 0, 1, 3) == [3, (1, "ShopBusy"), 4]


def test_who_is_refused_learns_why():
    async def main():
        await asyncio.gather(*[shop.price("tea") for _ in range(5)])

    shop = Shop("north", capacity=1, queue_size=3)
    with pytest.raises(ShopBusy, match="north is busy: 3 requests may wait and do, and it refused the one for 'tea'"):
        run(main())
    shop = Shop("north", capacity=1, queue_size=1)
    with pytest.raises(ShopBusy, match="north is busy: 1 request may wait and does, and"):
        run(main())


# -- work that nobody waits for ---------------------------------------------------------------------

async def impatient(shop, patience):
    try:
        async with asyncio.timeout(patience):
            return await shop.price("tea")
    except TimeoutError:
        return None


def test_a_cancelled_request_keeps_its_place_in_the_shop():
    shop = Shop("north", latency=1, capacity=1, when_cancelled="finish")

    async def main():
        await impatient(shop, 0.4)
        assert (shop.in_flight, shop.dropped) == (1, 0)
        return await ask(shop)

    assert run(main())[0] == 2
    assert (shop.served, shop.wasted, shop.dropped) == (2, 1, 0) and adds_up(shop)


def test_a_cancelled_request_keeps_its_place_in_the_queue():
    shop = Shop("north", latency=1, capacity=1, when_cancelled="finish")

    async def main():
        results = await asyncio.gather(ask(shop), impatient(shop, 0.4), ask(shop))
        return results[0][0], results[2][0]

    assert run(main()) == (1, 3)
    assert (shop.served, shop.wasted, shop.in_flight) == (3, 1, 0) and adds_up(shop)


def test_by_default_a_cancelled_request_is_dropped():
    shop = Shop("north", latency=1, capacity=1)

    async def main():
        results = await asyncio.gather(ask(shop), impatient(shop, 0.4), ask(shop))
        return results[0][0], results[2][0]

    assert run(main()) == (1, 2)
    assert (shop.served, shop.wasted, shop.dropped) == (2, 0, 1) and adds_up(shop)


def test_a_request_that_fails_for_nobody_is_wasted_and_failed():
    shop = Shop("north", latency=1, failure_rate=1, when_cancelled="finish")

    async def main():
        await impatient(shop, 0.4)
        await asyncio.sleep(1)

    run(main())
    assert (shop.served, shop.wasted, shop.failed) == (1, 1, 1)


def test_in_real_time_too():
    shop = Shop("north", latency=0.05, capacity=1, when_cancelled="finish")

    async def main():
        await asyncio.gather(impatient(shop, 0.01), impatient(shop, 0.01))
        return await shop.price("tea")

    assert asyncio.run(main()) == shop.price_of("tea")
    assert (shop.served, shop.wasted, shop.in_flight) == (3, 2, 0)


def test_a_run_may_end_with_work_for_nobody_under_way():
    shop = Shop("north", latency=50, capacity=1, when_cancelled="finish")

    async def main():
        await asyncio.gather(*[impatient(shop, 0.4) for _ in range(3)])

    assert simulate(main()).elapsed == 0.4
    assert (shop.in_flight, shop.queued) == (1, 2) and adds_up(shop)
    assert simulate(Shop("north", latency=1, capacity=1, when_cancelled="finish").price("tea")).elapsed == 1


def test_a_retry_storm_outlives_its_cause_unless_the_queue_is_bounded():
    """30 a second is what the shop can do, and 24 are asked for; nothing is served from 20 to 30 s.

    Bronson and others, Metastable Failures in Distributed Systems, HotOS 2021.
    """
    def success(tries, **options):
        shop = Shop("north", latency=0.1, capacity=3, closed=[(20, 30)], when_cancelled="finish", **options)
        right = Counter()

        async def customer(at):
            await asyncio.sleep(at)
            for _ in range(tries):
                try:
                    async with asyncio.timeout(1):
                        await shop.price("tea")
                    right[int(at // 10)] += 1
                    return
                except (TimeoutError, ShopBusy):
                    pass

        async def main():
            await asyncio.gather(*[customer(n / 24) for n in range(24 * 100)])

        run(main())
        assert adds_up(shop) and shop.peak == 3
        return [round(right[part] / 240, 1) for part in (0, 1, 5, 9)]

    assert success(1) == [1, 1, 0, 1]                           # without retries it recovers
    assert success(2) == [1, 1, 0, 0]                           # with one retry it does not
    assert success(2, queue_size=20) == [1, 1, 1, 1]


# -- counting ---------------------------------------------------------------------------------------

def test_the_peak_of_requests_of_which_one_ends_when_the_other_begins():
    shop = Shop("north", latency=1)

    async def second(before):
        await asyncio.sleep(1)
        return await ask(shop)

    for first_asks_first in (True, False):
        async def main():
            tasks = [ask(shop), second(shop)]
            return await asyncio.gather(*(tasks if first_asks_first else tasks[::-1]))   # noqa: B023

        run(main())
        assert shop.peak == 1


@pytest.mark.parametrize("when", [0, 0.5])
def test_the_peak_of_a_request_that_is_cancelled_when_another_begins(when):
    shop = Shop("north", latency=1)

    async def main():
        task = asyncio.create_task(ask(shop))
        await asyncio.sleep(0)
        await asyncio.sleep(when)
        task.cancel()
        await ask(shop)
        return shop.peak

    assert run(main()) == 1
    assert (shop.served, shop.dropped) == (1, 1)


def test_requests_that_take_no_time_are_at_once_if_they_are():
    shop = Shop("north", latency=0)

    async def one_by_one():
        for _ in range(5):
            await shop.price("tea")

    async def at_once():
        await asyncio.gather(*[shop.price("tea") for _ in range(5)])

    run(one_by_one())
    assert shop.peak == 1
    run(at_once())
    assert shop.peak == 5


def test_reset_counts_those_who_come_after_it():
    shop = Shop("north", latency=1, capacity=1)

    async def main():
        old = [asyncio.create_task(ask(shop)) for _ in range(3)]
        await asyncio.sleep(0.5)
        shop.reset()
        old[2].cancel()
        await asyncio.gather(*old, ask(shop))

    run(main())
    assert (shop.requests, shop.served, shop.dropped, shop.peak) == (1, 1, 0, 1)


def test_a_shop_with_all_of_it_can_be_read_and_copied():
    shop = Shop("north", capacity=3, queue_size=20, slow=[(20, 30, 5)], closed=((40, math.inf),), when_closed="refuse",
                when_cancelled="finish")
    assert repr(shop) == ("Shop('north', latency=0.3, capacity=3, queue_size=20, slow=((20, 30, 5),), "
                          "closed=((40, inf),), when_closed='refuse', when_cancelled='finish')")
    for other in (copy.copy(shop), copy.deepcopy(shop), pickle.loads(pickle.dumps(shop))):
        assert repr(other) == repr(shop) and other.requests == 0


@pytest.mark.slow
@settings(deadline=None)
@given(data=st.data())
def test_the_counts_add_up_and_the_peak_is_true_whatever_happens(data):
    """Many instants are shared, on purpose: arrivals, ends and cancellations at whole and half seconds."""
    draw = data.draw
    half = st.integers(0, 12).map(lambda n: n / 2)
    stretch = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    capacity = draw(st.one_of(st.none(), st.integers(1, 3)))
    closed = draw(st.lists(stretch, max_size=2))
    queue_size = draw(st.one_of(st.none(), st.integers(0, 3))) if capacity is not None or closed else None
    shop = Shop(
        "north", latency=draw(st.sampled_from([0.5, 1, 2])), capacity=capacity, closed=closed, queue_size=queue_size,
        when_full=draw(st.sampled_from(["queue", "refuse"])) if queue_size is None else "queue",
        slow=[(*each, 2) for each in draw(st.lists(stretch, max_size=2))],
        when_closed=draw(st.sampled_from(["queue", "refuse"])),
        when_cancelled=draw(st.sampled_from(["drop", "finish"])), failure_rate=draw(st.sampled_from([0, 0.5])),
    )
    customers = draw(st.lists(st.tuples(half, st.one_of(st.none(), half)), max_size=12))
    began, served = {}, []

    class Noting(Desk):
        def serve(self, request):
            super().serve(request)
            began[request] = now()

        def leave(self, request, cancelled):
            if request in self.serving:
                served.append((began[request], now()))
            super().leave(request, cancelled)

    async def customer(at, patience):
        await asyncio.sleep(at)
        task = asyncio.create_task(ask(shop))
        if patience is not None:
            await asyncio.sleep(patience)
            task.cancel()
        await asyncio.wait([task])
        assert adds_up(shop)

    async def main():
        desk = shop._desk()
        desk.__class__ = Noting
        await asyncio.gather(*[customer(*each) for each in customers])
        await asyncio.sleep(100)

    run(main())
    assert adds_up(shop) and shop.in_flight == shop.queued == 0 and shop.requests == len(customers)
    assert shop.peak == most_at_once((begin, end) for begin, end in served if begin < end)
    assert capacity is None or shop.peak <= capacity
    assert shop.failed <= shop.served and shop.wasted <= shop.served


@pytest.mark.slow
def test_many_threads_lose_no_count():
    shop = Shop("north", latency=0.0005, capacity=3, queue_size=50, failure_rate=0.2)

    def work():
        for _ in range(20):
            try:
                shop.price_blocking("tea")
            except ShopError:
                pass

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.requests == 400 and adds_up(shop) and shop.in_flight == shop.queued == 0 and shop.peak <= 3
