"""Changes to a network for one run: maps scaled, filters and biases replaced; the served weights are only read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError
from torch import Tensor

from ..errors import Fault, Invalid
from .analysis import Analysis, LayerAnalysis
from .faults import describe, gather, near
from .graph import INPUT, Network, Node
from .ops import OPS, Sign, by

Kernel = NDArray[np.float32]

MAX_MAGNITUDE = 1e6
"""Largest magnitude of a number in an edit: trained kernels stay below 10², and more only makes infinities."""

_REPLACEABLE = frozenset({"conv", "linear"})
"""Ops whose filters can be replaced: one kernel, or one row, makes one channel."""

_FIELDS = ("scale", "kernel", "bias")


def _as_float32(number: float) -> float:
    return float(np.float32(number)) + 0.0  # −0 and 0 are one edit


def _as_kernel(values: object) -> Kernel:
    """Nested lists as a float32 array; refuses what is no regular array of finite, moderate numbers."""
    try:
        array = np.array(values)
    except (ValueError, OverflowError, RecursionError):
        raise _refusal("its rows differ in length", "nested lists of one shape") from None
    if array.dtype.kind not in "iuf" or array.size == 0:
        raise _refusal("it is not an array of numbers", "nested lists of numbers")
    if not (np.abs(array.astype(np.float64)) <= MAX_MAGNITUDE).all():
        most = f"{MAX_MAGNITUDE:,.0f}"
        raise _refusal("a number in it is not finite or too large", f"numbers from −{most} to {most}")
    kernel = array.astype(np.float32) + np.float32(0)
    kernel.setflags(write=False)
    return kernel


def _refusal(message: str, expected: str) -> PydanticCustomError:
    return PydanticCustomError("kernel", message, {"expected": expected})


_NUMBERS: dict[str, Any] = {"type": "array", "items": {"type": "number"}}
_KERNEL_SCHEMA: dict[str, Any] = {
    "description": "The new kernel: C_in/groups×kH×kW of a convolution, the row of N values of a linear layer.",
    "anyOf": [_NUMBERS, {"type": "array", "items": {"type": "array", "items": _NUMBERS}}],
}

Number = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, ge=-MAX_MAGNITUDE, le=MAX_MAGNITUDE),
    AfterValidator(_as_float32),
]
KernelField = Annotated[
    Kernel,
    BeforeValidator(_as_kernel),
    PlainSerializer(lambda kernel: kernel.tolist(), return_type=list[Any]),
    WithJsonSchema(_KERNEL_SCHEMA),
]


class Edit(BaseModel):
    """A change to one channel of one layer. Numbers are rounded to float32."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        json_schema_extra={"examples": [{"layer": "conv4_2", "channel": 7, "scale": 0}]},
    )

    layer: str
    channel: int = Field(strict=True, ge=0)
    scale: Number | None = Field(None, description="Factor on this map of the layer's output; 0 switches it off.")
    kernel: KernelField | None = None
    bias: Number | None = Field(None, description="The new bias of this filter.")

    @property
    def nbytes(self) -> int:
        """Bytes of the kernel."""
        return 0 if self.kernel is None else self.kernel.nbytes


@dataclass(frozen=True)
class Edits:
    """The settled edits of a run, in the order of layers and channels, each place once."""

    edits: tuple[Edit, ...] = ()

    @cached_property
    def by_layer(self) -> Mapping[str, tuple[Edit, ...]]:
        """The edits of each layer that has any."""
        found: dict[str, list[Edit]] = {}
        for edit in self.edits:
            found.setdefault(edit.layer, []).append(edit)
        return {layer: tuple(edits) for layer, edits in found.items()}

    def scale(self, layer: str, channel: int) -> float | None:
        """The factor on a map of a layer's output; None where it is not scaled."""
        chosen = (edit.scale for edit in self.by_layer.get(layer, ()) if edit.channel == channel)
        return next(chosen, None)

    def params(self, layer: str, params: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """A layer's tensors with its edits in them: what is changed is a copy, the rest is what was given."""
        edited = dict(params)
        for edit in self.by_layer.get(layer, ()):
            for name, value in (("weight", edit.kernel), ("bias", edit.bias)):
                if value is not None:
                    if edited[name] is params[name]:
                        edited[name] = params[name].clone()
                    edited[name][edit.channel].copy_(torch.tensor(value))
        return edited

    def scaled(self, layer: str, activation: Tensor) -> Tensor:
        """A layer's output, 1×C×H×W or 1×N, with its factors on its maps: a new tensor where there are any."""
        factors = {edit.channel: edit.scale for edit in self.by_layer.get(layer, ()) if edit.scale is not None}
        if not factors:
            return activation
        activation = activation.clone()
        for channel, factor in factors.items():
            chosen = activation[:, channel]
            if factor == 0:
                chosen.zero_()  # off, also where the value is infinite
            else:
                chosen.mul_(factor)
        return activation

    def reached(self, network: Network) -> frozenset[int]:
        """Indices of the edited layers and of every layer that takes one of them, however far on."""
        reached: set[int] = set()
        for node in network.nodes:
            if node.name in self.by_layer or not reached.isdisjoint(node.inputs):
                reached.add(node.index)
        return frozenset(reached)

    def rescaled(self, network: Network) -> frozenset[int]:
        """Indices of the layers whose output is that of the unedited network with some maps scaled."""
        reached = self.reached(network)
        return frozenset(
            node.index
            for node in network.nodes
            if node.name in self.by_layer
            and reached.isdisjoint(node.inputs)
            and all(edit.kernel is None and edit.bias is None for edit in self.by_layer[node.name])
        )

    def signs(self, network: Network, analysis: Analysis) -> Analysis:
        """The analysis with the signs that hold now: a map with a negative factor may turn a layer's sign."""
        signed = {INPUT: True}
        for node, row in zip(network.nodes, analysis.layers, strict=True):
            turned = any(edit.scale is not None and edit.scale < 0 for edit in self.by_layer.get(node.name, ()))
            passed_on = OPS[node.layer.op].sign(node.layer) is Sign.AS_INPUT and any(signed[i] for i in node.inputs)
            signed[node.index] = row.signed or turned or passed_on
        rows = (replace(row, signed=signed[index]) for index, row in enumerate(analysis.layers))
        return Analysis(analysis.input_shape, tuple(rows))


NO_EDITS = Edits()


def settle(edits: Sequence[Edit], network: Network, analysis: Analysis) -> Edits:
    """The same edits checked against a network at the analysis' size, merged by place and put in order.

    A factor of 1 is no edit. Raises Invalid with every fault: an unknown layer or channel, a kernel of another
    shape, one field of a place given twice.
    """
    rows = {row.name: row for row in analysis.layers}
    faults = [fault for number, edit in enumerate(edits) for fault in _faults(number, edit, rows)]
    faults += _given_twice(edits)
    if faults:
        raise gather(faults, Invalid)
    return Edits(tuple(_merged(edits, network.node)))


def _place(number: int, edit: Edit, field: str) -> str:
    name = f" ({edit.layer})" if edit.layer.isprintable() and len(edit.layer) <= 64 else ""
    return f"edits[{number}]{name}.{field}"


def _faults(number: int, edit: Edit, rows: Mapping[str, LayerAnalysis]) -> Iterator[Fault]:
    if (row := rows.get(edit.layer)) is None:
        yield Fault(_place(number, edit, "layer"), f"there is no layer {describe(edit.layer)}", near(edit.layer, rows))
        return
    channels = row.output_shape[0]
    if edit.channel >= channels:
        yield Fault(
            _place(number, edit, "channel"),
            f"{row.name} has {channels:,} channels, there is no {describe(edit.channel)}",
            f"0 to {channels - 1:,}",
        )
    if all(getattr(edit, field) is None for field in _FIELDS):
        yield Fault(_place(number, edit, "scale"), "the edit changes nothing", "scale, kernel or bias")
    for field, tensor in (("kernel", "weight"), ("bias", "bias")):
        if getattr(edit, field) is not None and (fault := _replacement_fault(edit, row, field, tensor)):
            yield Fault(_place(number, edit, field), *fault)


def _replacement_fault(edit: Edit, row: LayerAnalysis, field: str, tensor: str) -> tuple[str, str] | None:
    """What is wrong with a new kernel or bias for a layer, and what would fit."""
    if row.op == "local":
        return f"{row.name} is a local layer: it has a kernel and a bias for every place, not one a map", "scale"
    if row.op not in _REPLACEABLE:
        return f"{row.name} is a {row.op} layer, it has no filters", "scale"
    if tensor not in row.parameter_shapes:
        return f"{row.name} has no {field}", "scale or kernel"
    shape = row.parameter_shapes[tensor][1:]
    if edit.kernel is not None and field == "kernel" and edit.kernel.shape != shape:
        what = "C_in/groups×kH×kW" if len(shape) == 3 else "a list of values"
        return f"the kernel is {by(edit.kernel.shape)}, {row.name} takes {by(shape)}", f"{by(shape)} ({what})"
    return None


def _given_twice(edits: Sequence[Edit]) -> Iterator[Fault]:
    seen: dict[tuple[str, int, str], int] = {}
    for number, edit in enumerate(edits):
        for field in _FIELDS:
            if getattr(edit, field) is not None:
                first = seen.setdefault((edit.layer, edit.channel, field), number)
                if first != number:
                    message = f"edits[{first}] gives the {field} of channel {describe(edit.channel)} already"
                    yield Fault(_place(number, edit, field), message, "each field of a channel once")


def _merged(edits: Iterable[Edit], node: Callable[[str], Node]) -> Iterator[Edit]:
    """One edit a place, in the order of layers and channels; what changes nothing is left out."""
    places: dict[tuple[int, int], dict[str, Any]] = {}
    for edit in edits:
        fields = {field: getattr(edit, field) for field in _FIELDS if getattr(edit, field) is not None}
        whose = {"layer": edit.layer, "channel": edit.channel}
        places.setdefault((node(edit.layer).index, edit.channel), whose).update(fields)
    for place in sorted(places):
        fields = places[place]
        if fields.get("scale") == 1:
            del fields["scale"]
        if fields.keys() & set(_FIELDS):
            yield Edit.model_construct(**fields)
