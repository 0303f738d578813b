"""What is known about one number of a network, and its JSON form; knows no torch and no network.

Products and sums are float64 from the float32 values that the layers hold.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Below the smallest normal float32 a quotient says nothing about float32 arithmetic.
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a layer's input that one number was made from, in rows and columns of that input.

    `top` and `left` are the first row and column, negative in padding. `height` and `width` are the
    extent, the gaps of a dilated kernel included. `padding` is (left, right, top, bottom).
    """

    top: int
    left: int
    height: int
    width: int
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def rows(self) -> range:
        """Rows of the input that the kernel's rows lie on."""
        return range(self.top, self.top + self.height, self.dilation[0])

    @property
    def columns(self) -> range:
        """Columns of the input that the kernel's columns lie on."""
        return range(self.left, self.left + self.width, self.dilation[1])


@dataclass(frozen=True, slots=True)
class Source:
    """Channels `first` … `last` (inclusive) of the layer, or of `input`, that a number was made from."""

    layer: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Winner:
    """The cell of the input whose value a maximum took; the first in row-major order on a tie."""

    y: int
    x: int
    value: float


@dataclass(frozen=True, slots=True)
class Share:
    """One class of a softmax: its channel, its input `x`, and its share of the whole, 0 to 1."""

    channel: int
    x: float
    share: float


@dataclass(frozen=True, slots=True)
class Box:
    """Rows `top` … `bottom` and columns `left` … `right` of the image, inclusive, possibly beyond its edges."""

    top: int
    left: int
    bottom: int
    right: int

    def clipped(self, height: int, width: int) -> "Box | None":
        """The part inside an image of `height`×`width`; None where none of it is."""
        box = Box(max(self.top, 0), max(self.left, 0), min(self.bottom, height - 1), min(self.right, width - 1))
        return box if box.top <= box.bottom and box.left <= box.right else None


@dataclass(frozen=True, slots=True)
class Field:
    """A unit's receptive field on the network's input: unclipped, clipped, and whether it is the whole layer's."""

    box: Box
    clipped: Box | None
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One number, and how it came about.

    `value` is what the layer holds (float32), `total` the same worked out again in float64.
    `patch` (C×kh×kw) are the values of the input under the window, its first axis running over the channels
    of `inputs` in order; cells where `inside` (kh×kw) is False lie in padding and hold 0. Where a number is a
    weighted sum, `kernel` (C×kh×kw) are the weights, `by_channel` (C) the sums of `patch × kernel`,
    `products_sum` their sum, and `total` = `products_sum` + `bias`; elsewhere these are None. `terms` counts
    the input values that took part, padding included where it counts as zero. `before` names the numbers
    in `formula`, such as an activation function's `x`; `shares` are the largest classes of a softmax. `scale` is
    the factor that an edit puts on the whole map, None without one: `total` is then `scale` times what the rest says.
    """

    layer: str
    op: str
    channel: int
    y: int
    x: int
    value: float
    total: float
    formula: str
    terms: int
    inputs: tuple[Source, ...]
    window: Window
    patch: Floats
    inside: Mask
    receptive_field: Field | None
    kernel: Floats | None = None
    by_channel: Floats | None = None
    products_sum: float | None = None
    bias: float | None = None
    winner: Winner | None = None
    before: Mapping[str, float] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    scale: float | None = None

    def scaled(self, scale: float) -> "Explanation":
        """The same number with its map scaled afterwards; a factor of 0 gives 0 whatever it was."""
        total = scale * self.total if scale else 0.0
        return replace(self, total=total, scale=scale, formula=f"{printed(scale)} · ({self.formula})")

    @property
    def relative_difference(self) -> float:
        """|total − value| / |value|: what float32 arithmetic and its order of summing cost."""
        if self.total == self.value or (math.isnan(self.total) and math.isnan(self.value)):
            return 0.0
        return abs(self.total - self.value) / max(abs(self.value), TINY)

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values, arrays as nested lists; numbers that are not finite become None."""
        return {
            "layer": self.layer,
            "op": self.op,
            "channel": self.channel,
            "y": self.y,
            "x": self.x,
            "value": _number(self.value),
            "total": _number(self.total),
            "relative_difference": _number(self.relative_difference),
            "bias": _number(self.bias),
            "terms": self.terms,
            "products_sum": _number(self.products_sum),
            "window": asdict(self.window),
            "inputs": [{"layer": source.layer, "channels": [source.first, source.last]} for source in self.inputs],
            "patch": _nested(self.patch),
            "kernel": _nested(self.kernel),
            "inside": self.inside.tolist(),
            "by_channel": _nested(self.by_channel),
            "winner": None if self.winner is None else {**asdict(self.winner), "value": _number(self.winner.value)},
            "before": {name: _number(value) for name, value in self.before.items()} or None,
            "shares": [
                {"channel": share.channel, "x": _number(share.x), "share": _number(share.share)}
                for share in self.shares
            ]
            or None,
            "scale": self.scale,
            "formula": self.formula,
            "receptive_field": _field(self.receptive_field),
        }


def printed(value: float) -> str:
    """A setting in a formula: up to six digits, with a true minus."""
    return f"{value:.6g}".replace("-", "−")


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _nested(array: Floats | None) -> Any:
    """Nested lists of an array; None where the array, or one of its values, is not a number."""
    if array is None:
        return None
    if np.isfinite(array).all():
        return array.tolist()
    values = array.astype(object)
    values[~np.isfinite(array)] = None
    return values.tolist()


def _field(receptive: Field | None) -> dict[str, Any] | None:
    if receptive is None:
        return None
    clipped = None if receptive.clipped is None else asdict(receptive.clipped)
    return {**asdict(receptive.box), "clipped": clipped, "whole": receptive.whole}
