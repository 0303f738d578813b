"""A layer's kernels as pictures: in the colours they see where they see colour, as signed maps otherwise."""

import math

import numpy as np
from numpy.typing import NDArray

from .colormaps import Colormap
from .drawing import Paint, columns_for, gap_between, paint, wall_png
from .tone import Tone

COLOUR = 3
WHITE = (255, 255, 255)
LARGEST_SCALE, COMFORTABLE_SIDE = 16, 1024


def filters_png(
    kernels: NDArray[np.float32],
    colormap: Colormap,
    *,
    index: int | None = None,
    scale: int | None = None,
    max_pixels: int,
) -> bytes:
    """Kernels, C_out×C_in×kH×kW (C_in is that of a group), as PNG; with `index` that filter alone.

    Where C_in is 3, every filter is one RGB picture, 128 + 127·w/max|w| with the maximum over the filter: zero
    is mid-grey, and filters differ in sign and colour, not in strength. Otherwise a filter is a row of its C_in
    slices in `colormap` (a diverging one), and all filters, one below the other, are the matrix that they are;
    `index` lays the slices of one filter in rows. A filter has one symmetric scale over all of its slices.

    A linear layer's rows come as units×C×H×W of the volume that they look at. Without `scale` each weight is the
    largest whole number of pixels, up to 16, that keeps the picture within 1,024. Raises `OverLimit` above
    `max_pixels`, naming what would fit.
    """
    if index is not None:
        kernels = kernels[index : index + 1]
    count, depth, height, width = kernels.shape
    entries = Tone(signed=True).entries(kernels.reshape(count, depth * height, width)).reshape(kernels.shape)
    if depth == COLOUR:
        columns = columns_for(count)
        cells = Paint(entries.transpose(0, 2, 3, 1), np.array(WHITE, dtype=np.uint8), None)
    else:
        columns = depth if index is None else columns_for(depth)
        cells = paint(entries.reshape(count * depth, height, width), colormap.table)
    chosen = scale or _comfortable_scale(len(cells.cells), columns, height, width)
    return wall_png(cells, columns, chosen, max_pixels=max_pixels)


def _comfortable_scale(count: int, columns: int, height: int, width: int) -> int:
    rows, gap = math.ceil(count / columns), gap_between(height, width)
    fitting = min((COMFORTABLE_SIDE // rows - gap) // height, (COMFORTABLE_SIDE // columns - gap) // width)
    return max(1, min(LARGEST_SCALE, fitting))
