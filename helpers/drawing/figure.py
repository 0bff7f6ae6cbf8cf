"""Pictures that are no timelines, such as a law drawn over measured points, with the words that a picture needs.

    figure = Figure(figsize=(9.2, 4), layout="constrained")     # from matplotlib.figure, not from pyplot
    axes = figure.subplots()
    ...
    show(figure, alt="Speed-up over the number of shops: ...", text=table)

A figure that the inline backend of Jupyter shows by itself has neither an alternative text nor a text twin.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from helpers.arguments import choice, instance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110           # dots per inch, as timelines have: a figure 9.2 inches wide fills the text column of a notebook


def show(figure: Figure, *, alt: str, text: str, clock: str = "virtual") -> None:
    """Show a matplotlib figure in the cell that is running.

    alt    the alternative text, which says what there is to see; the same on every machine
    text   the text twin, which stands for the picture where there are no pictures, and is compared in tests
    clock  "virtual" if every run draws the same picture; "real" if it shows durations that were measured, so that
           `make refresh` stores a new picture only if the text twin has changed

    Raises TypeError if `figure` is something else, ValueError if words are missing.
    """
    from matplotlib.figure import Figure

    call = 'show(figure, alt="what there is to see", text="the same in characters")'
    hint = "; the figure of axes is axes.figure" if hasattr(figure, "figure") else ""
    instance(figure, Figure, "show() takes a matplotlib Figure", f"write {call}{hint}")
    for name, words in (("alt", alt), ("text", text)):
        if not isinstance(words, str) or not words.strip():
            raise ValueError(f"{name} is what the figure says in words, and got {words!r}; write {call}")
    choice("clock", clock, ("real", "virtual"), write='show(..., clock="real")')

    from IPython.display import display

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})      # no version of matplotlib in it
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    display(
        {"text/plain": text, "image/png": base64.b64encode(buffer.getvalue()).decode("ascii")},
        metadata={"image/png": {"alt": alt, "clock": clock, "width": width, "height": height}},
        raw=True,
    )
