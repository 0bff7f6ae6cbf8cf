"""The source that a replay shows: which lines of which files, and in colours."""

from __future__ import annotations

import asyncio

import pytest

from helpers import simulate
from helpers.recording import Place, Recording, Span
from helpers.widgets.replay.listing import Listing, title
from tests.widgets.runs import ask_both, made, text

SOURCE = """\
import asyncio

async def get_price(shop):

    cents = await ask(shop)
    return cents


async def unused():
    pass


async def main():
    await get_price(1)
""".splitlines(keepends=True)


def reads(file: str) -> list[str]:
    return SOURCE if file == "shop.py" else []


def run_at(*places: Place) -> Recording:
    spans = [Span("run", 0.0, 0.0, step=0)]
    for number, place in enumerate(places, 1):
        time = float(number)
        spans += [Span("wait", time - 1, time, "sleep", (), place), Span("run", time, time, step=number)]
    return made(tuple(spans))


def test_listing_has_the_functions_involved_and_no_others():
    listing = Listing(run_at(Place("shop.py", 5, "get_price")), reads)
    assert listing.files == ["shop.py"] and [line.number for line in listing.lines] == [3, 4, 5, 6]
    assert listing.home("get_price") == (0, 3) and listing.spot(Place("shop.py", 5, "get_price")) == (0, 5)
    assert listing.home("main") is None and listing.spot(Place("other.py", 5, "x")) is None


def test_source_that_cannot_be_parsed_is_shown_around_the_places():
    listing = Listing(run_at(Place("shop.py", 5, "get_price")), lambda file: ["%load_ext helpers\n"] + SOURCE[1:])
    assert [line.number for line in listing.lines] == [3, 4, 5, 6, 7]


def test_source_that_is_not_there_or_of_another_version_is_missing():
    listing = Listing(run_at(Place("gone.py", 5, "get_price"), Place("shop.py", 600, "get_price")), reads)
    assert sorted(listing.missing) == ["gone.py", "shop.py"] and listing.lines == []


def test_own_source_is_found():
    listing = Listing(simulate(ask_both()))
    texts = [line.text for line in listing.lines]
    assert texts[0] == "async def get_price(shop: Shop) -> int:"
    assert 'async def ask_both(south: str = "south") -> None:' in texts
    assert len(texts) == 8


def test_excerpt_keeps_the_marked_lines_in_the_room_there_is():
    long = ["async def get_price():\n"] + [f"    line_{number} = 1\n" for number in range(2, 60)]
    listing = Listing(run_at(Place("shop.py", 50, "get_price")), lambda file: long)
    assert len(listing.lines) == 59
    for room in (8, 15):
        shown = listing.excerpt([(0, 30)], room)
        numbers = [line.number for line in shown if line]
        assert len(shown) <= room and {1, 30, 50} <= set(numbers) and len(numbers) > room // 2
        assert numbers == sorted(numbers) and shown.count(None) >= 2
    assert listing.excerpt([], 100) == listing.lines


@pytest.mark.parametrize(("file", "words"), [
    ("/tmp/ipykernel_12/345.py", "cell"), (r"C:\Temp\ipykernel_12\345.py", "cell"), ("/home/me/shop.py", "shop.py"),
])
def test_titles_of_files(file, words):
    assert title(file) == words


def test_strings_of_several_lines_have_their_colour_on_each_of_them():
    source = ["async def get_price():\n", '    """Ask\n', "    # twice\n", '    """\n', "    await price\n"]
    listing = Listing(run_at(Place("shop.py", 5, "get_price")), lambda file: source)
    assert [text(line.html) for line in listing.lines] == [line.text for line in listing.lines]
    assert all('class="wyw-string"' in line.html for line in listing.lines[1:4])
    assert "wyw-string" not in listing.lines[4].html


def test_lines_that_are_no_neighbours_are_coloured_apart():
    """A line that begins a string, in code that cannot be parsed, does not colour what stands far below."""
    source = ['text = """\n', *["more\n"] * 30, "await price\n"]
    listing = Listing(run_at(Place("shop.py", 1, "<module>"), Place("shop.py", 32, "<module>")), lambda file: source)
    assert "wyw-string" in listing.lines[0].html
    assert '<span class="wyw-keyword">await</span> price' in listing.lines[-1].html


def test_files_stand_in_the_order_in_which_the_tasks_came_to_them():
    """In every process: the order of a set depends on how strings are hashed there."""
    functions: dict[str, object] = {}
    for number in range(8):
        exec(compile(f"async def step_{number}():\n    await asyncio.sleep(1)\n", f"cell_{number}.py", "exec"),
             {"asyncio": asyncio}, functions)

    async def main():
        for function in functions.values():
            await asyncio.create_task(function())

    listing = Listing(simulate(main()), lambda file: ["async def step():", "    await asyncio.sleep(1)"] * 100)
    assert [file for file in listing.files if file.startswith("cell_")] == [f"cell_{n}.py" for n in range(8)]
