"""Draw the picture at the top of the README, from a run in virtual time: `python -m tools.picture`.

The program stands in the README below its picture, and is run from there: what is shown is what was drawn. `--check`
writes nothing, and exits with 1 if the alternative text, which says what the run was like, is out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from helpers.drawing.canvas import png
from helpers.drawing.timeline import draw, mimebundle
from helpers.recording import Recording
from tools import ROOT
from tools.regions import replace_region

PICTURE = "notebooks/pictures/timeline.png"
PROGRAM = '''\
import asyncio, time
from helpers import Shop, simulate

north, south, east = Shop("north", latency=0.3), Shop("south", latency=0.5), Shop("east", latency=0.9)

async def ask(shop):
    return await shop.price("tea")

async def report():
    await asyncio.sleep(0.2)
    time.sleep(0.25)                    # blocks the loop: nobody else can run

async def watch():
    async with asyncio.TaskGroup() as group:
        for shop in (north, south, east):
            group.create_task(ask(shop), name=shop.name)
        group.create_task(report())

run = simulate(watch())
'''


def run_program() -> Recording:
    """The recording that the program in the README makes."""
    namespace: dict = {"__name__": "readme"}
    exec(compile(PROGRAM, "README.md", "exec"), namespace)
    return namespace["run"]


def region(run: Recording) -> str:
    """What stands in the README: the picture with its alternative text, and the program."""
    _, metadata = mimebundle(run)
    alt = re.sub(r"[\[\]\n]", " ", metadata["image/png"]["alt"])
    said = "The picture is a run of this program, in virtual time:"
    return f"![{alt}]({PICTURE})\n\n{said}\n\n```python\n{PROGRAM}run\n```"


def main(arguments: list[str], root: Path = ROOT) -> int:
    run = run_program()
    readme = root / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = replace_region(old, "picture", region(run))
    if "--check" in arguments:
        if new != old or not (root / PICTURE).exists():
            print("README.md: the picture is out of date: run python -m tools.picture")
            return 1
        return 0
    readme.write_text(new, encoding="utf-8", newline="\n")
    (root / PICTURE).parent.mkdir(exist_ok=True)
    (root / PICTURE).write_bytes(png(draw(run)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
