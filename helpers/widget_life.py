"""The end of widgets: close one with all that belongs to it, and what an earlier run of the same cell made.

ipywidgets keeps every widget that is not closed, with its comm to the browser. A cell that is run again would
leave the widgets of its last run behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ipywidgets import Widget


class Closable(Protocol):
    """What has an end; to close it twice is harmless."""

    def close(self) -> None: ...


_made: dict[str, tuple[str, list[Closable]]] = {}       # cell -> its last execution, and what it made


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


def replace_earlier(thing: Closable) -> None:
    """Note what the running cell makes, and close what an earlier run of this cell has made.

    Which cell is running is known where the page says so, as JupyterLab does; elsewhere nothing is closed.
    """
    cell, execution = _running_cell()
    if not cell:
        return
    before, things = _made.get(cell, ("", []))
    if before != execution:
        for old in things:
            old.close()
        things = []
    _made[cell] = (execution, [*things, thing])


def _running_cell() -> tuple[str, str]:
    """The ids of the cell and of its execution; empty if there is none."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    try:
        request = shell.get_parent()        # of a kernel; a terminal has none
    except (AttributeError, LookupError):
        return "", ""
    request = request or {}
    return (request.get("metadata") or {}).get("cellId") or "", (request.get("header") or {}).get("msg_id") or ""
