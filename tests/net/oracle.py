"""What torch's own modules make of a layer's fields, built without a line of app.net: the second opinion.

Asymmetric padding has no module in torch's pooling; there `slow_pool` goes over every window in plain Python.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn

Fields = Mapping[str, Any]


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def quad(value: int | Sequence[int]) -> tuple[int, int, int, int]:
    """(left, right, top, bottom)."""
    if not isinstance(value, int) and len(value) == 4:
        return (value[0], value[1], value[2], value[3])
    height, width = pair(value)
    return (width, width, height, height)


def conv(fields: Fields, channels: int) -> nn.Module:
    padding = fields.get("padding", 0)
    module = nn.Conv2d(
        channels,
        fields["filters"],
        pair(fields["kernel"]),
        pair(fields.get("stride", 1)),
        "same" if padding == "same" else 0,
        pair(fields.get("dilation", 1)),
        fields.get("groups", 1),
        fields.get("bias", True),
    )
    return module if padding == "same" else nn.Sequential(nn.ZeroPad2d(quad(padding)), module)


def pool(fields: Fields) -> nn.Module:
    """Torch's module, for padding that is the same on opposite sides."""
    left, _, top, _ = quad(fields.get("padding", 0))
    kernel, ceil_mode = pair(fields["kernel"]), fields.get("ceil_mode", False)
    stride = pair(fields.get("stride", kernel))
    if fields["op"] == "maxpool":
        return nn.MaxPool2d(kernel, stride, (top, left), pair(fields.get("dilation", 1)), ceil_mode=ceil_mode)
    return nn.AvgPool2d(kernel, stride, (top, left), ceil_mode, fields.get("count_include_pad", True))


def slow_pool(fields: Fields, x: Tensor) -> Tensor:
    """Pooling of N×C×H×W window by window."""
    kernel = pair(fields["kernel"])
    stride, dilation = pair(fields.get("stride", kernel)), pair(fields.get("dilation", 1))
    left, right, top, bottom = quad(fields.get("padding", 0))
    borders = ((top, bottom), (left, right))
    rows, columns = (
        _windows(x.shape[2 + i], kernel[i], stride[i], dilation[i], borders[i], fields.get("ceil_mode", False))
        for i in (0, 1)
    )
    pooled = [[_reduce(fields, x, borders, row, column) for column in columns] for row in rows]
    return torch.stack([torch.stack(line, -1) for line in pooled], -2)


def _windows(
    length: int, kernel: int, stride: int, dilation: int, border: tuple[int, int], ceil_mode: bool
) -> list[list[int]]:
    """The cells that each window covers; those from −before to length + after − 1 exist, in ceil mode more may."""
    before, after = border
    span = dilation * (kernel - 1) + 1
    last = (length + before + after - span) / stride
    count = (ceil(last) if ceil_mode else int(last)) + 1
    starts = [i * stride - before for i in range(count)]
    return [[start + dilation * tap for tap in range(kernel)] for start in starts if not ceil_mode or start < length]


def _reduce(
    fields: Fields, x: Tensor, borders: tuple[tuple[int, int], ...], row: list[int], column: list[int]
) -> Tensor:
    height, width = x.shape[2:]
    inside = [x[:, :, y, x_] for y in row if 0 <= y < height for x_ in column if 0 <= x_ < width]
    if fields["op"] == "maxpool":
        return torch.stack(inside).amax(0)
    (_, bottom), (_, right) = borders
    padded = sum(y < height + bottom for y in row) * sum(x_ < width + right for x_ in column)
    return torch.stack(inside).sum(0) / (padded if fields.get("count_include_pad", True) else len(inside))


FUNCTIONS: Mapping[str, Callable[[Fields], nn.Module]] = {
    "relu": lambda _: nn.ReLU(),
    "relu6": lambda _: nn.ReLU6(),
    "leakyrelu": lambda fields: nn.LeakyReLU(fields.get("slope", 0.01)),
    "elu": lambda fields: nn.ELU(fields.get("alpha", 1.0)),
    "selu": lambda _: nn.SELU(),
    "sigmoid": lambda _: nn.Sigmoid(),
    "tanh": lambda _: nn.Tanh(),
    "silu": lambda _: nn.SiLU(),
    "gelu": lambda _: nn.GELU(),
    "hardsigmoid": lambda _: nn.Hardsigmoid(),
    "hardswish": lambda _: nn.Hardswish(),
    "softplus": lambda fields: nn.Softplus(fields.get("beta", 1.0), fields.get("threshold", 20.0)),
    "softmax": lambda _: nn.Softmax(dim=1),
    "dropout": lambda fields: nn.Dropout(fields.get("p", 0.5)).eval(),
    "lrn": lambda fields: nn.LocalResponseNorm(
        fields.get("size", 5), fields.get("alpha", 1e-4), fields.get("beta", 0.75), fields.get("k", 1.0)
    ),
    "globalavgpool": lambda _: nn.AdaptiveAvgPool2d(1),
    "globalmaxpool": lambda _: nn.AdaptiveMaxPool2d(1),
    "flatten": lambda _: nn.Flatten(),
    "pad": lambda fields: nn.ConstantPad2d(quad(fields["padding"]), fields.get("value", 0.0)),
}
