"""The end of widgets: close one with all that belongs to it, and what an earlier run of the same cell made.

ipywidgets keeps every widget that is not closed, with its comm to the browser. A cell that is run again would
leave the widgets of its last run behind.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ipywidgets import Widget


class Closable(Protocol):
    """What has an end; to close it twice is harmless."""

    def close(self) -> None: ...


def close_all(root: Widget) -> None:
    """Close a widget, its children, and the layouts and styles of all of them."""
    widgets, found = [root], {id(root)}
    for widget in widgets:
        parts = [*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)]
        for part in parts:
            if hasattr(part, "comm") and id(part) not in found:
                found.add(id(part))
                widgets.append(part)
    for widget in widgets:
        widget.close()
        widget.unobserve_all()          # else what listens to it, and it, keep each other alive


def running_shell() -> Any:
    """The shell of IPython that runs this code, or None; IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def running_cell() -> str | None:
    """The id of the cell that is now running, where the page says so, as JupyterLab does; elsewhere None."""
    try:
        return running_shell().get_parent()["metadata"]["cellId"]
    except (AttributeError, KeyError, LookupError, TypeError):      # no notebook, or a page that does not say it
        return None


def close_with_cell(thing: Closable) -> None:
    """Have a thing closed when the cell that is now running is run again.

    Which cell that is is known where the page says so, as JupyterLab does; elsewhere nothing happens.
    """
    _cells.note(thing)


class _Cells:
    """What the cells of a notebook have made, by the id of the cell."""

    def __init__(self) -> None:
        self.made: dict[str | None, list[Closable]] = {}
        self.shell: Any = None              # the one that tells when a cell begins

    def note(self, thing: Closable) -> None:
        shell, cell = running_shell(), running_cell()
        if cell is None:
            return
        if self.shell is not shell:
            self.shell = shell
            shell.events.register("pre_run_cell", self.cell_begins)
        self.made.setdefault(cell, []).append(thing)

    def cell_begins(self, info: Any) -> None:
        for thing in self.made.pop(getattr(info, "cell_id", None), ()):
            thing.close()
        if not self.made:
            self.shell.events.unregister("pre_run_cell", self.cell_begins)
            self.shell = None


_cells = _Cells()
