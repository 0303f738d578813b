"""A map, or a layer's wall of maps, laid out for print with its colour scale and its words; it writes no file format.

Lengths are points, from the upper left corner.
"""

import textwrap
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .atlas import atlas_png, map_png, tone_on
from .colormaps import Colormap
from .drawing import gap_between, to_png
from .tone import Tone

MARGIN = 24.0
TITLE_SIZE, TEXT_SIZE = 14.0, 9.0
LINE = 1.4
"""Height of a line, in sizes of its letters."""
MEAN_ADVANCE = 0.52
"""Mean width of a letter, in its size: what lines are broken by, since the reader's system chooses the typeface."""
LEAST_WIDTH, WIDEST, ENLARGED_TO = 360.0, 640.0, 480
"""The narrowest text column; how far large pictures are reduced and small ones enlarged when no scale is given."""
BAR_WIDTH, BAR_HEIGHT = 320.0, 10.0

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text whose baseline is at `y`."""

    x: float
    y: float
    text: str
    size: float = TEXT_SIZE
    anchor: Anchor = "start"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG stretched over a rectangle, every pixel a sharp box."""

    x: float
    y: float
    width: float
    height: float
    png: bytes


@dataclass(frozen=True, slots=True)
class Figure:
    """A page of pictures and lines of text; `description` says it for those who cannot see it."""

    width: float
    height: float
    title: str
    description: str
    pictures: tuple[Picture, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """What the colours mean: the bar's pixels, its labels with their places from 0 to 1, the scale in a sentence."""

    png: bytes
    labels: tuple[tuple[float, Anchor, str], ...]
    sentence: str


def layer_figure(
    maps: NDArray[np.float32],
    colormap: Colormap,
    tone: Tone,
    *,
    index: int | None,
    title: str,
    caption: str,
    scale: int = 1,
    max_pixels: int,
) -> Figure:
    """Map `index` of a layer, C×H×W, or all of its maps, at `scale` points a value.

    With a `scale` of 1, small pictures are enlarged by a whole number to at most 480 points, wide ones reduced to 640.
    Below the picture stand the colour scale, its scope, the smallest and largest value, and `caption`. Raises
    `OverLimit` for a picture of more than `max_pixels`.
    """
    if index is None:
        png = atlas_png(maps, colormap, tone, max_pixels=max_pixels)
    else:
        png = map_png(maps, index, colormap, tone, max_pixels=max_pixels)
    legend = _legend(maps, index, colormap, tone_on(colormap, tone))
    shown = maps if index is None else maps[index : index + 1]
    return _lay_out(png, scale, legend, title, [legend.sentence, *_words(shown, wall=index is None), caption])


def printed(value: float) -> str:
    """A value as figures print it: up to six digits, with a true minus."""
    return f"{value:.6g}".replace("-", "−")


def _legend(maps: NDArray[np.float32], index: int | None, colormap: Colormap, tone: Tone) -> Legend:
    entries = np.arange(1 if tone.signed else 0, 256, dtype=np.uint8)
    bar = to_png(entries[np.newaxis], colormap.table.tobytes())
    reach = tone.reach(maps)
    own = index is None and tone.normalize == "map"
    labels = _labels("largest" if own else printed(float(reach[index or 0])), signed=tone.signed)
    return Legend(bar, labels, _sentence(tone, wall=index is None))


def _labels(end: str, *, signed: bool) -> tuple[tuple[float, Anchor, str], ...]:
    """Zero and the ends of the bar; zero alone where nothing else is there."""
    zero: tuple[float, Anchor, str] = (0.5, "middle", "0") if signed else (0.0, "start", "0")
    if end == "0":
        return (zero,)
    return ((0.0, "start", f"−{end}"), zero, (1.0, "end", end)) if signed else (zero, (1.0, "end", end))


def _sentence(tone: Tone, *, wall: bool) -> str:
    """Whose largest value the scale ends at."""
    largest = "largest magnitude, on both sides of zero" if tone.signed else "largest value"
    if tone.normalize == "layer":
        return f"{'All maps share one scale; it' if wall else 'The scale'} ends at the layer's {largest}."
    return f"{'Each map has a scale of its own that' if wall else 'The scale'} ends at the map's {largest}."


def _words(maps: NDArray[np.float32], *, wall: bool) -> list[str]:
    """What the numbers are, and what of them the picture cannot show as it is."""
    finite = maps[np.isfinite(maps)]
    lines = [f"Values from {printed(finite.min())} to {printed(finite.max())}."] if finite.size else []
    dead = int((maps == 0).all(axis=(1, 2)).sum())
    if wall and dead and gap_between(*maps.shape[1:]):
        lines.append(f"{dead:,} of {len(maps):,} maps are zero everywhere (hatched).")
    if missing := maps.size - finite.size:
        lines.append(f"{missing:,} values are not finite: NaN is shown as zero, infinity as the end of the scale.")
    return [" ".join(lines)]


def _lay_out(png: bytes, scale: int, legend: Legend, title: str, paragraphs: list[str]) -> Figure:
    with Image.open(BytesIO(png)) as opened:
        columns, rows = opened.size
    points = float(scale) if scale > 1 else _comfortable(max(columns, rows), columns)
    width, height = columns * points, rows * points
    column = max(width, LEAST_WIDTH)
    texts = _column(MARGIN, [title], column, TITLE_SIZE, bold=True)
    top = texts[-1].y + TITLE_SIZE
    pictures = [Picture(MARGIN, top, width, height, png)]
    top += height + TEXT_SIZE
    pictures.append(Picture(MARGIN, top, BAR_WIDTH, BAR_HEIGHT, legend.png))
    top += BAR_HEIGHT + TEXT_SIZE * LINE
    texts += [Text(MARGIN + part * BAR_WIDTH, top, label, anchor=anchor) for part, anchor, label in legend.labels]
    texts += _column(top + TEXT_SIZE * LINE / 2, paragraphs, column, TEXT_SIZE)
    bottom = texts[-1].y + MARGIN
    return Figure(column + 2 * MARGIN, bottom, title, " ".join(paragraphs), tuple(pictures), tuple(texts))


def _comfortable(longer: int, columns: int) -> float:
    return float(ENLARGED_TO // longer) if longer <= ENLARGED_TO else min(1.0, WIDEST / columns)


def _column(top: float, paragraphs: list[str], width: float, size: float, *, bold: bool = False) -> list[Text]:
    """Paragraphs as lines below `top`, broken at `width`."""
    letters = int(width / (size * MEAN_ADVANCE))
    lines = [line for paragraph in paragraphs for line in textwrap.wrap(paragraph, letters)]
    return [Text(MARGIN, top + (k + 1) * size * LINE, line, size, bold=bold) for k, line in enumerate(lines)]
