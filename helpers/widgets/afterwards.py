"""An instrument on the page: its widgets, and what stays of it when the kernel behind them is gone.

Widgets live as long as their kernel. After a restart, or when a saved notebook is opened the next day, JupyterLab has
dead buttons for them, or the line "Error displaying widget: model not found". So an instrument shows itself as two
outputs: the widgets, and below them HTML with its picture, its text twin, and a line that says to run the cell again.

While the widgets are alive, a style sheet hides the HTML (`afterwards.css`); when they are not, it hides them, or, on a
page that was open all the time, their controls. A page that is not trusted, an exported one, and an editor without
these styles show the HTML, and its line is true there, too. A script (`instrument.js`) does on the living page what
ipywidgets cannot: names for sliders, for example. Both stand in the HTML, since nothing else is sure to be there.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from helpers.drawing.figure import Bundle
from helpers.markup import joined, tag
from helpers.widgets.cleanup import running_cell

if TYPE_CHECKING:
    from ipywidgets import Widget

VIEW = "application/vnd.jupyter.widget-view+json"
RUN_AGAIN = ("If no controls are here, the kernel behind them was restarted or has ended: run the first cell of the "
             "notebook, which loads the tools, and then run this cell again.")
LIVE = "wyw-live"           # the widgets of an instrument: `afterwards.css` and `instrument.js` look for it
MOVES = "wyw-moves"         # of what is of no use without a kernel
TELLS = "wyw-tells"         # of widgets.HTML whose news a screen reader is told
STRIPPED = "wyw-of-page"    # styles and script, which a stored notebook is without: tests/sanitize.cfg


class Shown:
    """An instrument that was displayed: two outputs of the cell that was running."""

    def __init__(self, root: Widget, name: str, kept: Bundle, words: str = "") -> None:
        """Display `root`, and what stays of it.

        name    of the instrument, for a screen reader
        kept    what stays: a picture, if it has one, and the text twin
        words   what is to be known of it, before the line that says to run the cell again
        """
        from IPython.display import display  # late: a program that shows no widget does without

        self.name = name
        _make_live(root)
        view = root._repr_mimebundle_()
        # no text/plain: it would stand beside what the HTML says
        display({VIEW: view[VIEW]} if VIEW in view else view, raw=True)
        data, metadata = self._with_html(kept, words)
        # An update finds its output by the id. Only a page has use for one: what a notebook stores is what the cell
        # showed when it was run.
        on_page = running_cell() is not None
        self._handle = display(data, metadata=metadata, raw=True, display_id=True if on_page else None)

    def keep(self, kept: Bundle, words: str = "") -> None:
        """What stays from now on."""
        if self._handle is not None:
            data, metadata = self._with_html(kept, words)
            self._handle.update(data, metadata=metadata, raw=True)

    def _with_html(self, kept: Bundle, words: str) -> Bundle:
        data, metadata = kept
        return {**data, "text/html": str(_html(self.name, kept, words))}, metadata


def _make_live(root: Any) -> None:
    """Mark the widgets, and give them an answer to the page's question whether their kernel is there."""
    import ipywidgets as widgets

    if LIVE in root._dom_classes:
        return                      # they are displayed once more
    root.add_class(LIVE)
    hidden = {"display": "none"}
    ask, answer = widgets.Button(description="Is the kernel there?", layout=hidden), widgets.HTML("0", layout=hidden)
    ask.add_class("wyw-ask")
    answer.add_class("wyw-answer")

    def count(_: Any) -> None:
        answer.value = str(int(answer.value) + 1)

    ask.on_click(count)
    root.children = [*root.children, ask, answer]


def _html(name: str, kept: Bundle, words: str) -> Markup:
    data, _ = kept
    kept_parts = [Markup(data.get("text/html", "")), tag("pre", data["text/plain"]), tag("p", words)]
    stays = tag("div", tag("div", *kept_parts, class_="wyw-kept"), tag("p", RUN_AGAIN), class_="wyw-afterwards")
    return joined([_page_part("style", "afterwards.css"), stays,
                   _page_part("script", "instrument.js", f"({json.dumps(name)});")])


def _page_part(element: str, file: str, end: str = "") -> Markup:
    text = files("helpers.widgets").joinpath(file).read_text(encoding="utf-8").strip()
    return Markup(f'<{element} class="{STRIPPED}">\n{text}{end}</{element}>')
