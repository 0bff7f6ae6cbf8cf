"""Figures on their way to the notebook: with the words that a picture needs, an alternative text and a text twin.

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
from helpers.drawing.palette import DPI, LINE, PAPER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Bundle = tuple[dict[str, str], dict[str, dict[str, Any]]]
# White paper in a frame: on a dark page it is meant to be there. Every property is one that JupyterLab lets through in
# a notebook that is not trusted.
FRAME = (f"display: inline-block; box-sizing: border-box; max-width: 100%; margin: 2px 0; padding: 6px; "
         f"background: {PAPER}; border: 1px solid {LINE}; border-radius: 6px")
IMAGE = "display: block; max-width: 100%; height: auto"


def bundle(figure: Figure, *, alt: str, text: str, clock: str, svg: str = "") -> Bundle:
    """What Jupyter shows of a figure that was drawn on a `canvas`: data by type, and what is to be known of it.

    alt, text   as of `show`
    clock       "virtual" if every run draws the same picture, "real" if it shows measured durations, or "mixed"
    svg         the same picture as SVG, if there is one: a page prefers it, since it is sharp at any size

    JupyterLab shows a PNG without its alternative text, and so does what nbconvert exports. So there is HTML, too,
    which they prefer.
    """
    from helpers.drawing import canvas

    return _bundle(canvas.png(figure), figure, alt, text, clock, svg)


def _bundle(png: bytes, figure: Figure, alt: str, text: str, clock: str, svg: str = "") -> Bundle:
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    image = base64.b64encode(png).decode("ascii")
    data = {"text/html": framed(image, width, height, alt, svg), "image/png": image, "text/plain": text}
    return data, {"image/png": {"alt": alt, "clock": clock, "width": width, "height": height}}


def framed(png: str, width: int, height: int, alt: str, svg: str = "") -> str:
    """A picture in its frame, as HTML: its PNG in base64, and its SVG where the page knows what to do with that."""
    from helpers.markup import tag  # late: the first notebook says that packages are missing, if they are

    vector = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')} 1x" if svg else None
    image = tag("img", alt=alt, width=width, height=height, style=IMAGE, srcset=vector,
                src=f"data:image/png;base64,{png}")
    return str(tag("div", image, class_="wyw-picture", style=FRAME))


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
