"""The laboratory of the course: simulated I/O, a recorder of tasks, virtual time, timelines.

    from helpers import Shop, record, simulate, compare

    run = await record(main())      # real time, on the notebook's own loop
    run = simulate(main())          # virtual time: instant, exact
    run                             # last in a cell: its timeline

The parts, from the top down. Each imports only from those below it (a Recording that shows itself is the exception):

    script      python -m helpers script.py: a script runs as it is, and its loops are recorded
    exercises   the exercises of the lessons, and checker: it runs an answer elsewhere and says what is wrong with it
    widgets     what moves in JupyterLab: lab, heartbeat, replay, await_tree; notebook: %load_ext helpers, predict,
                search
    drawing     a Recording as a picture: one layout, painted as PNG and as SVG; a deadlock, and a chain of awaits
    simulated_io, virtual      shops to ask, and an event loop with an exact clock of its own
    recorder    watches a running event loop, and makes a Recording of what it saw
    observations               what is seen in a Recording, in words
    recording   plain data, and text_twin, the same in characters; on wait_kinds, words, arguments, markup, source_html
"""

# Nothing in this file is newer than Python 2.7, so that any Python can read it as far as the next lines.
import sys

if sys.version_info < (3, 11):
    raise ImportError(
        "The course needs Python 3.11 or newer, and this is Python %d.%d.%d (%s).\n"
        "Start it as its README.md says: make lab, or the commands for Windows or conda. In VS Code choose the\n"
        "environment .venv as the kernel of the notebook." % (sys.version_info[:3] + (sys.executable,))
    )

from importlib import import_module
from typing import TYPE_CHECKING

from helpers.drawing.timeline import compare
from helpers.recorder import record
from helpers.recording import Recording
from helpers.simulated_io import Shop, ShopBusy, ShopError
from helpers.virtual import Deadlock, Endless, NotSimulated, VirtualTimeLoop, simulate

if TYPE_CHECKING:
    from helpers.drawing.bars import draw_bars
    from helpers.drawing.chain import draw_chain
    from helpers.drawing.curves import draw_curves
    from helpers.drawing.deadlock import who_waits
    from helpers.drawing.figure import show
    from helpers.drawing.queues import draw_queues
    from helpers.drawing.series import draw_series
    from helpers.notebook.environment import check_environment
    from helpers.notebook.extension import load_ipython_extension, unload_ipython_extension
    from helpers.notebook.progress import progress
    from helpers.notebook.search import search
    from helpers.notebook.show_error import show_error
    from helpers.widgets.await_tree import await_tree
    from helpers.widgets.heartbeat import heartbeat
    from helpers.widgets.lab import lab

__all__ = [
    "Deadlock", "Endless", "NotSimulated", "Recording", "Shop", "ShopBusy", "ShopError", "VirtualTimeLoop",
    "await_tree", "check_environment", "compare", "draw_bars", "draw_chain", "draw_curves", "draw_queues",
    "draw_series", "heartbeat", "lab", "load_ipython_extension", "progress", "record", "search", "show", "show_error",
    "simulate", "unload_ipython_extension", "who_waits",
]

# What a process that runs an answer has no use for is imported when somebody asks for it (PEP 562).
_LATE = {
    "await_tree": "widgets.await_tree",
    "check_environment": "notebook.environment",
    "draw_bars": "drawing.bars",
    "draw_chain": "drawing.chain",
    "draw_curves": "drawing.curves",
    "draw_queues": "drawing.queues",
    "draw_series": "drawing.series",
    "heartbeat": "widgets.heartbeat",
    "lab": "widgets.lab",
    "load_ipython_extension": "notebook.extension",
    "progress": "notebook.progress",
    "search": "notebook.search",
    "show": "drawing.figure",
    "show_error": "notebook.show_error",
    "unload_ipython_extension": "notebook.extension",
    "who_waits": "drawing.deadlock",
}


def __getattr__(name):
    if name not in _LATE:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    value = globals()[name] = getattr(import_module("." + _LATE[name], __name__), name)
    return value


def __dir__():
    return sorted(set(globals()).union(__all__))
