"""What a layer's maps hold, in numbers; it draws nothing."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Values converted to float64 at a time: 8 MB a temporary, whatever the layer's size.
_BLOCK_VALUES = 1 << 20


@dataclass(frozen=True, slots=True)
class MapStatistics:
    """One map's numbers, taken over its finite values; None where it has none.

    `argmax` is the first place (y, x) of the maximum in row-major order. `std` divides by the number of values.
    `zeros` is the fraction of values that are exactly zero, `non_finite` the number of NaN and ±∞.
    """

    min: float | None
    max: float | None
    argmax: tuple[int, int] | None
    mean: float | None
    std: float | None
    zeros: float
    non_finite: int


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """A layer's numbers as those of one map; `dead` is the number of its maps that are zero everywhere."""

    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    zeros: float
    non_finite: int
    dead: int


@dataclass(frozen=True, slots=True)
class LayerStatistics:
    """A layer as a whole, and its maps in order."""

    summary: LayerSummary
    maps: tuple[MapStatistics, ...]


def layer_statistics(layer: NDArray[np.float32]) -> LayerStatistics:
    """Statistics of C×H×W values, or of N values as N maps of 1×1; sums are kept in float64."""
    maps = as_maps(layer)
    channels, height, width = maps.shape
    size = height * width
    rows = maps.reshape(channels, size)
    block = max(1, _BLOCK_VALUES // size)
    found = [one for start in range(0, channels, block) for one in _of_rows(rows[start : start + block], width)]
    return LayerStatistics(_summary(found, size), tuple(found))


def as_maps(layer: NDArray[np.float32]) -> NDArray[np.float32]:
    """A layer as maps: C×H×W as it is, N values as N×1×1."""
    return layer if layer.ndim == 3 else layer.reshape(-1, 1, 1)


def _of_rows(rows: NDArray[np.float32], width: int) -> list[MapStatistics]:
    """Statistics of C×P values, a map a row."""
    size = rows.shape[1]
    is_finite = np.isfinite(rows)
    finite = np.count_nonzero(is_finite, axis=1)
    zeros = np.count_nonzero(rows == 0, axis=1) / size
    values = np.where(is_finite, rows, 0).astype(np.float64)
    mean = values.sum(axis=1) / np.maximum(finite, 1)
    variance = np.square(values - mean[:, np.newaxis]).sum(axis=1, where=is_finite) / np.maximum(finite, 1)
    low = rows.min(axis=1, where=is_finite, initial=np.inf)
    place = np.where(is_finite, rows, -np.inf).argmax(axis=1)
    high = rows[np.arange(len(rows)), place]
    found = []
    for k, count in enumerate(finite.tolist()):
        if count:
            where = (int(place[k]) // width, int(place[k]) % width)
            known = (float(low[k]), float(high[k]), where, float(mean[k]), math.sqrt(variance[k]))
            found.append(MapStatistics(*known, float(zeros[k]), size - count))
        else:
            found.append(MapStatistics(None, None, None, None, None, 0.0, size))
    return found


def _summary(maps: list[MapStatistics], size: int) -> LayerSummary:
    """The layer's numbers from its maps'; the variance by the law of total variance."""
    zeros = math.fsum(one.zeros for one in maps) / len(maps)
    non_finite, dead = sum(one.non_finite for one in maps), sum(one.zeros == 1 for one in maps)
    finite = size * len(maps) - non_finite
    if not finite:
        return LayerSummary(None, None, None, None, zeros, non_finite, dead)
    low = min(one.min for one in maps if one.min is not None)
    high = max(one.max for one in maps if one.max is not None)
    moments = [(size - one.non_finite, one.mean or 0.0, one.std or 0.0) for one in maps]
    mean = math.fsum(count * part for count, part, _ in moments) / finite
    variance = math.fsum(count * (std**2 + (part - mean) ** 2) for count, part, std in moments) / finite
    return LayerSummary(low, high, mean, math.sqrt(variance), zeros, non_finite, dead)
