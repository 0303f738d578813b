"""The arithmetic of every op in one table: shape, parameters, products, window, sign; no torch, nothing allocated.

A shape is (C, H, W), or (N,) after `flatten`. Functions take the layer and the shapes of its inputs, and raise
SpecError saying what does not fit, with its numbers, and what would; whoever walks the network adds the place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import gcd, isqrt, prod
from typing import Any

from ..errors import SpecError
from .fields import BOUND
from .spec import (
    AvgPool,
    BatchNorm,
    Conv,
    LayerBase,
    Linear,
    Local,
    MaxPool,
    Merge,
    Pad,
    Prelu,
    Scale,
)
from .window import Axis, Window

Shape = tuple[int, ...]
"""(C, H, W), or (N,) for a vector."""

Shapes = Sequence[Shape]
ParameterShapes = dict[str, Shape]

STATISTICS = frozenset({"running_mean", "running_var"})
"""Tensors that a layer needs but published parameter counts leave out, as they are not learned."""

_LISTED_DIVISORS = 12


class Sign(Enum):
    """Whether a layer's values may be negative: always, never, or only where an input's may."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    AS_INPUT = "as input"


def _no_parameters(_layer: LayerBase, _inputs: Shapes) -> ParameterShapes:
    return {}


def _no_products(_layer: LayerBase, _inputs: Shapes) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Row:
    """One op: its output shape, tensors, products summed in one value, window, and sign.

    `merges` ops take two or more inputs, all others one; every value of a `whole` op is given the receptive field
    of all cells of its input together.
    """

    shape: Callable[[Any, Shapes], Shape]
    parameters: Callable[[Any, Shapes], ParameterShapes] = _no_parameters
    products: Callable[[Any, Shapes], int] = _no_products
    window: Callable[[Any], Window] | None = None
    sign: Callable[[Any], Sign] = lambda _layer: Sign.AS_INPUT
    merges: bool = False
    whole: bool = False


def window_of(layer: LayerBase) -> Window | None:
    """The window that slides over the layer's input, or None where it has none.

    Raises SpecError where padding "same" meets a stride other than 1.
    """
    row = OPS[layer.op]
    return row.window(layer) if row.window else None


# --- windows


def _sliding(layer: Conv | Local | MaxPool) -> Window:
    return _window(layer, layer.dilation, ceil_mode=isinstance(layer, MaxPool) and layer.ceil_mode)


def _averaging(layer: AvgPool) -> Window:
    return _window(layer, (1, 1), ceil_mode=layer.ceil_mode)


def _window(layer: Conv | Local | MaxPool | AvgPool, dilation: tuple[int, int], *, ceil_mode: bool) -> Window:
    if layer.padding != "same":
        return Window(layer.kernel, layer.stride, dilation, layer.padding, ceil_mode)
    if layer.stride != (1, 1):
        raise SpecError(
            f'padding "same" keeps the size, which stride {_by(layer.stride)} does not',
            where="padding",
            expected="stride 1, or padding in numbers",
        )
    return Window(layer.kernel, layer.stride, dilation, _same_padding(layer.kernel, dilation))


def _same_padding(kernel: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int, int, int]:
    """PyTorch's: d·(k − 1) in all, the odd one at the right and at the bottom."""
    height, width = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    return (width // 2, width - width // 2, height // 2, height - height // 2)


def _border(layer: Pad) -> Window:
    return Window(kernel=(1, 1), padding=layer.padding)


# --- shapes


def _same_shape(_layer: LayerBase, inputs: Shapes) -> Shape:
    return inputs[0]


def _maps(layer: LayerBase, shape: Shape) -> Shape:
    """`shape`, refused unless it is C×H×W."""
    if len(shape) != 3:
        raise SpecError(
            f"{layer.op} takes maps (C×H×W), its input is a vector of {shape[0]:,}",
            expected="a place before the flatten",
        )
    return shape


def _same_maps(layer: LayerBase, inputs: Shapes) -> Shape:
    return _maps(layer, inputs[0])


def _slid(layer: LayerBase, window: Window, channels: int, inputs: Shapes) -> Shape:
    _, height, width = _maps(layer, inputs[0])
    return (channels, *window.cells((height, width)))


def _conv_shape(layer: Conv, inputs: Shapes) -> Shape:
    channels = _maps(layer, inputs[0])[0]
    common = gcd(channels, layer.filters)
    if common % layer.groups:
        raise SpecError(
            f"groups {layer.groups:,} must divide both the {channels:,} input maps and the {layer.filters:,} filters",
            where="groups",
            expected=f"groups of {_divisors(common)}",
        )
    return _slid(layer, _sliding(layer), layer.filters, inputs)


def _divisors(number: int) -> str:
    small = [each for each in range(1, isqrt(number) + 1) if number % each == 0]
    divisors = sorted({*small, *(number // each for each in small)})
    if len(divisors) == 1:
        return "1"
    if len(divisors) > _LISTED_DIVISORS:
        return ", ".join(f"{each:,}" for each in divisors[: _LISTED_DIVISORS - 1]) + f", … or {divisors[-1]:,}"
    return ", ".join(f"{each:,}" for each in divisors[:-1]) + f" or {divisors[-1]:,}"


def _local_shape(layer: Local, inputs: Shapes) -> Shape:
    return _slid(layer, _sliding(layer), layer.filters, inputs)


def _maxpool_shape(layer: MaxPool, inputs: Shapes) -> Shape:
    return _pooled(layer, _sliding(layer), inputs)


def _avgpool_shape(layer: AvgPool, inputs: Shapes) -> Shape:
    return _pooled(layer, _averaging(layer), inputs)


def _pooled(layer: MaxPool | AvgPool, window: Window, inputs: Shapes) -> Shape:
    shape = _maps(layer, inputs[0])
    for axis, cells in zip(window.axes, shape[1:], strict=True):
        if layer.padding != "same":
            _check_half_padding(layer, axis)
        _check_never_missed(axis, cells)
    return _slid(layer, window, shape[0], inputs)


def _check_half_padding(layer: MaxPool | AvgPool, axis: Axis) -> None:
    """PyTorch's bound on the padding of pooling."""
    if max(axis.before, axis.after) > axis.kernel // 2:
        raise SpecError(
            f"padding {max(axis.before, axis.after):,} is more than half of the {layer.op} kernel {axis.kernel:,}",
            where="padding",
            expected=f"padding of at most {axis.kernel // 2:,}",
        )


def _check_never_missed(axis: Axis, cells: int) -> None:
    """A window that starts in the padding must come to a cell of the input: its taps lie `dilation` apart."""
    if max(axis.before, axis.after) > 0 and cells < axis.dilation:
        raise SpecError(
            f"with padding and dilation {axis.dilation:,} a window can miss its input of {cells:,} altogether",
            where="padding",
            expected=f"no padding, or dilation of at most {cells:,}",
        )


def _pad_shape(layer: Pad, inputs: Shapes) -> Shape:
    return _slid(layer, _border(layer), inputs[0][0], inputs)


def _one_cell(layer: LayerBase, inputs: Shapes) -> Shape:
    return (_maps(layer, inputs[0])[0], 1, 1)


def _vector(_layer: LayerBase, inputs: Shapes) -> Shape:
    return (prod(inputs[0]),)


def _linear_shape(layer: Linear, inputs: Shapes) -> Shape:
    if len(inputs[0]) != 1:
        raise SpecError(
            f"linear takes a vector, its input is {by(inputs[0])}",
            expected=f"a flatten before it (would give {prod(inputs[0]):,})",
        )
    return (layer.units,)


def _equal_shape(layer: Merge, inputs: Shapes) -> Shape:
    if len(set(inputs)) > 1:
        raise SpecError(
            f"{layer.op} takes inputs of one shape, these are {_listed(inputs)}",
            where="from",
            expected=f"all of {by(inputs[0])}",
        )
    return inputs[0]


def _stacked(_layer: Merge, inputs: Shapes) -> Shape:
    if len({shape[1:] for shape in inputs}) > 1:
        raise SpecError(
            f"concat stacks maps of one height and width, these are {_listed(inputs)}",
            where="from",
            expected=f"all of {'×'.join(['C', *map(str, inputs[0][1:])])}" if inputs[0][1:] else "vectors only",
        )
    channels = sum(shape[0] for shape in inputs)
    if channels > BOUND:
        raise SpecError(f"concat gives {channels:,} maps", expected=f"at most {BOUND:,}", limit=BOUND)
    return (channels, *inputs[0][1:])


def by(shape: Sequence[int]) -> str:
    """A shape in print: 64×112×112."""
    return "×".join(f"{side:,}" for side in shape)


def _by(pair: tuple[int, int]) -> str:
    return f"{pair[0]:,}" if pair[0] == pair[1] else by(pair)


def _listed(shapes: Shapes) -> str:
    first = " and ".join(by(shape) for shape in shapes[:4])
    return first if len(shapes) <= 4 else f"{first} and {len(shapes) - 4} more"


# --- parameters and products


def _with_bias(weight: Shape, bias: Shape, *, has_bias: bool) -> ParameterShapes:
    return {"weight": weight, "bias": bias} if has_bias else {"weight": weight}


def _conv_parameters(layer: Conv, inputs: Shapes) -> ParameterShapes:
    weight = (layer.filters, inputs[0][0] // layer.groups, *layer.kernel)
    return _with_bias(weight, (layer.filters,), has_bias=layer.bias)


def _conv_products(layer: Conv, inputs: Shapes) -> int:
    return inputs[0][0] // layer.groups * prod(layer.kernel)


def _local_parameters(layer: Local, inputs: Shapes) -> ParameterShapes:
    """The kernel of one unit is weight[filter, y, x]."""
    output = _local_shape(layer, inputs)
    return _with_bias((*output, inputs[0][0], *layer.kernel), output, has_bias=layer.bias)


def _local_products(layer: Local, inputs: Shapes) -> int:
    return inputs[0][0] * prod(layer.kernel)


def _linear_parameters(layer: Linear, inputs: Shapes) -> ParameterShapes:
    return _with_bias((layer.units, inputs[0][0]), (layer.units,), has_bias=layer.bias)


def _linear_products(_layer: Linear, inputs: Shapes) -> int:
    return inputs[0][0]


def _channel_weight(_layer: Prelu, inputs: Shapes) -> ParameterShapes:
    return {"weight": inputs[0][:1]}


def _channel_weight_and_bias(_layer: Scale, inputs: Shapes) -> ParameterShapes:
    return {"weight": inputs[0][:1], "bias": inputs[0][:1]}


def _batchnorm_parameters(_layer: BatchNorm, inputs: Shapes) -> ParameterShapes:
    return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), inputs[0][:1])


# --- signs


def _signed(_layer: LayerBase) -> Sign:
    return Sign.SIGNED


def _unsigned(_layer: LayerBase) -> Sign:
    return Sign.UNSIGNED


def _border_sign(layer: Pad) -> Sign:
    return Sign.SIGNED if layer.value < 0 else Sign.AS_INPUT


_SIGNED_FUNCTION = Row(_same_shape, sign=_signed)
_UNSIGNED_FUNCTION = Row(_same_shape, sign=_unsigned)

OPS: Mapping[str, Row] = {
    "conv": Row(_conv_shape, _conv_parameters, _conv_products, _sliding, _signed),
    "local": Row(_local_shape, _local_parameters, _local_products, _sliding, _signed),
    "linear": Row(_linear_shape, _linear_parameters, _linear_products, sign=_signed),
    "maxpool": Row(_maxpool_shape, window=_sliding),
    "avgpool": Row(_avgpool_shape, window=_averaging),
    "globalavgpool": Row(_one_cell, whole=True),
    "globalmaxpool": Row(_one_cell, whole=True),
    "pad": Row(_pad_shape, window=_border, sign=_border_sign),
    "flatten": Row(_vector, whole=True),
    "softmax": Row(_same_shape, sign=_unsigned),
    "batchnorm": Row(_same_shape, _batchnorm_parameters, sign=_signed),
    "lrn": Row(_same_maps),
    "dropout": Row(_same_shape),
    "add": Row(_equal_shape, merges=True),
    "mul": Row(_equal_shape, merges=True),
    "concat": Row(_stacked, merges=True),
    "scale": Row(_same_shape, _channel_weight_and_bias, sign=_signed),
    "relu": _UNSIGNED_FUNCTION,
    "relu6": _UNSIGNED_FUNCTION,
    "leakyrelu": _SIGNED_FUNCTION,
    "prelu": Row(_same_shape, _channel_weight, sign=_signed),
    "elu": _SIGNED_FUNCTION,
    "selu": _SIGNED_FUNCTION,
    "sigmoid": _UNSIGNED_FUNCTION,
    "tanh": _SIGNED_FUNCTION,
    "silu": _SIGNED_FUNCTION,
    "gelu": _SIGNED_FUNCTION,
    "hardsigmoid": _UNSIGNED_FUNCTION,
    "hardswish": _SIGNED_FUNCTION,
    "softplus": _UNSIGNED_FUNCTION,
}
"""Every op of the grammar and its arithmetic."""
