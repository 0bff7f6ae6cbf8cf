"""What a cell of a notebook finds without importing it, and an answer finds too: `display` and `get_ipython`.

An answer runs in a plain Python process. There `display` prints, which is what it does outside of notebooks;
`get_ipython` gives something that refuses magics by name.
"""

from __future__ import annotations

import builtins
from typing import Any, NoReturn

from helpers.checker.expect import shown
from helpers.virtual import NotSimulated

WIDTH = 1_000                   # characters of one object


def display(*objects: Any, **options: Any) -> None:
    """Print each object in a line, as a cell would show it in plain text; the options of IPython's are taken."""
    for thing in objects:
        print(thing if type(thing) is str else shown(thing, WIDTH))


class NoShell:
    """Stands for IPython in the process of an answer."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotSimulated(f"an answer is checked in a plain Python process, where IPython's get_ipython().{name} and "
                           "magics such as %time do not exist: leave them out of the function")


def get_ipython() -> NoShell:
    """What a magic in a function asks for."""
    return NoShell()


def provide() -> None:
    """Let every module of this process find them."""
    for name, thing in (("display", display), ("get_ipython", get_ipython)):
        setattr(builtins, name, thing)
