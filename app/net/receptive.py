"""Receptive fields: which pixels of the network's input a value can see; pure arithmetic on windows and merges.

Along one axis a branch of the graph is affine: cell i sees pixels low + i·stride to high + i·stride. A merge
keeps one such interval for every stride that meets there, so that windows further on stay exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import SpecError
from .window import Axis

Reach = Mapping[int, tuple[int, int]]
"""Stride in pixels → first and last pixel that cell 0 sees along one axis; stride 0 where every cell sees the same."""

ONE_PIXEL: Reach = {1: (0, 0)}
"""What a cell of the network's input sees: itself."""

MAX_PIXELS = 10**18
"""Largest number in a receptive field."""

MAX_STRIDES = 32
"""Most different strides that may meet along one axis, each with an interval of its own."""


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What one value can see, as (height, width) in pixels of the network's input.

    Cell (y, x) sees `size` pixels from (y, x)·`stride` − `padding`, which may lie outside the image. `stride` is
    None where branches of different strides meet: size and padding then hold for cell (0, 0), whose field is the
    smallest box around those of the branches. `whole` says that the value comes from all cells of an earlier
    layer at once, and moves no more (stride 0 unless a moving branch joined it).
    """

    size: tuple[int, int]
    stride: tuple[int, int] | None
    padding: tuple[int, int]
    whole: bool


def through_window(reach: Reach, axis: Axis) -> Reach:
    """What a cell sees through a window over cells that see `reach`."""
    after = (axis.span - 1) - axis.before
    seen = {
        stride * axis.stride: (low - axis.before * stride, high + after * stride)
        for stride, (low, high) in reach.items()
    }
    return _bounded(seen)


def merged(reaches: Iterable[Reach]) -> Reach:
    """What a cell sees that takes the same cell of several layers."""
    seen: dict[int, tuple[int, int]] = {}
    for reach in reaches:
        for stride, (low, high) in reach.items():
            known_low, known_high = seen.get(stride, (low, high))
            seen[stride] = (min(low, known_low), max(high, known_high))
    return _bounded(seen)


def through_all(reach: Reach, cells: int) -> Reach:
    """What a value sees that takes all `cells` cells along the axis."""
    lows, highs = zip(*reach.values(), strict=True)
    last = max(high + (cells - 1) * stride for stride, (_, high) in reach.items())
    return {0: (min(lows), max(last, *highs))}


def _bounded(seen: dict[int, tuple[int, int]]) -> Reach:
    if len(seen) > MAX_STRIDES:
        raise SpecError(
            f"branches of {len(seen)} different strides meet", expected=f"at most {MAX_STRIDES}", limit=MAX_STRIDES
        )
    if any(max(stride, -low, high) > MAX_PIXELS for stride, (low, high) in seen.items()):
        raise SpecError(
            "strides, dilations and padding multiply to a receptive field of more than 10^18 pixels",
            expected="smaller ones",
            limit=MAX_PIXELS,
        )
    return seen


def receptive_field(vertical: Reach, horizontal: Reach) -> ReceptiveField:
    """The receptive field of a layer whose cells see `vertical` along the height and `horizontal` along the width."""
    (top, bottom), (left, right) = _box(vertical), _box(horizontal)
    moves = len(vertical) == 1 and len(horizontal) == 1
    return ReceptiveField(
        size=(bottom - top + 1, right - left + 1),
        stride=(next(iter(vertical)), next(iter(horizontal))) if moves else None,
        padding=(-top, -left),
        whole=0 in vertical,
    )


def _box(reach: Reach) -> tuple[int, int]:
    lows, highs = zip(*reach.values(), strict=True)
    return min(lows), max(highs)
