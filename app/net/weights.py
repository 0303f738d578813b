"""Where a network's tensors come from: shipped, seeded or given, and which are missing; it knows no image.

A source says what it has before a tensor exists, so that networks can be listed for nothing; `load` makes the tensors.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod, sqrt
from typing import Literal

import torch
from safetensors import safe_open
from torch import Tensor

from ..errors import Fault, Invalid
from .analysis import FLOAT32_BYTES, Analysis, LayerAnalysis
from .faults import gather, near
from .graph import Network, out_of_reach
from .manifest import shipped_files
from .ops import by

LayerParams = dict[str, Tensor]
Device = str | torch.device
Read = Callable[[Iterable[LayerAnalysis], Device], dict[str, LayerParams]]

PRELU_SLOPE = 0.25
"""He et al. 2015, "Delving Deep into Rectifiers", and PyTorch's default."""

_NOT_LEARNED_START = {"running_mean": 0.0, "running_var": 1.0, "bias": 0.0}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where weights come from; `install` is the command that brings what is missing."""

    kind: Literal["shipped", "seeded", "given", "none"]
    source: str | None = None
    licence: str | None = None
    note: str | None = None
    install: str | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Tensors by layer, float32, kernels of convolutions in channels_last; never changed once they are here.

    `missing` has every layer that cannot be computed, with the reason.
    """

    params: Mapping[str, LayerParams]
    missing: Mapping[str, str]
    provenance: Provenance
    digest: str


@dataclass(frozen=True, slots=True)
class WeightSource:
    """What weights there are, known before they are loaded: `missing` layers with reasons, and `nbytes` to load.

    `digest` is the same for the same numbers.
    """

    provenance: Provenance
    digest: str
    missing: Mapping[str, str]
    layers: tuple[LayerAnalysis, ...]
    read: Read

    @property
    def remedy(self) -> str | None:
        """What to do about a missing layer: the command that installs its weights, or a layer that has them."""
        if self.provenance.install is not None or not self.layers:
            return self.provenance.install
        return f"a layer whose weights are there, such as {self.layers[-1].name}"

    @property
    def nbytes(self) -> int:
        """Bytes of the tensors once loaded."""
        return FLOAT32_BYTES * sum(_values(layer) for layer in self.layers)

    def load(self, device: Device = "cpu") -> Weights:
        """The tensors on a device. The caller keeps them; nothing is cached here."""
        return Weights(self.read(self.layers, device), self.missing, self.provenance, self.digest)


def _source(
    network: Network,
    analysis: Analysis,
    provenance: Provenance,
    *,
    digest: str,
    read: Read,
    lacking: Mapping[str, str],
) -> WeightSource:
    missing = out_of_reach(network, lacking)
    layers = tuple(layer for layer in analysis.layers if layer.parameter_shapes and layer.name not in missing)
    return WeightSource(provenance, digest, missing, layers, read)


def _values(layer: LayerAnalysis) -> int:
    return sum(prod(shape) for shape in layer.parameter_shapes.values())


def _settled(tensor: Tensor, layer: LayerAnalysis, device: Device) -> Tensor:
    """float32 on the device, in one copy or none; a convolution's kernels in channels_last."""
    last = layer.op == "conv" and tensor.dim() == 4
    layout = torch.channels_last if last else torch.contiguous_format
    return tensor.to(device, torch.float32, memory_format=layout)


# --- shipped


def shipped(preset_name: str, network: Network, analysis: Analysis) -> WeightSource:
    """The weights that ship for a preset. Layers that the file lacks are missing: `weights not installed`.

    Loading reads the file tensor by tensor straight into place. Raises KeyError where none ship for the preset,
    and Invalid where the file does not fit the network.
    """
    file = shipped_files()[preset_name]
    lacking = {
        layer.name: "weights not installed"
        for layer in analysis.layers
        if layer.parameter_shapes and layer.name not in file.tensors
    }
    provenance = Provenance("shipped", file.source, file.licence, file.note, file.install if lacking else None)
    read = partial(_read_file, file.path, file.tensors)
    return _source(network, analysis, provenance, digest=f"sha256:{file.sha256}", read=read, lacking=lacking)


def _read_file(
    path: object, prefixes: Mapping[str, str], layers: Iterable[LayerAnalysis], device: Device
) -> dict[str, LayerParams]:
    with safe_open(str(path), framework="pt") as file:
        return {
            layer.name: {
                name: _settled(_checked(file.get_tensor(f"{prefixes[layer.name]}.{name}"), layer, name), layer, device)
                for name in layer.parameter_shapes
            }
            for layer in layers
        }


def _checked(tensor: Tensor, layer: LayerAnalysis, name: str) -> Tensor:
    if fault := _shape_fault(tensor, layer, name):
        raise gather([fault], Invalid)
    return tensor


def _shape_fault(tensor: Tensor, layer: LayerAnalysis, name: str) -> Fault | None:
    expected = layer.parameter_shapes[name]
    if tuple(tensor.shape) == expected:
        return None
    return Fault(f"{layer.name}.{name}", f"is {by(tensor.shape)}", f"{by(expected)}")


# --- seeded


def seeded(network: Network, analysis: Analysis, seed: int, max_parameters: int) -> WeightSource:
    """Random weights that anyone can make again: He et al. 2015, normal of variance 2/fan-in, biases 0.

    Every layer has a generator of its own, so no layer's weights depend on another's. A layer with which the
    running total would exceed `max_parameters` values is missing. Normalisation starts as the identity.
    """
    lacking: dict[str, str] = {}
    total = 0
    for layer in analysis.layers:
        values = _values(layer)
        if total + values <= max_parameters:
            total += values
        else:
            lacking[layer.name] = f"{values:,} parameters after {total:,} exceed the {max_parameters:,} seeded here"
    if not any(layer.parameter_shapes for layer in analysis.layers):
        nothing = Provenance("none", note="no layer has weights")
        return _source(network, analysis, nothing, digest="none", read=_read_nothing, lacking={})
    provenance = Provenance("seeded", note=f"random, Kaiming He's initialisation (2015), seed {seed}")
    return _source(network, analysis, provenance, digest=f"kaiming:{seed}", read=partial(_make, seed), lacking=lacking)


def _read_nothing(_layers: Iterable[LayerAnalysis], _device: Device) -> dict[str, LayerParams]:
    return {}


def _make(seed: int, layers: Iterable[LayerAnalysis], device: Device) -> dict[str, LayerParams]:
    return {
        layer.name: {
            name: _settled(_initial(layer, name, shape, seed), layer, device)
            for name, shape in layer.parameter_shapes.items()
        }
        for layer in layers
    }


def _initial(layer: LayerAnalysis, name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    if name in _NOT_LEARNED_START:
        return torch.full(shape, _NOT_LEARNED_START[name])
    if layer.products == 0:
        return torch.full(shape, PRELU_SLOPE if layer.op == "prelu" else 1.0)
    generator = torch.Generator().manual_seed(_layer_seed(seed, layer.name))
    return torch.empty(shape).normal_(0, sqrt(2 / layer.products), generator=generator)


def _layer_seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:7])


# --- given


def given(
    network: Network, analysis: Analysis, params: Mapping[str, Mapping[str, Tensor]], *, note: str | None = None
) -> WeightSource:
    """Weights written by hand or uploaded: layer name → tensor name → tensor of any float type.

    Layers not given are missing. Tensors that are float32 already are not copied, and must not change any more.
    Raises Invalid with every tensor that is unknown, lacking or of another shape.
    """
    if faults := list(_given_faults(analysis, params)):
        raise gather(faults, Invalid)
    lacking = {
        layer.name: "weights not given"
        for layer in analysis.layers
        if layer.parameter_shapes and layer.name not in params
    }
    provenance = Provenance("given", note=note)
    return _source(network, analysis, provenance, digest=_digest(params), read=partial(_copy, params), lacking=lacking)


def _given_faults(analysis: Analysis, params: Mapping[str, Mapping[str, Tensor]]) -> Iterable[Fault]:
    layers = {layer.name: layer for layer in analysis.layers if layer.parameter_shapes}
    for name, tensors in params.items():
        if name in layers:
            yield from _tensor_faults(layers[name], tensors)
        else:
            yield Fault(name, "no layer of this name has weights", near(name, layers) if layers else None)


def _tensor_faults(layer: LayerAnalysis, tensors: Mapping[str, Tensor]) -> Iterable[Fault]:
    shapes = layer.parameter_shapes
    for name in sorted(shapes.keys() | tensors.keys()):
        if name not in tensors:
            yield Fault(f"{layer.name}.{name}", "is missing", by(shapes[name]))
        elif name not in shapes:
            yield Fault(f"{layer.name}.{name}", f"{layer.op} has no such tensor", near(name, shapes))
        elif fault := _shape_fault(tensors[name], layer, name):
            yield fault


def _copy(
    params: Mapping[str, Mapping[str, Tensor]], layers: Iterable[LayerAnalysis], device: Device
) -> dict[str, LayerParams]:
    return {
        layer.name: {name: _settled(tensor, layer, device) for name, tensor in params[layer.name].items()}
        for layer in layers
    }


def _digest(params: Mapping[str, Mapping[str, Tensor]]) -> str:
    """SHA-256 over names, shapes, types and bytes, whatever the order or the layout in memory."""
    digest = hashlib.sha256()
    for layer in sorted(params):
        for name in sorted(params[layer]):
            tensor = params[layer][name].detach().cpu().contiguous()
            digest.update(f"{layer}.{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
            digest.update(tensor.view(torch.uint8).numpy().data)
    return f"sha256:{digest.hexdigest()}"
