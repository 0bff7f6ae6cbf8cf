"""A library that is none: its functions are compiled as if they stood in a file of an installed package."""

import os
import sysconfig
from types import SimpleNamespace

PACKAGES = sysconfig.get_path("purelib")


def library(source: str, name: str = "tealib") -> SimpleNamespace:
    """What a module of this library with this source holds."""
    space: dict[str, object] = {"__name__": name}
    exec(compile(source, os.path.join(PACKAGES, name, "core.py"), "exec"), space)
    return SimpleNamespace(**{key: value for key, value in space.items() if not key.startswith("__")})


TEA = library("""
import asyncio, time

async def polls(seconds=0.01):
    await asyncio.sleep(seconds)

async def brews(seconds):
    await asyncio.get_running_loop().run_in_executor(None, time.sleep, seconds)

def starts(coro):
    return asyncio.get_running_loop().create_task(coro)

async def is_ready(seconds=0.01):
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, future.set_result, "tea")
    return await future

async def boils(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

async def serves(*handlers):
    for handler in handlers:
        await handler()

async def stirs(handler):
    return await handler()

def has_served(*handlers):
    return starts(serves(*handlers))

async def calls(handler):
    return await handler()

class Bell:
    def __init__(self):
        self.future = asyncio.get_running_loop().create_future()
    def __await__(self):
        return (yield from self.future)
""")
