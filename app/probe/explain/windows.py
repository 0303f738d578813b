"""Numbers made from a window of the input: convolution, locally connected, fully connected and pooling layers.

Each function takes a unit and says where its number comes from; none knows how a layer computes it.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ...net.graph import INPUT
from ...net.ops import window_of
from .explanation import Explanation, Source, Window, Winner
from .unit import Unit, cut, exact

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
    window = _window(unit)
    kernel = unit.parameter("weight")
    depth = kernel.shape[0]
    first = unit.channel // (unit.layer.filters // unit.layer.groups) * depth
    patch, inside = cut(unit.input()[first : first + depth], window)
    cells = _cells(unit, window, _term(first, 1, "c"))
    return unit.weighted_sum(
        patch,
        kernel,
        unit.bias(),
        formula=f"Σ {cells} · weight[{unit.channel}, c, i, j]" + _plus_bias(unit, f"{unit.channel}"),
        terms=kernel.size,
        inputs=(unit.source(first, first + depth - 1),),
        window=window,
        inside=inside,
    )


def _local(unit: Unit) -> Explanation:
    """As a convolution, with the kernel and the bias that belong to this place alone."""
    window = _window(unit)
    kernel = exact(unit.params["weight"][unit.channel, unit.y, unit.x])
    bias = float(unit.params["bias"][unit.channel, unit.y, unit.x]) if "bias" in unit.params else 0.0
    patch, inside = cut(unit.input(), window)
    place = f"{unit.channel}, {unit.y}, {unit.x}"
    return unit.weighted_sum(
        patch,
        kernel,
        bias,
        formula=f"Σ {_cells(unit, window, 'c')} · weight[{place}, c, i, j]" + _plus_bias(unit, place),
        terms=kernel.size,
        inputs=(unit.source(0, kernel.shape[0] - 1),),
        window=window,
        inside=inside,
    )


def _linear(unit: Unit) -> Explanation:
    """One row of W against the whole input; where that is a flattened volume C×H×W, both are shown in its shape."""
    volume = _flattened_volume(unit)
    source = unit.node.inputs[0] if volume is None else volume
    shape = unit.shape(source)
    channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
    kernel = unit.parameter("weight").reshape(channels, height, width)
    return unit.weighted_sum(
        exact(unit.input()).reshape(kernel.shape),
        kernel,
        unit.bias(),
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
    patch, inside = cut(unit.own_map(), window)
    cell = int(np.where(inside, patch[0], -np.inf).argmax())
    row, column = divmod(cell, inside.shape[1])
    winner = Winner(
        window.top + row * window.dilation[0], window.left + column * window.dilation[1], float(patch[0, row, column])
    )
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
    left, right, top, bottom = window.padding if unit.layer.count_include_pad else (0, 0, 0, 0)
    _, height, width = unit.input().shape
    rows = np.arange(window.top, window.top + window.height)
    columns = np.arange(window.left, window.left + window.width)
    counted = _between(rows, -top, height + bottom)[:, None] & _between(columns, -left, width + right)
    return _mean(unit, window, counted, f"Σ {_cells(unit, window, str(unit.channel))}")


def _between(cells: NDArray[np.int_], first: int, stop: int) -> NDArray[np.bool_]:
    return (cells >= first) & (cells < stop)


def _globalavgpool(unit: Unit) -> Explanation:
    window = _everything(unit)
    counted = np.ones((window.height, window.width), dtype=np.bool_)
    return _mean(unit, window, counted, f"Σ {_cells(unit, window, str(unit.channel))}")


def _mean(unit: Unit, window: Window, counted: NDArray[np.bool_], cells: str) -> Explanation:
    """Σ of the cells over their number: a weighted sum with equal weights where a cell is `counted`, else 0."""
    patch, inside = cut(unit.own_map(), window)
    divisor = int(counted.sum())
    return unit.weighted_sum(
        patch,
        counted[None] / divisor,
        0.0,
        formula=f"{cells} / {divisor:,}",
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
