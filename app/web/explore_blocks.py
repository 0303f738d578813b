"""The layers of a run as the explorer's column groups them; driven by metadata, it knows no preset's names."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from .explore_format import count, digits, shape_text, window_text

FUNCTIONS = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leakyrelu": "leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "selu": "SELU",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "silu": "SiLU",
    "gelu": "GELU",
    "hardsigmoid": "hard sigmoid",
    "hardswish": "hard swish",
    "softplus": "softplus",
}
POOLS = {
    "maxpool": "max",
    "avgpool": "mean",
    "globalmaxpool": "max of all",
    "globalavgpool": "mean of all",
}
WORDS = {
    "conv": "conv",
    "local": "local",
    "batchnorm": "batch norm",
    "lrn": "LRN",
}
FOLDED = {*POOLS, "pad", "flatten", "dropout"}
HEADS = {"conv", "local", "linear", "batchnorm", "scale", "add", "mul", "concat"}
NORMALISERS = {"batchnorm", "scale"}
WINDOWS = {"conv", "local", *POOLS}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of the column: a layer, or a layer with the normalisation and function that follow it alone.

    `before` is the layer whose values are shown before the function, `after` the one that holds them after it;
    they are the same where there is no function. `shape` is C×H×W or N.
    """

    name: str
    op: str
    before: str
    after: str
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    function: str | None
    operation: str
    operation_before: str
    folded: bool
    available: bool
    reason: str | None
    parameters: int
    multiply_adds: int
    receptive_field: Json | None
    texts: Json = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def group_blocks(run: Json, model: Json) -> tuple[Block, ...]:
    """Group a run's layers into blocks, in the order of the network.

    A convolution (or another head) takes along what follows it alone: batch normalisation or a scale, then
    one elementwise function. Pooling and what only reshapes is folded to its header, unless the network has
    nothing else. `run` and `model` are the REST API's JSON.
    """
    layers: Sequence[Json] = run["layers"]
    only_folded = all(layer["op"] in FOLDED for layer in layers if layer["available"])
    folded: Set[str] = frozenset() if only_folded else FOLDED
    spec: Sequence[Json] = model["spec"]["layers"]
    blocks: list[Block] = []
    start = 0
    while start < len(layers):
        end = _block_end(layers, start)
        blocks.append(_block(layers[start:end], spec[start:end], folded))
        start = end
    return tuple(blocks)


def block_of(blocks: Sequence[Block], layer: str) -> Block | None:
    """The block that a layer belongs to, or None."""
    return next((block for block in blocks if layer in block.layers), None)


def function_name(blocks: Sequence[Block]) -> str | None:
    """The one name for all blocks' functions (`ReLU`), empty where they differ, None without any."""
    names = {block.function for block in blocks if block.function}
    if not names:
        return None
    return names.pop() if len(names) == 1 else ""


def _block_end(layers: Sequence[Json], start: int) -> int:
    end = start + 1
    if layers[start]["op"] not in HEADS:
        return end
    while _continues(layers, end, NORMALISERS):
        end += 1
    return end + 1 if _continues(layers, end, set(FUNCTIONS)) else end


def _continues(layers: Sequence[Json], index: int, ops: set[str]) -> bool:
    """Whether layer `index` is one of `ops` and takes the layer before it, which nothing else takes."""
    if index >= len(layers) or layers[index]["op"] not in ops:
        return False
    before = layers[index - 1]["name"]
    takers = sum(before in _sources(layer) for layer in layers[index:])
    return _sources(layers[index]) == (before,) and takers == 1


def _sources(layer: Json) -> tuple[str, ...]:
    source = layer["from"]
    return (source,) if isinstance(source, str) else tuple(source)


def _block(layers: Sequence[Json], spec: Sequence[Json], folded: Set[str]) -> Block:
    head, last = layers[0], layers[-1]
    function = FUNCTIONS.get(last["op"]) if len(layers) > 1 else None
    before = layers[-2] if function else last
    window, settings = window_text(spec[0]) if head["op"] in WINDOWS else ("", "")
    word = {**WORDS, **POOLS, **FUNCTIONS}.get(head["op"], head["op"])
    plain = f"{word} {window}".strip()
    extra = "".join(f", {WORDS.get(layer['op'], layer['op'])}" for layer in layers[1:-1] if function)
    if not function:
        extra = "".join(f", {WORDS.get(layer['op'], layer['op'])}" for layer in layers[1:])
    full = f"{plain}{settings}{extra}"
    parameters = sum(layer["parameters"] for layer in layers)
    multiply_adds = sum(layer["multiply_adds"] for layer in layers)
    return Block(
        name=head["name"],
        op=head["op"],
        before=before["name"],
        after=last["name"],
        layers=tuple(layer["name"] for layer in layers),
        shape=tuple(last["shape"]),
        function=function,
        operation=f"{plain}{extra}, {function}" if function else full,
        operation_before=full,
        folded=head["op"] in folded,
        available=all(layer["available"] for layer in layers),
        reason=next((layer["reason"] for layer in layers if not layer["available"]), None),
        parameters=parameters,
        multiply_adds=multiply_adds,
        receptive_field=last["receptive_field"],
        texts={
            "shape": shape_text(last["shape"]),
            "parameters": digits(parameters),
            "multiply_adds": count(multiply_adds),
            "multiply_adds_exact": digits(multiply_adds),
            "receptive_field": _field_text(last["receptive_field"]),
        },
    )


def _field_text(receptive_field: Json | None) -> str:
    if receptive_field is None:
        return ""
    if receptive_field["whole"]:
        return "image"
    height, width = receptive_field["size"]
    return digits(height) if height == width else f"{digits(height)}×{digits(width)}"
