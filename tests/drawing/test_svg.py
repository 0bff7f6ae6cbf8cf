"""Timelines as SVG: well-formed whatever the names, the same scale for runs side by side, few tasks to 10,000."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import subprocess
import sys
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from helpers import Shop, simulate
from helpers.drawing.palette import NUMBER, STATES
from helpers.drawing.svg import BrowserLetters, draw_svg
from helpers.recording import Recording, Span, Task

SVG = "{http://www.w3.org/2000/svg}"


def run_of(count, *, blocked=False):
    async def main():
        shop = Shop("north", jitter="uniform")

        async def get_price(number):
            price = await shop.price(f"item {number}")
            if blocked and number == 0:
                time.sleep(0.5)
            return price

        return await asyncio.gather(*[get_price(number) for number in range(count)])

    return simulate(main())


def parsed(drawing):
    return ElementTree.fromstring(drawing.text)


def texts(drawing):
    return [element.text for element in parsed(drawing).iter(f"{SVG}text")]


@pytest.mark.parametrize("count", [1, 5, 21, 22, 300, 3_000])
def test_size_does_not_depend_on_the_number_of_tasks(count):
    drawing = draw_svg([("", run_of(count))], lanes=280)
    root = parsed(drawing)
    assert (int(root.get("width")), int(root.get("height"))) == (drawing.layout.width, drawing.layout.height)
    assert drawing.layout.height < 280 + 200
    assert len(drawing.text) < 300_000


def test_time_stands_where_the_drawing_says():
    run = run_of(3)
    drawing = draw_svg([("", run)])
    assert drawing.layout.x(0) == drawing.layout.left
    assert drawing.layout.x(run.end) == drawing.layout.left + drawing.layout.columns
    waits = [r for r in parsed(drawing).iter(f"{SVG}rect") if r.get("fill") == STATES[NUMBER["network"]].colour]
    lanes = waits[1:]                                   # the first is in the key
    for task, rect in zip(run.tasks[1:], lanes, strict=True):
        assert float(rect.get("x")) == pytest.approx(drawing.layout.x(0), abs=0.1)
        right = float(rect.get("x")) + float(rect.get("width"))
        assert right == pytest.approx(drawing.layout.x(task.finished), abs=0.2)


def test_runs_side_by_side_have_one_axis():
    short, long = simulate(asyncio.sleep(1)), simulate(asyncio.sleep(4))
    drawing = draw_svg([("A", short), ("B", long)])
    assert drawing.layout.span == 4
    rects = [r for r in parsed(drawing).iter(f"{SVG}rect") if r.get("fill") == STATES[NUMBER["clock"]].colour][1:]
    one, four = (float(r.get("width")) for r in rects)
    assert four == pytest.approx(4 * one, abs=0.3)
    assert {"A", "B", "1 s", "4 s"} <= set(texts(drawing))


def test_hostile_names_are_only_text():
    spans = (Span("run", 0, 0, step=0), Span("wait", 0, 1, "<b>&\"'"), Span("run", 1, 1, step=1))
    task = Task(0, "</svg><script>\x1b[31m", "x", None, 0.0, 1.0, "exception", "<i>&\x00", spans)
    drawing = draw_svg([("<u>&", Recording((task,), 1.0, error="x"))], alt='"><script>')
    root = parsed(drawing)
    assert not [e for e in root.iter() if "script" in e.tag]
    assert root.get("aria-label") == '"><script>'
    assert "<u>&" in texts(drawing)


def test_states_are_told_in_words():
    drawing = draw_svg([("", run_of(4, blocked=True))])
    words = " ".join(filter(None, texts(drawing)))
    for state in ("blocking the loop", "ready but kept waiting", "waiting for the network", "blocked 0.5 s, line ",
                  "request"):
        assert state in words
    assert "url(#wyw-ready)" in drawing.text


def test_a_queue_has_one_word_whatever_the_room():
    spans = (Span("wait", 0, 3, "queue get"), Span("wait", 3, 4, "queue put"), Span("wait", 4, 4.2, "queue put"),
             Span("wait", 4.2, 9, "sleep"), Span("wait", 9, 9.4, "request"))
    run = Recording((Task(0, "main", "main", None, 0.0, 9.4, "result", "", spans),), 9.4)
    assert [word for word in texts(draw_svg([("", run)])) if word in ("queue get", "queue put", "put", "get", "sleep",
                                                                      "request")] == ["get", "put", "sleep"]


def test_endings_have_a_mark():
    async def fail():
        await asyncio.sleep(0.5)
        raise ValueError("no tea")

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(1), name="north")
            group.create_task(fail(), name="south")

    drawing = draw_svg([("", simulate(main()))])
    marked = [e for e in parsed(drawing).iter(f"{SVG}text") if e.find(f"{SVG}title") is not None]
    marks = [(e.text, e.find(f"{SVG}title").text) for e in marked]
    assert marks[1:] == [("⊘", "cancelled"), ("✕", "failed: ValueError: no tea")]


def test_many_lanes_are_an_image_of_the_states():
    run = run_of(1_000)
    drawing = draw_svg([("", run)], lanes=200, width=640)
    data = re.search(r'href="data:image/png;base64,([^"]+)"', drawing.text)[1]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    assert pixels.shape == (200, drawing.layout.columns, 3)
    network = [int(STATES[NUMBER["network"]].colour[i : i + 2], 16) for i in (1, 3, 5)]
    early = run.end * 0.2                               # before the first answer: all wait for the network
    assert np.abs(pixels[5:, int(early / run.end * drawing.layout.columns)].astype(int) - network).max() <= 2
    assert (pixels[5:, -3] > 200).mean() > 0.9          # at the end nearly all are gone


def test_run_that_takes_no_time():
    drawing = draw_svg([("", simulate(asyncio.sleep(0)))])
    assert drawing.layout.span == 1 and {"sleep", "0 s", "running"} <= set(texts(drawing))


def test_worker_threads_have_lanes_and_an_entry_in_the_key():
    async def main():
        await asyncio.gather(asyncio.to_thread(time.sleep, 0.3), asyncio.sleep(0.1))

    drawing = draw_svg([("", simulate(main()))])
    assert {"worker thread", "a worker thread at work"} <= set(texts(drawing))
    bars = [rect for rect in parsed(drawing).iter(f"{SVG}rect") if rect.get("fill") == "url(#wyw-worker)"]
    assert len(bars) == 2, "in the key, and one call"
    assert BrowserLetters().measure("worker thread 60", "name") + 8 < drawing.layout.left
    assert float(bars[1].get("width")) == pytest.approx(drawing.layout.columns, abs=0.1)


def test_nothing_needs_matplotlib():
    code = (
        "import sys\n"
        "from helpers import simulate\n"
        "from helpers.drawing.svg import draw_svg\n"
        "import asyncio\n"
        "async def main():\n"
        "    await asyncio.gather(*(asyncio.sleep(n) for n in range(100)))\n"
        "draw_svg([('', simulate(main()))])\n"
        "assert not [name for name in sys.modules if name.startswith('matplotlib')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_same_run_same_drawing():
    assert draw_svg([("", run_of(30))]).text == draw_svg([("", run_of(30))]).text
