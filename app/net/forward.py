"""The torch counterpart of every op: functional, never in place, float32; it must not know where weights come from.

Each function takes the layer, its tensors and its inputs (N×C×H×W or N×D) and returns a new tensor, or, where nothing
is to be done (dropout), its input itself. Inputs in `channels_last` stay so. Full float32 on CUDA is the caller's
choice of device settings (TF32 off).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .ops import lrn_size, window_of
from .spec import (
    AvgPool,
    BatchNorm,
    Conv,
    Elu,
    LayerBase,
    LayerUnion,
    LeakyRelu,
    Linear,
    Local,
    Lrn,
    MaxPool,
    Pad,
    Softplus,
)
from .window import Window

Params = Mapping[str, Tensor]
Inputs = Sequence[Tensor]
Forward = Callable[[Any, Params, Inputs], Tensor]


def apply(layer: LayerUnion, params: Params, inputs: Inputs) -> Tensor:
    """One layer's output for a batch; `params` has the tensors that `LayerAnalysis.parameter_shapes` names."""
    return FORWARD[layer.op](layer, params, inputs)


def _window(layer: LayerBase) -> Window:
    window = window_of(layer)
    if window is None:
        raise TypeError(f"{layer.op} has no window")
    return window


# --- weights that slide or look at everything


def _padded(x: Tensor, window: Window) -> tuple[Tensor, tuple[int, int]]:
    """The input with the padding that torch's layers do not know, and the (height, width) padding that they do."""
    left, _, top, _ = window.padding
    if window.is_symmetric:
        return x, (top, left)
    return F.pad(x, window.padding), (0, 0)


def _conv(layer: Conv, params: Params, inputs: Inputs) -> Tensor:
    window = _window(layer)
    x, padding = _padded(inputs[0], window)
    return F.conv2d(x, params["weight"], params.get("bias"), window.stride, padding, window.dilation, layer.groups)


def _local(layer: Local, params: Params, inputs: Inputs) -> Tensor:
    window = _window(layer)
    x, padding = _padded(inputs[0], window)
    columns = F.unfold(x, window.kernel, window.dilation, padding, window.stride)  # N × C·kH·kW × places
    filters, height, width = params["weight"].shape[:3]
    kernels = params["weight"].reshape(filters, height * width, -1)
    maps = torch.einsum("nkp,fpk->nfp", columns, kernels).reshape(-1, filters, height, width)
    return maps + params["bias"] if "bias" in params else maps


def _linear(_layer: Linear, params: Params, inputs: Inputs) -> Tensor:
    return F.linear(inputs[0], params["weight"], params.get("bias"))


# --- pooling


def _maxpool(layer: MaxPool, _params: Params, inputs: Inputs) -> Tensor:
    window, x = _window(layer), inputs[0]
    if window.is_pooled_by_torch:
        _, padding = _padded(x, window)
        return F.max_pool2d(x, window.kernel, window.stride, padding, window.dilation, window.ceil_mode)
    return F.max_pool2d(_cut_to_windows(x, window, -torch.inf), window.kernel, window.stride, 0, window.dilation)


def _avgpool(layer: AvgPool, _params: Params, inputs: Inputs) -> Tensor:
    window, x = _window(layer), inputs[0]
    if window.is_pooled_by_torch:
        _, padding = _padded(x, window)
        return F.avg_pool2d(
            x, window.kernel, window.stride, padding, window.ceil_mode, layer.count_include_pad, divisor_override=None
        )
    sums = F.avg_pool2d(_cut_to_windows(x, window, 0.0), window.kernel, window.stride, divisor_override=1)
    rows, columns = (
        torch.tensor(axis.counted(n, include_padding=layer.count_include_pad), device=x.device, dtype=x.dtype)
        for axis, n in zip(window.axes, x.shape[2:], strict=True)
    )
    return sums / (rows[:, None] * columns)


def _cut_to_windows(x: Tensor, window: Window, value: float) -> Tensor:
    """The maps padded with `value`, or cut, so that the windows end exactly at their end."""
    after = []
    for axis, length in zip(window.axes, x.shape[2:], strict=True):
        end = (axis.cells(length) - 1) * axis.stride + axis.span
        after.append(end - length - axis.before)
    left, _, top, _ = window.padding
    return F.pad(x, (left, after[1], top, after[0]), value=value)


def _globalavgpool(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return inputs[0].mean((2, 3), keepdim=True)


def _globalmaxpool(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return inputs[0].amax((2, 3), keepdim=True)


# --- shape


def _pad(layer: Pad, _params: Params, inputs: Inputs) -> Tensor:
    return F.pad(inputs[0], layer.padding, value=layer.value)


def _flatten(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return inputs[0].flatten(1)


def _identity(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return inputs[0]


# --- normalisation


def _softmax(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    channels_last = inputs[0].movedim(1, -1)
    return F.softmax(channels_last, dim=-1).movedim(-1, 1)


def _batchnorm(layer: BatchNorm, params: Params, inputs: Inputs) -> Tensor:
    mean, variance = params["running_mean"], params["running_var"]
    return F.batch_norm(inputs[0], mean, variance, params["weight"], params["bias"], eps=layer.eps)


def _lrn(layer: Lrn, _params: Params, inputs: Inputs) -> Tensor:
    size = lrn_size(layer, inputs[0].shape[1])
    return F.local_response_norm(inputs[0], size, layer.alpha * size / layer.size, layer.beta, layer.k)


def _per_channel(values: Tensor, x: Tensor) -> Tensor:
    return values.reshape(-1, *[1] * (x.dim() - 2))


def _scale(_layer: LayerBase, params: Params, inputs: Inputs) -> Tensor:
    x = inputs[0]
    return x * _per_channel(params["weight"], x) + _per_channel(params["bias"], x)


# --- joining


def _add(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return reduce(torch.add, inputs)


def _mul(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return reduce(torch.mul, inputs)


def _concat(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
    return torch.cat(list(inputs), dim=1)


# --- functions of one value


def _function(function: Callable[[Tensor], Tensor]) -> Forward:
    def forward(_layer: LayerBase, _params: Params, inputs: Inputs) -> Tensor:
        return function(inputs[0])

    return forward


def _leakyrelu(layer: LeakyRelu, _params: Params, inputs: Inputs) -> Tensor:
    return F.leaky_relu(inputs[0], layer.slope)


def _prelu(_layer: LayerBase, params: Params, inputs: Inputs) -> Tensor:
    return F.prelu(inputs[0], params["weight"])


def _elu(layer: Elu, _params: Params, inputs: Inputs) -> Tensor:
    return F.elu(inputs[0], layer.alpha)


def _softplus(layer: Softplus, _params: Params, inputs: Inputs) -> Tensor:
    return F.softplus(inputs[0], layer.beta, layer.threshold)


FORWARD: Mapping[str, Forward] = {
    "conv": _conv,
    "local": _local,
    "linear": _linear,
    "maxpool": _maxpool,
    "avgpool": _avgpool,
    "globalavgpool": _globalavgpool,
    "globalmaxpool": _globalmaxpool,
    "pad": _pad,
    "flatten": _flatten,
    "softmax": _softmax,
    "batchnorm": _batchnorm,
    "lrn": _lrn,
    "dropout": _identity,
    "add": _add,
    "mul": _mul,
    "concat": _concat,
    "scale": _scale,
    "relu": _function(torch.relu),
    "relu6": _function(F.relu6),
    "leakyrelu": _leakyrelu,
    "prelu": _prelu,
    "elu": _elu,
    "selu": _function(torch.selu),
    "sigmoid": _function(torch.sigmoid),
    "tanh": _function(torch.tanh),
    "silu": _function(F.silu),
    "gelu": _function(F.gelu),
    "hardsigmoid": _function(F.hardsigmoid),
    "hardswish": _function(F.hardswish),
    "softplus": _softplus,
}
"""The function of every op, the same set as `ops.OPS`."""
