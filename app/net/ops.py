"""The arithmetic of every op in one table: shape, parameters, products, window, sign, work; it knows no torch.

Functions take the layer and the shapes of its inputs; those of `shapes` raise SpecError where they do not fit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

from .shapes import (
    Shape,
    Shapes,
    averaging,
    avgpool_shape,
    border,
    by,
    conv_shape,
    equal_shape,
    linear_shape,
    local_shape,
    maxpool_shape,
    one_cell,
    pad_shape,
    same_maps,
    same_shape,
    sliding,
    stacked,
    vector,
)
from .spec import AvgPool, BatchNorm, Conv, LayerBase, Linear, Local, Lrn, MaxPool, Pad, Prelu, Scale
from .window import Window

__all__ = ["OPS", "STATISTICS", "ParameterShapes", "Row", "Shape", "Shapes", "Sign", "by", "lrn_size", "window_of"]

ParameterShapes = dict[str, Shape]

STATISTICS = frozenset({"running_mean", "running_var"})
"""Tensors that a layer needs but published parameter counts leave out, as they are not learned."""


class Sign(Enum):
    """Whether a layer's values may be negative: always, never, or only where an input's may."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    AS_INPUT = "as input"


def _no_parameters(_layer: LayerBase, _inputs: Shapes) -> ParameterShapes:
    return {}


def _none(_layer: LayerBase, _inputs: Shapes) -> int:
    return 0


def _one_an_input(_layer: LayerBase, inputs: Shapes) -> int:
    return len(inputs)


@dataclass(frozen=True, slots=True)
class Row:
    """One op: its output shape, tensors, products summed in one value, window, and sign.

    `reads` is how many input values one output value is made of, `scratch` how many values the computation may hold
    beside its inputs and outputs (a padded copy, unfolded patches).
    `merges` ops take two or more inputs, all others one; every value of a `whole` op is given the receptive field
    of all cells of its input together.
    """

    shape: Callable[[Any, Shapes], Shape]
    parameters: Callable[[Any, Shapes], ParameterShapes] = _no_parameters
    products: Callable[[Any, Shapes], int] = _none
    window: Callable[[Any], Window] | None = None
    sign: Callable[[Any], Sign] = lambda _layer: Sign.AS_INPUT
    merges: bool = False
    whole: bool = False
    reads: Callable[[Any, Shapes], int] = _one_an_input
    scratch: Callable[[Any, Shapes], int] = _none


def window_of(layer: LayerBase) -> Window | None:
    """The window that slides over the layer's input, or None where it has none.

    Raises SpecError where padding "same" meets a stride other than 1.
    """
    row = OPS[layer.op]
    return row.window(layer) if row.window else None


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
    output = local_shape(layer, inputs)
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


# --- work and memory


def _window_reads(layer: MaxPool | AvgPool, _inputs: Shapes) -> int:
    return prod(layer.kernel)


def _map_reads(_layer: LayerBase, inputs: Shapes) -> int:
    return prod(inputs[0][1:])


def lrn_size(layer: Lrn, channels: int) -> int:
    """Channels that local response normalisation sums over; from twice the number there is, it sums all of them."""
    return min(layer.size, 2 * channels)


def _lrn_reads(layer: Lrn, inputs: Shapes) -> int:
    return lrn_size(layer, inputs[0][0])


def _lrn_scratch(layer: Lrn, inputs: Shapes) -> int:
    channels, height, width = inputs[0]
    return (channels + lrn_size(layer, channels)) * height * width


def _padded(layer: LayerBase, inputs: Shapes) -> int:
    """Values of the input with its padding."""
    window = window_of(layer)
    channels, *size = inputs[0]
    sides = [axis.extent(cells) for axis, cells in zip(window.axes, size, strict=True)] if window else size
    return channels * prod(sides)


def _unfolded(layer: Local, inputs: Shapes) -> int:
    _, *cells = local_shape(layer, inputs)
    return _padded(layer, inputs) + _local_products(layer, inputs) * prod(cells)


# --- signs


def _signed(_layer: LayerBase) -> Sign:
    return Sign.SIGNED


def _unsigned(_layer: LayerBase) -> Sign:
    return Sign.UNSIGNED


def _border_sign(layer: Pad) -> Sign:
    return Sign.SIGNED if layer.value < 0 else Sign.AS_INPUT


_SIGNED_FUNCTION = Row(same_shape, sign=_signed)
_UNSIGNED_FUNCTION = Row(same_shape, sign=_unsigned)

OPS: Mapping[str, Row] = {
    "conv": Row(conv_shape, _conv_parameters, _conv_products, sliding, _signed, reads=_conv_products, scratch=_padded),
    "local": Row(
        local_shape, _local_parameters, _local_products, sliding, _signed, reads=_local_products, scratch=_unfolded
    ),
    "linear": Row(linear_shape, _linear_parameters, _linear_products, sign=_signed, reads=_linear_products),
    "maxpool": Row(maxpool_shape, window=sliding, reads=_window_reads, scratch=_padded),
    "avgpool": Row(avgpool_shape, window=averaging, reads=_window_reads, scratch=_padded),
    "globalavgpool": Row(one_cell, whole=True, reads=_map_reads),
    "globalmaxpool": Row(one_cell, whole=True, reads=_map_reads),
    "pad": Row(pad_shape, window=border, sign=_border_sign),
    "flatten": Row(vector, whole=True),
    "softmax": Row(same_shape, sign=_unsigned),
    "batchnorm": Row(same_shape, _batchnorm_parameters, sign=_signed),
    "lrn": Row(same_maps, reads=_lrn_reads, scratch=_lrn_scratch),
    "dropout": Row(same_shape),
    "add": Row(equal_shape, merges=True),
    "mul": Row(equal_shape, merges=True),
    "concat": Row(stacked, merges=True),
    "scale": Row(same_shape, _channel_weight_and_bias, sign=_signed),
    "relu": _UNSIGNED_FUNCTION,
    "relu6": _UNSIGNED_FUNCTION,
    "leakyrelu": _SIGNED_FUNCTION,
    "prelu": Row(same_shape, _channel_weight, sign=_signed),
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
