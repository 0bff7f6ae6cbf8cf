"""What pictures are made on: letters, colours, and PNGs that depend on nothing else."""

from __future__ import annotations

import numpy as np

from helpers.drawing import canvas


def test_frequent_colours_stay_exact():
    """The palette of 256 keeps the frequent colours, and moves rare ones only a little."""
    image = np.full((300, 300), 0xFFFFFF, np.uint32)
    image[:200] = 0x8459DB
    image[0] = np.arange(300) << 8                      # three hundred rare colours
    indices, colours = canvas._palette(image)
    shown = colours[indices]
    assert (shown[1:200] == [0x84, 0x59, 0xDB]).all() and (shown[200:] == 255).all()
    exact = np.stack([image >> 16, image >> 8 & 255, image & 255], 2)
    assert np.abs(shown.astype(int) - exact).max() <= 45
