"""Figures on their way to the notebook: a PNG with the words that a picture needs, an alternative text and a text twin.

    figure = Figure(figsize=(9.2, 4), layout="constrained")     # from matplotlib.figure, not from pyplot
    axes = figure.subplots()
    ...
    show(figure, alt="Speed-up over the number of shops: ...", text=table)

`show` is for pictures that are no timelines, such as a law drawn over measured points. A figure that the inline backend
of Jupyter shows by itself has neither an alternative text nor a text twin.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from helpers.arguments import choice, instance
from helpers.drawing.palette import DPI

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Bundle = tuple[dict[str, str], dict[str, dict[str, Any]]]


def bundle(figure: Figure, *, alt: str, text: str, clock: str) -> Bundle:
    """What Jupyter shows of a figure that was drawn on a `canvas`: data by type, and what is to be known of it.

    alt, text   as of `show`
    clock       "virtual" if every run draws the same picture, "real" if it shows measured durations, or "mixed"
    """
    from helpers.drawing import canvas

    return _bundle(canvas.png(figure), figure, alt, text, clock)


def _bundle(png: bytes, figure: Figure, alt: str, text: str, clock: str) -> Bundle:
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    data = {"text/plain": text, "image/png": base64.b64encode(png).decode("ascii")}
    return data, {"image/png": {"alt": alt, "clock": clock, "width": width, "height": height}}


def display(shown: Bundle) -> None:
    """Show a bundle in the cell that is running."""
    import IPython.display

    data, metadata = shown
    IPython.display.display(data, metadata=metadata, raw=True)


def show(figure: Figure, *, alt: str, text: str, clock: str = "virtual") -> None:
    """Show a matplotlib figure, as it is, in the cell that is running.

    alt    the alternative text, which says what there is to see; the same on every machine
    text   the text twin, which stands for the picture where there are no pictures, and is compared in tests
    clock  "virtual" if every run draws the same picture; "real" if it shows durations that were measured, so that
           `make refresh` stores a new picture only if the text twin has changed

    Raises TypeError if `figure` is something else, ValueError if words are missing.
    """
    from matplotlib.figure import Figure

    from helpers.drawing import canvas

    call = 'show(figure, alt="what there is to see", text="the same in characters")'
    hint = "; the figure of axes is axes.figure" if hasattr(figure, "figure") else ""
    instance(figure, Figure, "show() takes a matplotlib Figure", f"write {call}{hint}")
    for name, words in (("alt", alt), ("text", text)):
        if not isinstance(words, str) or not words.strip():
            raise ValueError(f"{name} is what the figure says in words, and got {words!r}; write {call}")
    choice("clock", clock, ("real", "virtual"), write='show(..., clock="real")')
    display(_bundle(canvas.own_png(figure), figure, alt, text, clock))
