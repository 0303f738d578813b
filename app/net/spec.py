"""The grammar of a network: an ordered list of layers as data; it knows fields and names, never shapes or tensors."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from ..errors import Fault, SpecError
from .faults import MAX_FAULTS, describe, gather, layer_place, near, spec_faults
from .fields import (
    A_FLAG,
    A_PAIR,
    A_POSITIVE,
    A_POSITIVE_REAL,
    A_QUAD,
    A_REAL,
    BOUND,
    Border,
    Flag,
    Name,
    Names,
    Padding,
    Positive,
    PositivePair,
    PositiveReal,
    Real,
    Size,
)

INPUT_NAME = "input"
"""The name under which layers refer to the network's input."""

_KERNEL = Field(description=A_PAIR)
_FILTERS = Field(description=A_POSITIVE)
_PADDING = Field((0, 0, 0, 0), description=f'{A_QUAD}, or "same"')
_ONE = Field((1, 1), description=A_PAIR)
_STRIDE_IS_KERNEL = Field(default_factory=lambda data: data["kernel"], description=f"{A_PAIR} (the kernel if left out)")


class LayerBase(BaseModel):
    """What every layer has: an op, a name, and the layers that it takes (the one before it unless named)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    op: str
    name: Name | None = Field(None, description="1 to 64 of the characters A–Z a–z 0–9 _ . -, the first no full stop")
    from_: Names | None = Field(
        None,
        alias="from",
        description="the name of an earlier layer, or a list of such; `input` is the network's input",
    )


class Conv(LayerBase):
    """2-D cross-correlation, PyTorch's Conv2d: `filters` kernels of C_in/groups × kH × kW."""

    op: Literal["conv"]
    filters: Positive = _FILTERS
    kernel: PositivePair = _KERNEL
    stride: PositivePair = _ONE
    padding: Padding = _PADDING
    dilation: PositivePair = _ONE
    groups: Positive = Field(1, description=A_POSITIVE)
    bias: Flag = Field(True, description=A_FLAG)


class Local(LayerBase):
    """Locally connected: as a convolution, but every place has filters of its own."""

    op: Literal["local"]
    filters: Positive = _FILTERS
    kernel: PositivePair = _KERNEL
    stride: PositivePair = _ONE
    padding: Padding = _PADDING
    dilation: PositivePair = _ONE
    bias: Flag = Field(True, description=A_FLAG)


class Linear(LayerBase):
    """Fully connected: `units` dot products with the whole input vector."""

    op: Literal["linear"]
    units: Positive = Field(description=A_POSITIVE)
    bias: Flag = Field(True, description=A_FLAG)


class MaxPool(LayerBase):
    """The largest value of every window; padding never wins."""

    op: Literal["maxpool"]
    kernel: PositivePair = _KERNEL
    stride: PositivePair = _STRIDE_IS_KERNEL
    padding: Padding = _PADDING
    dilation: PositivePair = _ONE
    ceil_mode: Flag = Field(False, description=A_FLAG)


class AvgPool(LayerBase):
    """The mean of every window; `count_include_pad` says whether padding counts in the divisor."""

    op: Literal["avgpool"]
    kernel: PositivePair = _KERNEL
    stride: PositivePair = _STRIDE_IS_KERNEL
    padding: Padding = _PADDING
    ceil_mode: Flag = Field(False, description=A_FLAG)
    count_include_pad: Flag = Field(True, description=A_FLAG)


class GlobalPool(LayerBase):
    """The mean or the largest value of each whole map: C×H×W to C×1×1."""

    op: Literal["globalavgpool", "globalmaxpool"]


class Pad(LayerBase):
    """A border of constant `value` around every map."""

    op: Literal["pad"]
    padding: Border = Field(description=A_QUAD)
    value: Real = Field(0.0, description=A_REAL)


class Flatten(LayerBase):
    """C×H×W to one vector of C·H·W values, the last axis running fastest."""

    op: Literal["flatten"]


class Softmax(LayerBase):
    """exp(x) over its sum, across the channels (of each cell) or the vector."""

    op: Literal["softmax"]


class BatchNorm(LayerBase):
    """Batch normalisation at inference: (x − mean)/√(variance + eps)·weight + bias per channel."""

    op: Literal["batchnorm"]
    eps: PositiveReal = Field(1e-5, description=A_POSITIVE_REAL)


class Lrn(LayerBase):
    """Local response normalisation across `size` channels, in PyTorch's meaning (alpha is divided by size)."""

    op: Literal["lrn"]
    size: Positive = Field(5, description=A_POSITIVE)
    alpha: Annotated[Real, Field(ge=0)] = Field(1e-4, description=f"a number of 0 to {BOUND:,}")
    beta: Real = Field(0.75, description=A_REAL)
    k: PositiveReal = Field(1.0, description=A_POSITIVE_REAL)


class Dropout(LayerBase):
    """Drops values while training; the identity here, where networks only infer."""

    op: Literal["dropout"]
    p: Annotated[Real, Field(ge=0, le=1)] = Field(0.5, description="a number of 0 to 1")


class Merge(LayerBase):
    """Sum or product of equal shapes, or concatenation along the channels, of two or more layers."""

    op: Literal["add", "mul", "concat"]


class Scale(LayerBase):
    """A constant factor (`weight`) and offset (`bias`) per channel."""

    op: Literal["scale"]


class Elementwise(LayerBase):
    """A function without settings, applied to every value."""

    op: Literal["relu", "relu6", "selu", "sigmoid", "tanh", "silu", "gelu", "hardsigmoid", "hardswish"]


class LeakyRelu(LayerBase):
    """x where x ≥ 0, else slope·x."""

    op: Literal["leakyrelu"]
    slope: Real = Field(0.01, description=A_REAL)


class Prelu(LayerBase):
    """x where x ≥ 0, else x times the learned slope of its channel (He et al. 2015)."""

    op: Literal["prelu"]


class Elu(LayerBase):
    """x where x > 0, else alpha·(exp(x) − 1)."""

    op: Literal["elu"]
    alpha: Real = Field(1.0, description=A_REAL)


class Softplus(LayerBase):
    """log(1 + exp(beta·x))/beta; x itself where beta·x exceeds the threshold."""

    op: Literal["softplus"]
    beta: PositiveReal = Field(1.0, description=A_POSITIVE_REAL)
    threshold: Real = Field(20.0, description=A_REAL)


LayerUnion = (
    Conv
    | Local
    | Linear
    | MaxPool
    | AvgPool
    | GlobalPool
    | Pad
    | Flatten
    | Softmax
    | BatchNorm
    | Lrn
    | Dropout
    | Merge
    | Scale
    | Elementwise
    | LeakyRelu
    | Prelu
    | Elu
    | Softplus
)
Layer = Annotated[LayerUnion, Field(discriminator="op")]

LAYER_TYPES: Mapping[str, type[LayerBase]] = {
    op: kind for kind in get_args(LayerUnion) for op in get_args(kind.model_fields["op"].annotation)
}
"""The class that reads each op."""


class NetworkSpec(BaseModel):
    """A network: the size of its input and its layers in order; `layer_names` gives each one's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(strict=True, pattern=r"^[^\x00-\x1f\x7f]{1,64}$")] = Field(
        "network", description="1 to 64 printable characters"
    )
    input: Size = Field(description=f"[channels, height, width], each an integer of 1 to {BOUND:,}")
    layers: tuple[Layer, ...] = Field(description="a list of one or more layers", json_schema_extra={"minItems": 1})

    @model_validator(mode="after")
    def _outline_fits(self) -> Self:
        faults = _name_faults(self.layers) if self.layers else [Fault("layers", "is empty", "one or more layers")]
        if faults:
            raise PydanticCustomError("outline", "the layers do not fit", {"faults": faults})
        return self


def layer_names(spec: NetworkSpec) -> list[str]:
    """The name of every layer, in order.

    Unnamed ones are called by their op and a running number of the unnamed of that op: `conv1`, `relu1`, `conv2`;
    a name that another layer has is skipped.
    """
    taken = {layer.name for layer in spec.layers if layer.name is not None}
    numbers: dict[str, Iterator[int]] = {}
    names = []
    for layer in spec.layers:
        counted = (f"{layer.op}{number}" for number in numbers.setdefault(layer.op, count(1)))
        name = layer.name if layer.name is not None else next(each for each in counted if each not in taken)
        taken.add(name)
        names.append(name)
    return names


def _name_faults(layers: Sequence[LayerBase]) -> list[Fault]:
    faults = []
    first: dict[str, int] = {}
    for index, layer in enumerate(layers):
        if layer.name is None:
            continue
        where = f"{layer_place(index, layer.name)}.name"
        if layer.name == INPUT_NAME:
            faults.append(Fault(where, "`input` names the network's input", "another name"))
        elif (other := first.setdefault(layer.name, index)) != index:
            faults.append(Fault(where, f"layers[{other}] has this name already", "names that occur once"))
    return faults


def parse_spec(data: object, *, max_layers: int = 1000) -> NetworkSpec:
    """Read a decoded JSON object as a network.

    Raises SpecError with every fault: its place (`layers[2] (conv1).kernel`), what was wrong and what would fit.
    The number of layers is checked before anything else is looked at.
    """
    _check_outline(data, max_layers)
    try:
        return NetworkSpec.model_validate(data)
    except ValidationError as error:
        raise gather(spec_faults(error, data, LAYER_TYPES, NetworkSpec)) from None


def _check_outline(data: object, max_layers: int) -> None:
    if not isinstance(data, dict):
        raise SpecError(
            "a network is an object with the fields `input` and `layers`",
            where="spec",
            expected='{"input": [3, 32, 32], "layers": [{"op": "relu"}]}',
        )
    layers = data.get("layers")
    if isinstance(layers, list | tuple) and len(layers) > max_layers:
        raise SpecError(
            f"layers: {len(layers):,} layers are more than this server takes",
            where="layers",
            expected=f"at most {max_layers:,} layers",
            limit=max_layers,
        )
    if faults := _op_faults(layers):
        raise gather(faults)


def _op_faults(layers: object) -> list[Fault]:
    """Ops that are not text: found first, as pydantic would print them whole, however deeply they nest."""
    if not isinstance(layers, list | tuple):
        return []
    ops = [(index, layer.get("op", "")) for index, layer in enumerate(layers) if isinstance(layer, dict)]
    odd = [(index, op) for index, op in ops if not isinstance(op, str)]
    return [Fault(f"layers[{index}].op", f"{describe(op)} is not an op", near(None, LAYER_TYPES)) for index, op in odd][
        :MAX_FAULTS
    ]


def written_out(spec: NetworkSpec) -> dict[str, Any]:
    """The spec as JSON values with nothing left to guess: defaults filled in, every layer and its inputs named."""
    names = layer_names(spec)
    layers = []
    for before, name, layer in zip([INPUT_NAME, *names], names, spec.layers, strict=False):
        fields = layer.model_dump(mode="json", by_alias=True)
        layers.append(fields | {"name": name, "from": list(layer.from_ or (before,))})
    return {"name": spec.name, "input": list(spec.input), "layers": layers}


def canonical(spec: NetworkSpec) -> bytes:
    """What digests are made of: the spec written out, as JSON with sorted keys."""
    return json.dumps(written_out(spec), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
