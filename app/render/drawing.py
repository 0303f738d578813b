"""Cells of pixels laid out and written as PNG files; it does not know what the cells mean."""

import math
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import OverLimit
from .colormaps import ENTRIES

INK = (128, 128, 128)
"""Gaps and the hatch of dead maps: apart from both ends of every coloured map, on light and dark pages."""
GAP = 2
HATCH = 6
"""Pixels from one diagonal line of a dead map to the next."""
COMPRESS_LEVEL = 3
"""Measured on walls of VGG-16: higher levels save 0–2 % of the bytes and take up to 1.6 times as long."""


@dataclass(frozen=True, slots=True)
class Paint:
    """Cells ready to be laid out: palette indices N×H×W, or colours N×H×W×3 where `palette` is None.

    `ink` is the value, an index or a colour, of what is not a cell.
    """

    cells: NDArray[np.uint8]
    ink: NDArray[np.uint8]
    palette: bytes | None


def paint(entries: NDArray[np.uint8], table: NDArray[np.uint8]) -> Paint:
    """Entries N×H×W in the colours of `table` (256×3), with one more colour for ink.

    A palette has 256 places. Where the entries in use have that many colours already, cells are RGB:
    larger files, the same pixels.
    """
    used = np.zeros(ENTRIES, dtype=bool)
    for cell in entries:
        used[cell] = True
    colors, places = np.unique(table[used], axis=0, return_inverse=True)
    if len(colors) == ENTRIES:
        return Paint(table[entries], np.array(INK, dtype=np.uint8), None)
    index = np.zeros(ENTRIES, dtype=np.uint8)
    index[used] = places.ravel()
    return Paint(index[entries], np.array(len(colors), dtype=np.uint8), colors.tobytes() + bytes(INK))


def wall_png(
    cells: Paint, columns: int, scale: int, *, max_pixels: int, hatched: NDArray[np.bool_] | None = None
) -> bytes:
    """A PNG of N cells in rows of `columns`, each pixel `scale` wide and high, gaps of 2 pixels between cells.

    Cells of a single pixel stand without gaps. `hatched` (bool N) cells get diagonal lines of ink. Places left
    over are ink. Raises `OverLimit` above `max_pixels`, with the scale that would fit.
    """
    count, height, width = cells.cells.shape[:3]
    rows, gap = math.ceil(count / columns), gap_between(height, width)
    check_picture(rows * (height * scale + gap) - gap, columns * (width * scale + gap) - gap, scale, max_pixels)
    large = enlarge(cells.cells, scale)
    if hatched is not None and gap:
        _hatch(large, hatched, cells.ink)
    return to_png(_lay_out(large, columns, gap, cells.ink), cells.palette)


def columns_for(count: int) -> int:
    """Columns of a wall of `count` cells: full rows up to twice as wide as high where there are such, else a square."""
    least = math.ceil(math.sqrt(count))
    full = (columns for columns in range(least, math.isqrt(4 * count) + 1) if count % columns == 0)
    return next(full, least)


def gap_between(height: int, width: int) -> int:
    """Pixels between cells of this size."""
    return 0 if height == width == 1 else GAP


def check_picture(height: int, width: int, scale: int, max_pixels: int) -> None:
    """Raise `OverLimit` for a picture of more than `max_pixels`, with the scale that would fit."""
    if height * width <= max_pixels:
        return
    fitting = int(scale * math.sqrt(max_pixels / (height * width)))
    raise OverLimit(
        f"The picture would have {width:,}×{height:,} = {height * width:,} pixels; at most {max_pixels:,} are drawn.",
        where="scale",
        expected=f"scale={fitting}" if fitting else "one map or filter alone, or format=npy",
        limit=max_pixels,
    )


def enlarge(cells: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Each pixel of N×H×W or N×H×W×3 cells `scale` times in both directions."""
    return cells.repeat(scale, axis=1).repeat(scale, axis=2)


def to_png(canvas: NDArray[np.uint8], palette: bytes | None) -> bytes:
    """A PNG of palette indices H×W, or of RGB H×W×3 without a palette."""
    image = Image.fromarray(np.ascontiguousarray(canvas))
    if palette is not None:
        image.putpalette(palette)
    file = BytesIO()
    image.save(file, "PNG", compress_level=COMPRESS_LEVEL)
    return file.getvalue()


def _lay_out(cells: NDArray[np.uint8], columns: int, gap: int, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, height, width, *color = cells.shape
    down, across = height + gap, width + gap
    canvas = np.empty((math.ceil(count / columns) * down, columns * across, *color), dtype=np.uint8)
    canvas[...] = ink
    for k, cell in enumerate(cells):
        top, left = k // columns * down, k % columns * across
        canvas[top : top + height, left : left + width] = cell
    return canvas[: len(canvas) - gap, : columns * across - gap]


def _hatch(cells: NDArray[np.uint8], hatched: NDArray[np.bool_], ink: NDArray[np.uint8]) -> None:
    """Diagonal lines, rising to the right, over the chosen cells; changes `cells`."""
    height, width = cells.shape[1:3]
    lines = np.add.outer(np.arange(height), np.arange(width)) % HATCH == 0
    for k in np.flatnonzero(hatched):
        cells[k][lines] = ink
