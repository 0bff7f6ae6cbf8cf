"""How many tasks are in which state, from bin to bin of time: the image of many lanes, and the layers of the curve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.drawing.lanes import Panel
from helpers.drawing.palette import INK, PAPER, STATES, STRIPES, State

GAP = 4                         # pixels of height from which on lanes have a gap between them
FLAG, CHEQUER = 12, 3           # pixels of width of the mark at the end of a failed task, and of its squares


class Layer(NamedTuple):
    """The tasks in one state over time: in each bin between `bottom` and `top`."""

    state: State
    bottom: np.ndarray
    top: np.ndarray


def coverage(rows: np.ndarray, count: int, start: np.ndarray, end: np.ndarray, until: float, bins: int) -> np.ndarray:
    """How much of each bin of time the intervals [start, end) cover: an array of `count` rows, `bins` columns.

    Exact: an interval adds to its first and last bin the share that it covers, and one to those
    between. Written as differences from bin to bin, at four places per interval; their running sum is it.
    """
    first, last = (np.clip(times * (bins / until), 0, bins) for times in (start, end))
    i, j = first.astype(int), last.astype(int)
    width = bins + 2
    base = np.concatenate([rows * width + i, rows * width + i + 1, rows * width + j, rows * width + j + 1])
    change = np.concatenate([1 - (first - i), first - i, (last - j) - 1, j - last])
    difference = np.bincount(base, change, minlength=count * width).reshape(count, width)
    return np.cumsum(difference, axis=1)[:, :bins]


def raster(panel: Panel, span: float, columns: int) -> np.ndarray:
    """The image of many lanes, `columns` pixels for `span` seconds: rows of red, green, blue and opacity, 0 to 255.

    A row of pixels shows the share of its tasks in each state: its colour is the mean of theirs. Where nothing is, the
    image is transparent.
    """
    tasks, spans = len(panel.run.tasks), panel.spans
    rows = min(tasks, panel.height)
    row = spans.lane * rows // tasks
    per_row = np.bincount(np.arange(tasks) * rows // tasks, minlength=rows)[:, None].astype(np.float32)
    image = np.ones((3, rows, columns), np.float32)         # three planes: numpy is slow in steps of three
    seen, striped = np.zeros((2, rows, columns), bool)
    for number in np.unique(spans.state).tolist():
        own, state = spans.state == number, STATES[number]
        share = coverage(row[own], rows, spans.start[own], spans.end[own], span, columns) / per_row
        colour = _rgb(state.colour)[:, None, None]
        if state.name == "running":             # every turn is seen, however short
            column = np.minimum((spans.start[own] * (columns / span)).astype(int), columns - 1)
            turns = np.bincount(row[own] * columns + column, minlength=rows * columns).reshape(rows, columns)
            share = np.maximum(share, np.minimum(turns / per_row, 1) * (1.0 if rows == tasks else 0.6))
            image += share * (colour - image)
        else:
            # steps of 1/32 cannot be told apart, and make a smaller file
            share = np.round(np.minimum(share, 1) * 32) / 32
            image += share * (colour - 1)
        seen |= share > 0
        if state.name == "ready":
            striped = share > 0.5
    _flags(image, seen, panel, span, per_row)
    return _lines(np.stack([*_bytes(np.clip(image, 0, 1)), _bytes(seen)], 2), striped, panel.height)


def _flags(image: np.ndarray, seen: np.ndarray, panel: Panel, span: float, per_row: np.ndarray) -> None:
    """Mark the ends of failed tasks, in place: a chequered flag, the paler the fewer tasks of its row have failed."""
    if not panel.failed:
        return
    _, rows, columns = image.shape
    failed = [panel.run.tasks[number] for number in panel.failed]
    ends = np.array([(task.created if task.finished is None else task.finished) for task in failed])
    last = np.clip(np.ceil(ends * (columns / span)), min(FLAG, columns), columns)
    row = np.array([task.id for task in failed]) * rows // len(panel.run.tasks)
    share = coverage(row, rows, last - FLAG, last, columns, columns) / per_row
    share = np.where(share > 0, np.maximum(share, 0.5), 0).astype(np.float32)       # seen, however few they are
    high = panel.height / rows                  # pixels of height of a row
    y, x = np.ogrid[:rows, :columns]
    dark = (x // CHEQUER + (y * high / CHEQUER).astype(int)) % 2 == 0
    for plane, ink, paper in zip(image, _rgb(INK), _rgb(PAPER)):
        plane += share * (np.where(dark, ink, paper) - plane)
    seen |= share > 0


def _lines(image: np.ndarray, striped: np.ndarray, height: int) -> np.ndarray:
    """The image with a line of pixels for each of `height`, with stripes where they belong, and gaps between lanes."""
    rows, columns = striped.shape
    line = np.arange(height) * rows // height               # the row that a line of pixels belongs to
    found = image[line]
    if striped.any():
        y, x = np.ogrid[:height, :columns]
        found[striped[line] & ((x + y) % 7 < 2), :3] = _bytes(_rgb(STRIPES["ready"]))
    if height >= GAP * rows:
        found[np.append(line[1:] != line[:-1], True)] = 0
    return found


def _bytes(values: np.ndarray) -> np.ndarray:
    """0 to 255 for values from 0 to 1."""
    return (values * 255 + 0.5).astype(np.uint8)


def _rgb(colour: str) -> np.ndarray:
    """Red, green and blue, 0 to 1, of a colour written as #rrggbb."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


def layers(panel: Panel, span: float, bins: int) -> list[Layer]:
    """Tasks under way by state, one on top of the other, without the main one, which waits for all of them."""
    spans = panel.spans.of(panel.spans.lane > 0)
    total = np.zeros(bins)
    found = []
    for number in np.unique(spans.state).tolist():
        own = spans.of(spans.state == number)
        more = coverage(np.zeros(len(own.lane), int), 1, own.start, own.end, span, bins)[0]
        found.append(Layer(STATES[number], total, total + more))
        total = total + more
    return found
