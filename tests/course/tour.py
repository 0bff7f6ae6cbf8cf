"""A notebook in which everything that the course shows is on the page at once."""

CELLS = {
    "title": "# Everything that the course shows",
    "setup": """%load_ext helpers
import asyncio, time
from helpers import *
from helpers.exercises import lesson_00 as exercises
north, south = Shop("north", latency=0.3), Shop("south", latency=0.2)""",
    "programs": """async def get_price(shop, item):
    return await shop.price(item)

async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(get_price(north, "tea"), name="north")
        group.create_task(get_price(south, "tea"), name="south")

async def both(first, second):
    async with first:
        await asyncio.sleep(1)
        async with second:
            pass

async def dead():
    a, b = asyncio.Lock(), asyncio.Lock()
    await asyncio.gather(both(a, b), both(b, a))

async def endless():
    while True:
        await asyncio.sleep(1)

async def reads_a_file():
    await asyncio.create_subprocess_exec("true")

async def later():
    loop, name = asyncio.get_running_loop(), "late" + "comer"
    loop.call_later(1, lambda: made.append(loop.create_task(get_price(north, "tea"), name=name)))
    await asyncio.sleep(2)

made = []
locked = simulate(dead())
run = simulate(main())""",
    "timeline": "run",
    "compare": 'compare({"one": simulate(get_price(north, "tea")), "both": run})',
    "deadlock": "locked",
    "who-waits": "who_waits(locked)",
    "endless": "simulate(endless())",
    "not-simulated": "simulate(reads_a_file())",
    "bars": 'draw_bars({"call": 3e-8, "task": 2e-6}, what="time", unit="s", scale="log")',
    "curves": 'draw_curves({"law": {1: 1.0, 100: 50.3}}, across="shops", up="times as fast", title="The law")',
    "queues": 'draw_queues({"at the start": {"ready queue": ["north"], "timers": []}}, title="A loop")',
    "series": 'draw_series({"no retry": [100, 0, 47], "one retry": [100, 0, 0]}, step=10, what="answered, in %")',
    "replay": "run.replay()",
    "replay-later": "simulate(later()).replay()",
    "lab": "lab()",
    "lab-fails": 'lab(requests=20, failure_rate=1.0, strategy="gather", errors="raised", jitter="none")',
    "heartbeat": "pulse = heartbeat()\npulse",
    "heartbeat-over": """with heartbeat() as gap:
    await asyncio.sleep(0.5)
    time.sleep(0.4)
    await asyncio.sleep(0.2)
gap""",
    "question": "exercises.predict_together",
    "untried": "async def tea_and_coffee(shop):\n    ...\n\nexercises.tea_and_coffee.check(tea_and_coffee)",
    "wrong": """async def tea_and_coffee(shop):
    return shop.price("tea") + shop.price("coffee")

exercises.tea_and_coffee.check(tea_and_coffee)""",
    "constant": "async def tea_and_coffee(shop):\n    return 770\n\nexercises.tea_and_coffee.check(tea_and_coffee)",
    "right": """async def tea_and_coffee(shop):
    return await shop.price("tea") + await shop.price("coffee")

exercises.tea_and_coffee.check(tea_and_coffee)""",
    "hint": "exercises.tea_and_coffee.hint()",
    "solution": "exercises.tea_and_coffee.solution()",
    "progress": "progress()",
    "tree": "run.await_tree(at=0.1)",
    "explain": "run.explain()",
    "end": "## The end",
}
PICTURES = ("timeline", "compare", "deadlock", "who-waits", "endless", "not-simulated", "bars", "curves", "series",
            "heartbeat-over", "solution")
INSTRUMENTS = ("replay", "lab", "heartbeat")
