"""Answers to the exercises of lesson 11."""

from tests.exercises.battery.answers import hostile, right, wrong

ANSWERS = [
    right("get_prices", "a task group", """
        async def get_prices(connect, items, limit):
            async def ask(item):
                async with session.get(item) as response:
                    return None if response.status == 404 else await response.json()

            async with connect(limit=limit) as session:
                async with asyncio.TaskGroup() as group:
                    tasks = {item: group.create_task(ask(item)) for item in items}
            return {item: task.result() for item, task in tasks.items() if task.result() is not None}
        """),
    right("get_prices", "a semaphore beside the pool of 100", """
        async def get_prices(connect, items, limit):
            slots = asyncio.Semaphore(limit)

            async def ask(session, item):
                async with slots, session.get(item) as response:
                    return item, response.status, await response.json()

            async with connect() as session:
                answers = await asyncio.gather(*[ask(session, item) for item in items])
            return {item: cents for item, status, cents in answers if status == 200}
        """),
    right("get_prices", "workers", """
        async def get_prices(connect, items, limit):
            prices, left = {}, list(reversed(items))

            async def work(session):
                while left:
                    item = left.pop()
                    async with session.get(item) as response:
                        if response.status == 200:
                            prices[item] = await response.json()

            async with connect(limit=limit) as session:
                await asyncio.gather(*[work(session) for _ in range(limit)])
            return prices
        """),
    right("get_prices", "closed in a finally, read before the status is looked at", """
        async def get_prices(connect, items, limit):
            session = connect(limit=limit)
            prices = {}

            async def ask(item):
                response = await session.get(item)
                cents = await response.json()
                if response.status != 404:
                    prices[item] = cents

            try:
                await asyncio.gather(*map(ask, items))
            finally:
                await session.close()
            return prices
        """),
    wrong("get_prices", "asks after the block", """
        async def get_prices(connect, items, limit):
            async def ask(session, item):
                async with session.get(item) as response:
                    return await response.json()

            async with connect(limit=limit) as session:
                pass
            return dict(zip(items, await asyncio.gather(*[ask(session, item) for item in items])))
        """, "inside the block"),
    wrong("get_prices", "tasks that nobody waits for in the block", """
        async def get_prices(connect, items, limit):
            async def ask(session, item):
                async with session.get(item) as response:
                    return await response.json()

            async with connect(limit=limit) as session:
                tasks = [asyncio.create_task(ask(session, item)) for item in items]
            return {item: await task for item, task in zip(items, tasks)}
        """, "inside the block"),
    wrong("get_prices", "gives a list", """
        async def get_prices(connect, items, limit):
            async def ask(session, item):
                async with session.get(item) as response:
                    return await response.json()

            async with connect(limit=limit) as session:
                return await asyncio.gather(*[ask(session, item) for item in items])
        """, "320"),
    wrong("get_prices", "in batches", """
        async def get_prices(connect, items, limit):
            prices = {}

            async def ask(session, item):
                async with session.get(item) as response:
                    if response.status != 404:
                        prices[item] = await response.json()

            for first in range(0, len(items), limit):
                async with connect(limit=limit) as session:
                    await asyncio.gather(*[ask(session, item) for item in items[first:first + limit]])
            return prices
        """, "one session"),
    hostile("get_prices", "asks for ever", """
        async def get_prices(connect, items, limit):
            async with connect(limit=limit) as session:
                while True:
                    async with session.get(items[0]) as response:
                        await response.json()
        """),
    hostile("get_prices", "sets the shop's limit itself", """
        async def get_prices(connect, items, limit):
            connect.__self__.most = 10 ** 6
            connect.__self__.sessions = []
            return {item: 0 for item in items}
        """),
    right("save", "executemany", """
        async def save(database, lock, rows):
            async with lock:
                try:
                    await database.executemany("insert into prices values (?, ?)", rows)
                    await database.commit()
                except BaseException:
                    await database.rollback()
                    raise
        """),
    right("save", "a flag and a finally", """
        async def save(database, lock, rows):
            await lock.acquire()
            done = False
            try:
                for shop, cents in rows:
                    await database.execute("insert into prices (shop, cents) values (?, ?)", (shop, cents))
                await database.commit()
                done = True
            finally:
                try:
                    if not done:
                        await database.rollback()
                finally:
                    lock.release()
        """),
    right("save", "an asynccontextmanager", """
        import contextlib

        @contextlib.asynccontextmanager
        async def transaction(database, lock):
            async with lock:
                try:
                    yield database
                    await database.commit()
                except BaseException:
                    await database.rollback()
                    raise

        async def save(database, lock, rows):
            async with transaction(database, lock):
                for row in rows:
                    await database.execute("insert into prices values (?, ?)", row)
        """),
    wrong("save", "an asynccontextmanager that commits in an else", """
        import contextlib

        @contextlib.asynccontextmanager
        async def transaction(database, lock):
            async with lock:
                try:
                    yield database
                except BaseException:
                    await database.rollback()
                    raise
                else:
                    await database.commit()

        async def save(database, lock, rows):
            async with transaction(database, lock):
                for row in rows:
                    await database.execute("insert into prices values (?, ?)", row)
        """, "a commit can fail"),
    wrong("save", "all rows at the same time, with a rollback too early", """
        async def save(database, lock, rows):
            async with lock:
                try:
                    async with asyncio.TaskGroup() as group:
                        for row in rows:
                            group.create_task(database.execute("insert into prices values (?, ?)", row))
                    await database.commit()
                except sqlite3.Error:
                    await database.rollback()
                    raise
        """),
    wrong("save", "rolls back only after an IntegrityError", """
        async def save(database, lock, rows):
            async with lock:
                try:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                    await database.commit()
                except sqlite3.IntegrityError:
                    await database.rollback()
                    raise
        """, "except baseexception"),
    wrong("save", "commits in a finally", """
        async def save(database, lock, rows):
            async with lock:
                try:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                finally:
                    await database.commit()
        """, "failed save"),
    wrong("save", "releases the lock before the commit", """
        async def save(database, lock, rows):
            try:
                async with lock:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                await database.commit()
            except BaseException:
                await database.rollback()
                raise
        """),
    wrong("save", "leaves the lock held", """
        async def save(database, lock, rows):
            await lock.acquire()
            try:
                for row in rows:
                    await database.execute("insert into prices values (?, ?)", row)
                await database.commit()
            except BaseException:
                await database.rollback()
                raise
            lock.release()
        """, "lock"),
    hostile("save", "closes the database", """
        async def save(database, lock, rows):
            database._connection.close()
        """),
    hostile("save", "drops the table", """
        async def save(database, lock, rows):
            await database.execute("drop table prices")
            await database.commit()
        """),
    right("answer_lines", "for over the reader", """
        async def answer_lines(reader, writer, prices):
            try:
                async for line in reader:
                    cents = prices.get(line.decode().rstrip("\\n"))
                    writer.write(b"unknown\\n" if cents is None else b"%d\\n" % cents)
                    await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()
        """),
    right("answer_lines", "an exit stack", """
        from contextlib import AsyncExitStack

        async def answer_lines(reader, writer, prices):
            async with AsyncExitStack() as stack:
                stack.push_async_callback(writer.wait_closed)
                stack.callback(writer.close)
                while not reader.at_eof():
                    line = await reader.readline()
                    if line:
                        writer.write(str(prices.get(line.strip().decode(), "unknown")).encode() + b"\\n")
                    await writer.drain()
        """),
    right("answer_lines", "drain before the write", """
        async def answer_lines(reader, writer, prices):
            try:
                while True:
                    await writer.drain()
                    item = (await reader.readline()).decode()
                    if not item:
                        break
                    writer.writelines([str(prices.get(item[:-1], "unknown")).encode(), b"\\n"])
            finally:
                writer.close()
                await writer.wait_closed()
        """),
    wrong("answer_lines", "reads everything, answers at once", """
        async def answer_lines(reader, writer, prices):
            try:
                items = (await reader.read()).decode().split()
                writer.write("".join(f"{prices.get(item, 'unknown')}\\n" for item in items).encode())
                await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()
        """, "drain"),
    wrong("answer_lines", "answers with a text", """
        async def answer_lines(reader, writer, prices):
            async for line in reader:
                writer.write(prices[line.decode().strip()])
        """),
    wrong("answer_lines", "closes only after an exception", """
        async def answer_lines(reader, writer, prices):
            try:
                async for line in reader:
                    writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                    await writer.drain()
            except BaseException:
                writer.close()
                await writer.wait_closed()
                raise
        """, "finally"),
    wrong("answer_lines", "closes after the first answer", """
        async def answer_lines(reader, writer, prices):
            try:
                line = await reader.readline()
                writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()
        """, "320"),
    hostile("answer_lines", "waits for a close that nobody asks for", """
        async def answer_lines(reader, writer, prices):
            await writer.wait_closed()
        """),
    hostile("answer_lines", "feeds itself", """
        async def answer_lines(reader, writer, prices):
            while True:
                reader._buffer.extend(b"tea" * 1000)
                await asyncio.sleep(0)
        """),
    right("get_prices", "asks whether the answer is ok", """
        async def get_prices(connect, items, limit):
            async def ask(item):
                async with session.get(item) as response:
                    return (item, await response.json()) if response.ok else None

            async with connect(limit=limit) as session:
                return dict(filter(None, await asyncio.gather(*map(ask, items))))
        """),
    right("get_prices", "raise_for_status, and what fails is left out", """
        async def get_prices(connect, items, limit):
            prices = {}

            async def ask(session, item):
                async with session.get(item) as response:
                    response.raise_for_status()
                    prices[item] = await response.json()

            async with connect(limit=limit) as session:
                await asyncio.gather(*[ask(session, item) for item in items], return_exceptions=True)
            return prices
        """),
    right("save", "rolls back what the commit has not ended", """
        async def save(database, lock, rows):
            async with lock:
                try:
                    for row in rows:
                        await database.execute("insert into prices values (?, ?)", row)
                    await database.commit()
                finally:
                    await database.rollback()
        """),
    wrong("save", "puts the values into the statement", """
        async def save(database, lock, rows):
            async with lock:
                try:
                    for shop, cents in rows:
                        await database.execute(f"insert into prices values ({shop!r}, {cents!r})")
                    await database.commit()
                except BaseException:
                    await database.rollback()
                    raise
        """, "second argument"),
    wrong("answer_lines", "stops only at at_eof", """
        async def answer_lines(reader, writer, prices):
            try:
                while not reader.at_eof():
                    item = (await reader.readline()).decode().strip()
                    writer.write(str(prices.get(item, "unknown")).encode() + b"\\n")
                    await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()
        """, "is the end"),
    wrong("answer_lines", "with writer", """
        async def answer_lines(reader, writer, prices):
            with writer:
                async for line in reader:
                    writer.write(f"{prices.get(line.decode().strip(), 'unknown')}\\n".encode())
                    await writer.drain()
        """, "finally"),
]
