"""aiosqlite: a database in a thread of its own."""

import asyncio

import aiosqlite

from tests.libraries.programs import check, every_wait, lanes, others, recorded, waits

MANY = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select count(*) from n"


async def count(database):
    async with database.execute(MANY) as cursor:
        return (await cursor.fetchone())[0]


async def rows(database):
    return [row async for row in await database.execute("select 1 union select 2")]


def test_queries():
    async def main():
        async with aiosqlite.connect(":memory:") as database:
            found = await asyncio.gather(count(database), rows(database))
            await database.commit()
            return found

    run = recorded(main)
    check(run)
    assert run.result == [100000, [(1,), (2,)]]
    assert lanes(run) == ["main", "count", "rows"] and others(run) == set()
    assert every_wait(run) == {"gather", "database"}
    assert waits(run, "count") == waits(run, "rows") == {"database"}
