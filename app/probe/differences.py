"""How two runs differ, layer by layer and map by map; plain arrays, it knows nothing of how they were computed.

One run is A, the other B. Where B's image is A's moved by some pixels, B can be moved back by the whole cells that
these are in a layer, and only what both saw is compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from ..net.graph import Network
from ..net.receptive import ReceptiveField

Maps = NDArray[np.float32]
Pair = tuple[int, int]

NO_SHIFT: Pair = (0, 0)
# Values taken to float64 at a time: 8 MB a temporary, whatever the layer's size.
_BLOCK_VALUES = 1 << 20


@dataclass(frozen=True, slots=True)
class MapDifference:
    """One map: `norm` ‖B − A‖, `relative` that over ‖A‖ (infinite where A is zero and B is not), `max_abs` |B − A|."""

    index: int
    norm: float
    relative: float
    max_abs: float


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """A layer's numbers as those of one map, `equal` where every value is the same bit for bit, and its maps.

    `maps` are ranked by `norm`, the largest first; norms are Euclidean, summed in float64.
    """

    norm: float
    reference_norm: float
    relative: float
    max_abs: float
    equal: bool
    maps: tuple[MapDifference, ...]

    def exceeds(self, tolerance: float) -> bool:
        """Whether the relative difference is above `tolerance`, or is no number."""
        return not self.relative <= tolerance


def difference(a: Maps, b: Maps) -> LayerDifference:
    """Compare two layers of equal shape C×H×W. Values that are the same, infinite ones too, differ by 0."""
    channels, size = len(a), max(1, a[0].size)
    block = max(1, _BLOCK_VALUES // size)
    columns = [_squares(a[start : start + block], b[start : start + block]) for start in range(0, channels, block)]
    squares, reference, largest = (np.concatenate(column) for column in zip(*columns, strict=True))
    norms, references = np.sqrt(squares), np.sqrt(reference)
    order = np.argsort(-np.nan_to_num(norms, nan=inf, posinf=inf), kind="stable")
    maps = (MapDifference(int(k), *_numbers(norms[k], references[k]), float(largest[k])) for k in order)
    norm, reference_norm = float(np.sqrt(squares.sum())), float(np.sqrt(reference.sum()))
    equal = norm == 0 and _same_bits(a, b)
    return LayerDifference(
        norm, reference_norm, _numbers(norm, reference_norm)[1], float(largest.max()), equal, tuple(maps)
    )


def no_difference(channels: int) -> LayerDifference:
    """A layer of so many maps beside itself: nothing is looked at, so its own norm is NaN."""
    maps = (MapDifference(index, 0.0, 0.0, 0.0) for index in range(channels))
    return LayerDifference(0.0, nan, 0.0, 0.0, equal=True, maps=tuple(maps))


def _squares(a: Maps, b: Maps) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """For each map Σ (B − A)², Σ A² and the largest |B − A|."""
    with np.errstate(all="ignore"):
        before = a.reshape(len(a), -1).astype(np.float64)
        after = b.reshape(len(b), -1).astype(np.float64)
        change = after - before
        if not np.isfinite(change).all():
            change[(before == after) | (np.isnan(before) & np.isnan(after))] = 0
        return np.square(change).sum(1), np.square(before).sum(1), np.abs(change).max(1)


def _numbers(norm: float, reference: float) -> tuple[float, float]:
    """The norm and the relative difference."""
    if norm == 0:
        return 0.0, 0.0
    return float(norm), float(norm / reference) if reference else inf


def _same_bits(a: Maps, b: Maps) -> bool:
    return all(
        np.array_equal(np.ascontiguousarray(one).view(np.uint32), np.ascontiguousarray(other).view(np.uint32))
        for one, other in zip(a, b, strict=True)
    )


# --- which layer with which


def has_same_ops(a: Network, b: Network) -> bool:
    """Whether two networks have the same ops in the same order."""
    return [node.layer.op for node in a.nodes] == [node.layer.op for node in b.nodes]


def partners(a: Network, b: Network) -> Mapping[int, int]:
    """For each layer of A that B has too its index there: by position where both have the same ops, else by name."""
    if has_same_ops(a, b):
        return {node.index: node.index for node in a.nodes}
    names = {node.name: node.index for node in b.nodes}
    return {node.index: names[node.name] for node in a.nodes if node.name in names}


# --- which cell with which


@dataclass(frozen=True, slots=True)
class Move:
    """How far a layer of B is moved back, in cells (rows, columns).

    `cells` is the shift in cells of the layer, None where its cells do not move with the image; `by` the whole cells
    that are undone, halves towards zero; `whole` says whether that undoes the shift exactly.
    """

    cells: tuple[float, float] | None
    by: Pair
    whole: bool


def move(field: ReceptiveField, shift: Pair) -> Move:
    """What a shift of the image by (down, right) pixels is for a layer of that receptive field."""
    if shift == NO_SHIFT:
        return Move((0.0, 0.0), NO_SHIFT, whole=True)
    if field.stride is None or field.whole:
        return Move(None, NO_SHIFT, whole=False)
    down, right = (pixels / stride for pixels, stride in zip(shift, field.stride, strict=True))
    by = _nearest(down), _nearest(right)
    return Move((down, right), by, whole=by == (down, right))


def _nearest(cells: float) -> int:
    whole = int(np.ceil(abs(cells) - 0.5))
    return whole if cells > 0 else -whole


@dataclass(frozen=True, slots=True)
class Region:
    """The cells of A that are compared, and the `move` by which their partners in B are found."""

    top: int
    left: int
    height: int
    width: int
    move: Move

    def of_a(self, maps: Maps) -> Maps:
        """The compared part of A, C×height×width."""
        return maps[:, self.top : self.top + self.height, self.left : self.left + self.width]

    def of_b(self, maps: Maps) -> Maps:
        """The cells of B that are compared with them."""
        top, left = self.top + self.move.by[0], self.left + self.move.by[1]
        return maps[:, top : top + self.height, left : left + self.width]


def region(height: int, width: int, field: ReceptiveField, shift: Pair = NO_SHIFT, border: int = 0) -> Region | None:
    """The cells that both runs have once B is moved back, less `border` pixels on each side; None where none are left.

    A border is left out in whole cells, rounded up. Layers whose cells do not move with the image are compared whole.
    """
    moved = move(field, shift)
    stride = (0, 0) if field.stride is None or field.whole else field.stride
    sides = []
    for length, by, step in zip((height, width), moved.by, stride, strict=True):
        out = -(-border // step) if step else 0
        first, last = max(0, -by) + out, length - max(0, by) - out
        if last <= first:
            return None
        sides.append((first, last - first))
    (top, rows), (left, columns) = sides
    return Region(top, left, rows, columns, moved)


def is_inside(chosen: Region, field: ReceptiveField, image: Pair, shift: Pair) -> bool:
    """Whether all compared cells see only what both images, of height and width `image`, show; padding is outside."""
    if field.stride is None or field.whole:
        return False
    starts, counts = (chosen.top, chosen.left), (chosen.height, chosen.width)
    for axis in (0, 1):
        first = starts[axis] * field.stride[axis] - field.padding[axis]
        last = first + (counts[axis] - 1) * field.stride[axis] + field.size[axis] - 1
        if first < max(0, -shift[axis]) or last >= image[axis] - max(0, shift[axis]):
            return False
    return True
