"""Runs that the tests of several modules look at, and how they read a replay."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
from html import unescape
from typing import Any

from helpers import Shop
from helpers.recording import Recording, Span, Task
from helpers.widgets.replay.replay import Replay


def made(*tasks: tuple[Span, ...], clock: str = "virtual", outcomes: str = "") -> Recording:
    """A run by hand: tasks with the given spans; the first is main, which made the others."""
    rows = []
    for number, spans in enumerate(tasks):
        outcome = {"p": "pending", "c": "cancelled", "e": "exception"}.get(outcomes[number : number + 1], "result")
        end = None if outcome == "pending" else spans[-1].end
        error = "ValueError: no tea" if outcome == "exception" else ""
        parent = 0 if number else None
        rows.append(Task(number, f"task {number}", "get_price", parent, spans[0].start, end, outcome, error, spans))
    return Recording(tuple(rows), max(spans[-1].end for spans in tasks), clock)



async def get_price(shop: Shop) -> int:
    return await shop.price("tea")


async def ask_both(south: str = "south") -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(get_price(Shop("north", latency=0.3)), name="north")
        group.create_task(get_price(Shop("south", latency=0.2)), name=south)


async def crowd(number: int = 300) -> None:
    desk = asyncio.Semaphore(10)

    async def ask(shop: Shop) -> None:
        async with desk:
            await shop.price("tea")

    async with asyncio.TaskGroup() as group:
        for shop in Shop.many(number):
            group.create_task(ask(shop), name=shop.name)


def text(html: str) -> str:
    """The text of a piece of HTML."""
    return unescape(re.sub("<[^>]*>", "", html))


def content(replay: Replay) -> dict[str, Any]:
    """What the script of a replay unpacks: the shell, and what each step shows."""
    packed = re.search(r'<script type="application/json">([^<]*)</script>', replay.html())
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def said(replay: Replay, step: int) -> str:
    """The sentence of a step."""
    return text(content(replay)["steps"][step - 1]["said"])


def body(replay: Replay, step: int) -> str:
    """The HTML of a step, apart from its sentence."""
    return content(replay)["steps"][step - 1]["body"]
