"""One byte a value: a layer's maps quantised so that a browser can colour them; knows nothing of HTTP or pictures.

The range of each map is its own, so a map's faintest detail survives. Signed maps are quantised
symmetrically, so that zero is byte 128 exactly; maps from zero upwards use all 256 steps.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIGNED_STEPS = 127
SIGNED_ZERO = 128
UNSIGNED_STEPS = 255
# Values taken through all steps at a time, so that they stay in the processor's cache from one step to the next.
BLOCK_VALUES = 1 << 18
LEAST_POSITIONS = 1024


@dataclass(frozen=True, slots=True)
class QuantizedMaps:
    """A layer in one byte a value.

    `data` is uint8 C×H×W; `low` and `high` (float32, C) are each map's true minimum and maximum.
    Unsigned: value = byte / 255 · high. Signed: value = (byte − 128) / 127 · max(|low|, |high|).
    """

    data: NDArray[np.uint8]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    signed: bool


def quantize(activation: Tensor, *, signed: bool) -> QuantizedMaps:
    """Quantise one activation, 1×C×H×W or 1×N (taken as N maps of 1×1), any memory format.

    The largest error is half a step: high/510, or max(|low|, |high|)/254 when signed. Values that are
    not finite are shown as the nearest finite end (NaN as zero).
    """
    maps = activation if activation.dim() == 4 else activation.reshape(1, -1, 1, 1)
    _, channels, height, width = maps.shape
    rows = maps.permute(0, 2, 3, 1).reshape(height * width, channels)
    low, high = rows.amin(0), rows.amax(0)
    if not torch.isfinite(low + high).all():
        rows = torch.nan_to_num(rows)
        low, high = rows.amin(0), rows.amax(0)
    data = _bytes(rows, low, high, signed)
    return QuantizedMaps(
        data.numpy(force=True).reshape(channels, height, width),
        low.numpy(force=True),
        high.numpy(force=True),
        signed,
    )


def _bytes(rows: Tensor, low: Tensor, high: Tensor, signed: bool) -> Tensor:
    """Bytes C×P of P×C values: each rounded to the nearest level of its column."""
    zero, steps = (SIGNED_ZERO, SIGNED_STEPS) if signed else (0, UNSIGNED_STEPS)
    reach = torch.maximum(high, -low) if signed else high
    step = torch.where(reach > 0, steps / reach, torch.zeros_like(reach))
    step = torch.nan_to_num(step, posinf=0.0)  # a reach below the smallest normal number shows as zero
    offset = rows.new_tensor(zero + 0.5)
    positions, channels = rows.shape
    out = torch.empty(channels, positions, dtype=torch.uint8, device=rows.device)
    block = max(LEAST_POSITIONS, BLOCK_VALUES // channels)
    for start in range(0, positions, block):
        part = slice(start, start + block)
        out[:, part] = torch.addcmul(offset, rows[part], step).to(torch.uint8).t()
    return out
