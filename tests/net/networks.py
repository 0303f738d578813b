"""Small networks for the tests of this room: shorthand to build and to run them."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from app.net.analysis import Analysis, analyze
from app.net.forward import apply
from app.net.graph import INPUT, Network, build_network
from app.net.spec import parse_spec

Params = Mapping[str, Mapping[str, Tensor]]


def layer(op: str, source: str | Sequence[str] | None = None, **fields: Any) -> dict[str, Any]:
    """One layer of a spec; `source` stands for `from`."""
    return {"op": op, **({"from": source} if source is not None else {}), **fields}


def network(size: Sequence[int], *layers: dict[str, Any]) -> Network:
    return build_network(parse_spec({"input": list(size), "layers": list(layers)}))


def analysis(size: Sequence[int], *layers: dict[str, Any]) -> Analysis:
    return analyze(network(size, *layers))


def activations(net: Network, params: Params, x: Tensor) -> dict[int, Tensor]:
    """Every layer's output for a batch, by index; the input under INPUT."""
    values = {INPUT: x}
    with torch.inference_mode():
        for node in net.nodes:
            values[node.index] = apply(node.layer, params.get(node.name, {}), [values[i] for i in node.inputs])
    return values


def random_params(numbers: Analysis, seed: int = 0, dtype: torch.dtype = torch.float32) -> dict[str, dict[str, Tensor]]:
    """Tensors of the shapes that the analysis asks for; variances positive."""
    generator = torch.Generator().manual_seed(seed)
    return {
        each.name: {
            name: torch.rand(shape, generator=generator, dtype=dtype) + 0.5
            if name == "running_var"
            else torch.randn(shape, generator=generator, dtype=dtype)
            for name, shape in each.parameter_shapes.items()
        }
        for each in numbers.layers
        if each.parameter_shapes
    }
