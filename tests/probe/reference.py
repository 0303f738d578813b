"""Networks computed by torch's functions called directly, to hold explanations against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from app.net.analysis import Analysis, analyze
from app.net.graph import INPUT, Network, build_network
from app.net.spec import parse_spec
from app.net.weights import Weights, given
from app.probe.explain import Explanation, explain


@dataclass(frozen=True)
class Computed:
    """A network, its weights, and every layer's output as torch computes it."""

    network: Network
    weights: Weights
    analysis: Analysis
    activations: dict[int, Tensor]

    def explain(self, layer: str, channel: int, y: int = 0, x: int = 0, max_cells: int = 10_000) -> Explanation:
        return explain(
            self.network,
            self.weights,
            self.analysis,
            self.network.node(layer),
            self.activations.__getitem__,
            channel=channel,
            y=y,
            x=x,
            max_cells=max_cells,
        )

    def output(self, layer: str) -> Tensor:
        return self.activations[self.network.node(layer).index]


def compute(
    layers: Sequence[Mapping[str, Any]],
    image: Any,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> Computed:
    """Run layers on an image C×H×W; tensors that are not given are drawn at random."""
    pixels = torch.as_tensor(image, dtype=torch.float32)
    network = build_network(parse_spec({"input": list(pixels.shape), "layers": list(layers)}))
    analysis = analyze(network)
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        row.name: {
            name: torch.as_tensor(params[row.name][name], dtype=torch.float32)
            if params and row.name in params
            else _drawn(name, shape, generator)
            for name, shape in row.parameter_shapes.items()
        }
        for row in analysis.layers
        if row.parameter_shapes
    }
    weights = given(network, analysis, tensors).load()
    activations = {INPUT: pixels[None]}
    for node in network.nodes:
        inputs = [activations[index] for index in node.inputs]
        activations[node.index] = by_torch(node.layer, tensors.get(node.name, {}), inputs)
    return Computed(network, weights, analysis, activations)


def _drawn(name: str, shape: Sequence[int], generator: torch.Generator) -> Tensor:
    drawn = torch.randn(tuple(shape), generator=generator)
    return drawn.abs() + 0.1 if name == "running_var" else drawn


Params = Mapping[str, Tensor]


def by_torch(layer: Any, params: Params, inputs: Sequence[Tensor]) -> Tensor:
    """One layer's output by torch.nn.functional.

    Pools padded unevenly only without ceil mode and with padding counted: torch itself pads evenly.
    """
    if layer.op in PLAIN:
        return PLAIN[layer.op](inputs[0])
    if layer.op in MERGING:
        return MERGING[layer.op](inputs)
    return WITH_SETTINGS[layer.op](layer, params, inputs[0])


def _convolved(layer: Any, params: Params, x: Tensor) -> Tensor:
    padded = F.pad(x, _padding(layer))
    return F.conv2d(padded, params["weight"], params.get("bias"), layer.stride, 0, layer.dilation, layer.groups)


def _normalised(layer: Any, params: Params, x: Tensor) -> Tensor:
    statistics = params["running_mean"], params["running_var"]
    return F.batch_norm(x, *statistics, params["weight"], params["bias"], eps=layer.eps)


def _scaled(layer: Any, params: Params, x: Tensor) -> Tensor:
    shape = (1, -1, *[1] * (x.dim() - 2))
    return x * params["weight"].reshape(shape) + params["bias"].reshape(shape)


def _padding(layer: Any) -> tuple[int, int, int, int]:
    if layer.padding != "same":
        return layer.padding
    height, width = (d * (k - 1) for d, k in zip(layer.dilation, layer.kernel, strict=True))
    return width // 2, width - width // 2, height // 2, height - height // 2


def _locally_connected(layer: Any, params: Params, x: Tensor) -> Tensor:
    """A valid convolution at every place, each with its own kernels."""
    weight = params["weight"]
    filters, height, width = weight.shape[:3]
    extent = [d * (k - 1) + 1 for d, k in zip(layer.dilation, layer.kernel, strict=True)]
    out = torch.empty(1, filters, height, width)
    for row in range(height):
        for column in range(width):
            top, left = row * layer.stride[0], column * layer.stride[1]
            window = x[:, :, top : top + extent[0], left : left + extent[1]]
            out[:, :, row, column] = F.conv2d(window, weight[:, row, column], dilation=layer.dilation)[:, :, 0, 0]
    return out + params["bias"] if "bias" in params else out


def _pooled(layer: Any, x: Tensor) -> Tensor:
    left, right, top, bottom = layer.padding
    is_max = layer.op == "maxpool"
    padding = (top, left)
    if (left, top) != (right, bottom):
        x, padding = F.pad(x, layer.padding, value=-torch.inf if is_max else 0.0), (0, 0)
    if is_max:
        return F.max_pool2d(x, layer.kernel, layer.stride, padding, layer.dilation, layer.ceil_mode)
    return F.avg_pool2d(x, layer.kernel, layer.stride, padding, layer.ceil_mode, layer.count_include_pad)


PLAIN: Mapping[str, Callable[[Tensor], Tensor]] = {
    "flatten": lambda x: torch.flatten(x, 1),
    "dropout": lambda x: x,
    "softmax": lambda x: F.softmax(x, 1),
    "globalavgpool": lambda x: F.adaptive_avg_pool2d(x, 1),
    "globalmaxpool": lambda x: F.adaptive_max_pool2d(x, 1),
    "relu": F.relu,
    "relu6": F.relu6,
    "selu": F.selu,
    "sigmoid": F.sigmoid,
    "tanh": F.tanh,
    "silu": F.silu,
    "gelu": F.gelu,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
}
MERGING: Mapping[str, Callable[[Sequence[Tensor]], Tensor]] = {
    "add": lambda inputs: reduce(torch.add, inputs),
    "mul": lambda inputs: reduce(torch.mul, inputs),
    "concat": lambda inputs: torch.cat(list(inputs), 1),
}
WITH_SETTINGS: Mapping[str, Callable[[Any, Params, Tensor], Tensor]] = {
    "conv": _convolved,
    "local": lambda layer, params, x: _locally_connected(layer, params, F.pad(x, _padding(layer))),
    "linear": lambda layer, params, x: F.linear(x, params["weight"], params.get("bias")),
    "maxpool": lambda layer, params, x: _pooled(layer, x),
    "avgpool": lambda layer, params, x: _pooled(layer, x),
    "batchnorm": _normalised,
    "scale": _scaled,
    "prelu": lambda layer, params, x: F.prelu(x, params["weight"]),
    "lrn": lambda layer, params, x: F.local_response_norm(x, layer.size, layer.alpha, layer.beta, layer.k),
    "pad": lambda layer, params, x: F.pad(x, layer.padding, value=layer.value),
    "leakyrelu": lambda layer, params, x: F.leaky_relu(x, layer.slope),
    "elu": lambda layer, params, x: F.elu(x, layer.alpha),
    "softplus": lambda layer, params, x: F.softplus(x, layer.beta, layer.threshold),
}
