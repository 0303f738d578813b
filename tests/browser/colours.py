"""What a map must look like, worked out with numpy from its values: a second opinion on the page's JavaScript."""

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .explorer import Bytes, Floats

Levels = NDArray[np.int64]
Means = NDArray[np.float64]

TABLES = Path(__file__).resolve().parents[2] / "static" / "data" / "luts.json"


@cache
def table(name: str) -> Bytes:
    """A colour map, 256×3."""
    return np.array(json.loads(TABLES.read_text())[name]["colors"], np.uint8)


def quantised(values: Floats, *, signed: bool) -> Levels:
    """One map's values as bytes (docs/formats.md): of its own maximum, or symmetric about 128."""
    exact = values.astype(np.float64)
    levels = exact / np.abs(exact).max() * 127 + 128 if signed else exact / exact.max() * 255
    return nearest(levels)


def nearest(levels: Means) -> Levels:
    whole: Levels = np.floor(levels + 0.5).astype(np.int64)
    return whole


def entries(levels: Means, share: float, *, signed: bool) -> Levels:
    """Entries of a colour map for bytes (or means of bytes) of a map that reaches `share` of the range shown."""
    zero = 128 if signed else 0
    return np.clip(nearest(zero + (levels - zero) * share), 0, 255)


def reduced(levels: Levels, factor: int) -> Means:
    """The mean of factor×factor bytes."""
    height, width = (side // factor for side in levels.shape)
    means: Means = levels.reshape(height, factor, width, factor).mean(axis=(1, 3))
    return means


def painted(indices: Levels, name: str, enlarge: int = 1) -> Bytes:
    """Entries as RGB, each enlarge×enlarge pixels."""
    return table(name)[indices].repeat(enlarge, axis=0).repeat(enlarge, axis=1)
