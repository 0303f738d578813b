"""Values to entries of a lookup table: what is zero, and what is the end of the scale; no colours here."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .colormaps import SIGNED_ZERO

UNSIGNED_STEPS = 255
SIGNED_STEPS = 127

Normalize = Literal["map", "layer"]


@dataclass(frozen=True, slots=True)
class Tone:
    """How values become entries.

    Values from zero upwards run from entry 0 (zero, not the least value) to 255 at the end of the scale;
    `signed` ones from 1 to 255 with zero exactly at 128, the same distance on both sides. The end of the
    scale is each map's largest magnitude, or the layer's, or `limit` where it is given (> 0); values beyond
    it take the last entry.
    """

    signed: bool
    normalize: Normalize = "map"
    limit: float | None = None

    def entries(self, maps: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Entries of maps, C×H×W float32 to C×H×W uint8.

        A constant map of zeros takes the entry of zero everywhere. NaN is shown as zero, an infinite
        value as the end of the scale, which finite values alone decide.
        """
        return self.entries_within(maps, self.reach(maps))

    def reach(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """The magnitude at the end of each map's scale, C values ≥ 0."""
        if self.limit is not None:
            return np.full(len(maps), self.limit, dtype=np.float32)
        reach = _largest(maps, signed=self.signed)
        return np.full_like(reach, reach.max(initial=0)) if self.normalize == "layer" else reach

    def entries_within(self, maps: NDArray[np.float32], reach: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Entries of maps on scales that end at `reach` (C values), as for one map on its layer's scale."""
        zero, steps = (SIGNED_ZERO, SIGNED_STEPS) if self.signed else (0, UNSIGNED_STEPS)
        with np.errstate(all="ignore"):  # a reach of zero or near it: the map shows as zero
            step = np.nan_to_num(steps / reach, nan=0.0, posinf=0.0).astype(np.float32)
        least = -steps if self.signed else 0
        out = np.empty(maps.shape, dtype=np.uint8)
        for target, values, factor in zip(out, maps, step, strict=True):
            with np.errstate(invalid="ignore", over="ignore"):  # 0 × ∞ and what overflows are put right by the clip
                levels = np.clip(np.nan_to_num(values * factor, posinf=steps, neginf=least), least, steps)
            np.floor(levels + np.float32(zero + 0.5), out=levels)
            target[...] = levels
        return out


def _largest(maps: NDArray[np.float32], *, signed: bool) -> NDArray[np.float32]:
    """Each map's largest finite magnitude (largest value where nothing is negative), at least 0."""
    if not np.isfinite(maps).all():
        maps = np.where(np.isfinite(maps), maps, np.float32(0))
    high: NDArray[np.float32] = maps.max(axis=(1, 2), initial=0)
    return np.maximum(high, -maps.min(axis=(1, 2), initial=0)) if signed else high
