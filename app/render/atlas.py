"""Maps as PNG files: one map, or a layer's wall of all maps; every value has exactly the colour of its entry."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .colormaps import Colormap
from .drawing import check_picture, columns_for, enlarge, paint, to_png, wall_png
from .tone import Tone


def map_png(
    maps: NDArray[np.float32], index: int, colormap: Colormap, tone: Tone, *, scale: int = 1, max_pixels: int
) -> bytes:
    """Map `index` of a layer, C×H×W, as a palette PNG of `scale`·H × `scale`·W, nearest neighbour.

    The whole layer is given so that `tone.normalize == "layer"` has its meaning. On a diverging colour map zero
    is the middle, also where nothing is negative. Raises `OverLimit` above `max_pixels`.
    """
    tone = tone_on(colormap, tone)
    one = maps[index : index + 1]
    check_picture(one.shape[1] * scale, one.shape[2] * scale, scale, max_pixels)
    reach = tone.reach(maps if tone.normalize == "layer" else one)[:1]
    return to_png(enlarge(tone.entries_within(one, reach), scale)[0], colormap.table.tobytes())


def atlas_png(
    maps: NDArray[np.float32],
    colormap: Colormap,
    tone: Tone,
    *,
    scale: int = 1,
    columns: int | None = None,
    max_pixels: int,
) -> bytes:
    """All maps of a layer, C×H×W, in rows of `columns` (by default full rows, near a square), gaps of 2 pixels.

    A map that is zero everywhere is hatched. Maps of a single value stand side by side without gaps or hatch.
    On a diverging colour map zero is the middle, also where nothing is negative. Raises `OverLimit` above
    `max_pixels`, naming what would fit.
    """
    columns = min(columns or columns_for(len(maps)), len(maps))
    cells = paint(tone_on(colormap, tone).entries(maps), colormap.table)
    return wall_png(cells, columns, scale, max_pixels=max_pixels, hatched=(maps == 0).all(axis=(1, 2)))


def tone_on(colormap: Colormap, tone: Tone) -> Tone:
    """The tone that a colour map is used with: on a diverging one zero is the middle, whatever the values' signs."""
    return replace(tone, signed=True) if colormap.kind == "diverging" else tone
