"""What tasks are called."""

import asyncio

from tests.recorder.programs import BOTH, NEVER, SOON, nap


@BOTH
def test_names(run):
    async def get_price():
        await asyncio.sleep(0)

    async def main():
        late = asyncio.create_task(get_price())
        async with asyncio.TaskGroup() as group:
            for name in ("north", None, None, "north"):
                group.create_task(get_price(), name=name)
            late.set_name("set later")
        await late

    names = [task.name for task in run(main()).tasks]
    assert names == ["main", "set later", "north", "get_price", "get_price 2", "north"]


@BOTH
def test_what_is_called_like_a_default_name_only_if_it_is_one(run):
    class Shop:
        async def price(self):
            pass

    async def main():
        await asyncio.create_task(Shop().price())
        await asyncio.create_task(nap(), name="Task-force")

    assert [task.name for task in run(main()).tasks] == ["main", "Shop.price", "Task-force"]


@BOTH
def test_a_name_set_by_a_task_that_is_left_behind(run):
    async def child():
        asyncio.current_task().set_name("still here")
        await asyncio.sleep(NEVER)

    async def main():
        keep.append(asyncio.create_task(child()))
        await asyncio.sleep(SOON)

    keep = []
    assert [task.name for task in run(main()).tasks] == ["main", "still here"]
