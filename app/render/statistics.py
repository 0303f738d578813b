"""What a layer's maps hold, in numbers; it draws nothing."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Values converted to float64 at a time: 8 MB a temporary, whatever the layer's size.
_BLOCK_VALUES = 1 << 20


@dataclass(frozen=True, slots=True)
class MapStatistics:
    """Numbers of C maps of H×W, taken over their finite values; NaN for a map that has none.

    `low`, `high`, `mean`, `std` are float64 C; `std` divides by the number of values. `argmax` is int C×2, the
    first (y, x) of the maximum in row-major order, −1 where there is none. `zeros` counts the values that are exactly
    zero, `finite` those that are neither NaN nor ±∞; `size` is H·W.
    """

    size: int
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    argmax: NDArray[np.int64]
    zeros: NDArray[np.int64]
    finite: NDArray[np.int64]

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Which maps are exactly zero everywhere, bool C."""
        return np.asarray(self.zeros == self.size)

    def summary_json(self) -> dict[str, Any]:
        """The layer's numbers; `zeros` is a fraction, `dead` a count of maps, null stands for what has no value."""
        weight = self.finite / max(1, self.finite.sum())
        mean = _weighted(weight, self.mean)
        variance = _weighted(weight, self.std**2 + (self.mean - mean) ** 2)
        has_values = self.finite > 0
        return {
            "min": _number(self.low[has_values].min(initial=math.inf)),
            "max": _number(self.high[has_values].max(initial=-math.inf)),
            "mean": _number(mean if has_values.any() else math.nan),
            "std": _number(math.sqrt(variance) if has_values.any() else math.nan),
            "zeros": float(self.zeros.sum() / (self.size * len(self.zeros))),
            "dead": int(self.dead.sum()),
            "non_finite": int((self.size - self.finite).sum()),
        }

    def maps_json(self) -> list[dict[str, Any]]:
        """One entry a map, in order; `zeros` is a fraction, null stands for what has no value."""
        return [
            {
                "index": k,
                "min": _number(self.low[k]),
                "max": _number(self.high[k]),
                "argmax": self.argmax[k].tolist() if self.finite[k] else None,
                "mean": _number(self.mean[k]),
                "std": _number(self.std[k]),
                "zeros": float(self.zeros[k] / self.size),
                "non_finite": int(self.size - self.finite[k]),
            }
            for k in range(len(self.low))
        ]


def map_statistics(layer: NDArray[np.float32]) -> MapStatistics:
    """Statistics of C×H×W values, or of N values as N maps of 1×1; sums are kept in float64."""
    maps = as_maps(layer)
    channels, height, width = maps.shape
    rows = maps.reshape(channels, height * width)
    size = rows.shape[1]
    block = max(1, _BLOCK_VALUES // size)
    blocks = [_rows(rows[start : start + block], width) for start in range(0, channels, block)]
    return MapStatistics(size, *(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def as_maps(layer: NDArray[np.float32]) -> NDArray[np.float32]:
    """A layer as maps: C×H×W as it is, N values as N×1×1."""
    return layer if layer.ndim == 3 else layer.reshape(-1, 1, 1)


def _rows(rows: NDArray[np.float32], width: int) -> tuple[NDArray[Any], ...]:
    """The fields of `MapStatistics` for maps of P values each, C×P."""
    is_finite = np.isfinite(rows)
    finite = np.count_nonzero(is_finite, axis=1)
    divisor = np.where(finite > 0, finite, np.nan)
    values = np.where(is_finite, rows, 0).astype(np.float64)
    mean = values.sum(axis=1) / divisor
    std = np.sqrt(np.square(values - mean[:, np.newaxis]).sum(axis=1, where=is_finite) / divisor)
    candidates = np.where(is_finite, rows, -np.inf)
    place = candidates.argmax(axis=1)
    argmax = np.where(finite[:, np.newaxis] > 0, np.stack((place // width, place % width), axis=1), -1)
    known = np.where(finite > 0, 0.0, np.nan)
    low = rows.min(axis=1, where=is_finite, initial=np.inf).astype(np.float64) + known
    high = candidates.max(axis=1).astype(np.float64) + known
    return low, high, mean, std, argmax, np.count_nonzero(rows == 0, axis=1), finite


def _weighted(weight: NDArray[np.float64], numbers: NDArray[np.float64]) -> float:
    """Σ weight · number over the maps that have a number."""
    return float(np.where(weight > 0, weight * numbers, 0).sum())


def _number(value: float) -> float | None:
    """A JSON number, or None for what JSON cannot say."""
    return float(value) if math.isfinite(value) else None
