"""Numbers made from a window of the input: convolution, locally connected, fully connected and pooling layers.

Each function takes a unit and says where its number comes from; none knows how a layer computes it.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ...net.graph import INPUT
from ...net.ops import window_of
from .explanation import Explanation, Floats, Mask, Source, Window, Winner
from .unit import Unit, exact

_SAME_VECTOR = frozenset({"flatten", "dropout"})
"""Ops through which a vector's values pass unchanged and in order."""


def _window(unit: Unit) -> Window:
    """Where the unit's window lies in the layer's input."""
    sliding = window_of(unit.layer)
    assert sliding is not None
    vertical, horizontal = sliding.axes
    return Window(
        top=unit.y * vertical.stride - vertical.before,
        left=unit.x * horizontal.stride - horizontal.before,
        height=vertical.span,
        width=horizontal.span,
        stride=sliding.stride,
        dilation=sliding.dilation,
        padding=sliding.padding,
    )


def _everything(unit: Unit) -> Window:
    """The whole of the layer's input as one window."""
    _, height, width = unit.input().shape
    return Window(0, 0, height, width)


def _term(start: int, step: int, index: str) -> str:
    """The text of start + step·index: `i`, `i − 1`, `2·i + 4`."""
    product = index if step == 1 else f"{step}·{index}"
    if start == 0:
        return product
    return f"{product} {'+' if start > 0 else '−'} {abs(start)}"


def _cells(unit: Unit, window: Window, channel: str) -> str:
    """The text of the input's cells under the window, `relu1[c, i + 9, j + 8]`."""
    name = unit.source(0).layer
    row = _term(window.top, window.dilation[0], "i")
    column = _term(window.left, window.dilation[1], "j")
    return f"{name}[{channel}, {row}, {column}]"


def _plus_bias(unit: Unit, index: str) -> str:
    return f" + bias[{index}]" if "bias" in unit.params else ""


def _conv(unit: Unit) -> Explanation:
    """Cross-correlation (the kernel is not flipped) with the channels of the unit's group."""
    kernel = exact(unit.params["weight"][unit.channel])
    first = unit.channel // (unit.layer.filters // unit.layer.groups) * len(kernel)
    return _correlation(unit, kernel, unit.bias(unit.channel), first, f"{unit.channel}")


def _local(unit: Unit) -> Explanation:
    """As a convolution, with the kernel and the bias that belong to this place alone."""
    place = (unit.channel, unit.y, unit.x)
    kernel = exact(unit.params["weight"][place])
    return _correlation(unit, kernel, unit.bias(place), 0, f"{unit.channel}, {unit.y}, {unit.x}")


def _correlation(unit: Unit, kernel: Floats, bias: float, first: int, place: str) -> Explanation:
    """Σ patch × kernel + bias over as many channels as the kernel has, from `first`; `place` is its index in print."""
    window = _window(unit)
    last = first + len(kernel) - 1
    patch, inside = unit.cut(unit.input()[first : last + 1], window)
    cells = _cells(unit, window, _term(first, 1, "c"))
    return unit.weighted_sum(
        patch,
        kernel,
        bias,
        formula=f"Σ {cells} · weight[{place}, c, i, j]" + _plus_bias(unit, place),
        terms=kernel.size,
        inputs=(unit.source(first, last),),
        window=window,
        inside=inside,
    )


def _linear(unit: Unit) -> Explanation:
    """One row of W against the whole input; where that is a flattened volume C×H×W, both are shown in its shape."""
    volume = _flattened_volume(unit)
    source = unit.node.inputs[0] if volume is None else volume
    shape = unit.shape(source)
    channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
    unit.check_cells(channels * height * width)
    kernel = exact(unit.params["weight"][unit.channel]).reshape(channels, height, width)
    return unit.weighted_sum(
        exact(unit.input()).reshape(kernel.shape),
        kernel,
        unit.bias(unit.channel),
        formula=f"Σ x[k] · weight[{unit.channel}, k]{_plus_bias(unit, str(unit.channel))}, {_origin(unit, source)}",
        terms=kernel.size,
        inputs=(Source(unit.name(source), 0, channels - 1),),
        window=Window(0, 0, height, width),
    )


def _flattened_volume(unit: Unit) -> int | None:
    """Index of the C×H×W layer, or INPUT, whose values in order are the unit's input; None where there is none."""
    index = unit.node.inputs[0]
    while index != INPUT and unit.network.nodes[index].layer.op in _SAME_VECTOR and len(unit.shape(index)) == 1:
        index = unit.network.nodes[index].inputs[0]
    return index if len(unit.shape(index)) == 3 else None


def _origin(unit: Unit, source: int) -> str:
    """Where a fully connected layer's x comes from: `x = relu6 (4,096)`, `x = pool5 (512×7×7) in order`."""
    shape = unit.shape(source)
    text = f"x = {unit.name(source)} ({'×'.join(f'{side:,}' for side in shape)})"
    return f"{text} in order" if len(shape) == 3 else text


def _maxpool(unit: Unit) -> Explanation:
    window = _window(unit)
    return _maximum(unit, window, f"max {_cells(unit, window, str(unit.channel))}")


def _globalmaxpool(unit: Unit) -> Explanation:
    window = _everything(unit)
    return _maximum(unit, window, f"max {_cells(unit, window, str(unit.channel))}")


def _maximum(unit: Unit, window: Window, formula: str) -> Explanation:
    """The largest value inside the window; padding never wins, the first in row-major order does on a tie."""
    patch, inside = unit.cut(unit.own_map(), window)
    cells = np.argwhere(inside)
    row, column = cells[patch[0, inside].argmax()]
    winner = Winner(window.rows[row], window.columns[column], float(patch[0, row, column]))
    return unit.explained(
        total=winner.value,
        formula=formula,
        terms=int(inside.sum()),
        inputs=(unit.source(unit.channel),),
        window=window,
        patch=patch,
        inside=inside,
        winner=winner,
    )


def _avgpool(unit: Unit) -> Explanation:
    """The mean under the window; padding counts in the divisor where the layer says so, what lies beyond it never."""
    window = _window(unit)
    patch, inside = unit.cut(unit.own_map(), window)
    if not unit.layer.count_include_pad:
        return _mean(unit, window, patch, inside, inside)
    left, right, top, bottom = window.padding
    _, height, width = unit.input().shape
    counted = _between(window.rows, -top, height + bottom)[:, None] & _between(window.columns, -left, width + right)
    return _mean(unit, window, patch, inside, counted)


def _between(cells: range, first: int, stop: int) -> Mask:
    places = np.asarray(cells)
    return (places >= first) & (places < stop)


def _globalavgpool(unit: Unit) -> Explanation:
    window = _everything(unit)
    patch, inside = unit.cut(unit.own_map(), window)
    return _mean(unit, window, patch, inside, inside)


def _mean(unit: Unit, window: Window, patch: Floats, inside: Mask, counted: Mask) -> Explanation:
    """Σ of the cells over their number: a weighted sum with equal weights where a cell is `counted`, else 0."""
    divisor = int(counted.sum())
    return unit.weighted_sum(
        patch,
        counted[None] / divisor,
        0.0,
        formula=f"Σ {_cells(unit, window, str(unit.channel))} / {divisor:,}",
        terms=divisor,
        inputs=(unit.source(unit.channel),),
        window=window,
        inside=inside,
    )


EXPLAINERS: Mapping[str, Callable[[Unit], Explanation]] = {
    "conv": _conv,
    "local": _local,
    "linear": _linear,
    "maxpool": _maxpool,
    "globalmaxpool": _globalmaxpool,
    "avgpool": _avgpool,
    "globalavgpool": _globalavgpool,
}
