"""What a server's answers become: typed records and NumPy arrays; it sends nothing."""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_U8_HEADER = struct.Struct("<4s5I")
_SIGNED_ZERO, _SIGNED_STEPS, _UNSIGNED_STEPS = 128, 127, 255

Record = TypeVar("Record")


class ProblemError(Exception):
    """An answer that is a problem (RFC 9457), or another error status.

    `type` is stable and ends in a word such as `invalid-spec`; `where` names the place, `expected` what would fit,
    `limit` the bound that was exceeded, `errors` every single fault where there are several.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.type: str = problem.get("type", "about:blank")
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.where: str | None = problem.get("where")
        self.expected: str | None = problem.get("expected")
        self.limit: float | None = problem.get("limit")
        self.errors: list[dict[str, Any]] = problem.get("errors", [])
        super().__init__(status, self.title, self.detail)

    def __str__(self) -> str:
        hint = f" Expected: {self.expected}." if self.expected else ""
        return f"{self.status} {self.title}: {self.detail}{hint}"


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the server keeps; `shape` is C×H×W, `notes` say what was done to read it."""

    id: str
    kind: Literal["photo", "array"]
    width: int
    height: int
    shape: tuple[int, ...]
    format: str
    frames: int
    bytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """What one value of a layer sees of the input, in pixels, (height, width).

    `padding` is how far the first value's field starts before the first pixel; `stride` is None where branches of
    different strides meet; `whole` where every value sees the whole input.
    """

    size: tuple[int, int]
    stride: tuple[int, int] | None
    padding: tuple[int, int]
    whole: bool


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's arithmetic. Shapes are C×H×W, or N after a flatten; `reason` says why it is not `available`."""

    index: int
    name: str
    op: str
    inputs: tuple[str, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    parameter_shapes: dict[str, tuple[int, ...]]
    multiply_adds: int
    receptive_field: ReceptiveField
    formula: str | None
    signed: bool
    available: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """A network's arithmetic: its spec with every default written out, its layers by name, and the sums over them."""

    name: str
    spec: dict[str, Any]
    layers: dict[str, Layer]
    parameters: int
    multiply_adds: int
    activation_bytes: int


@dataclass(frozen=True, slots=True)
class Model(Analysis):
    """A network that runs can be made of; `weights` and `preprocessing` say where its numbers come from."""

    id: str
    title: str
    preset: bool
    weights: dict[str, Any]
    preprocessing: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A line of the list of presets; `input` is C×H×W, `layers` their number."""

    id: str
    name: str
    title: str
    input: tuple[int, ...]
    layers: int
    parameters: int
    multiply_adds: int
    activation_bytes: int
    weights: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quantized:
    """A layer in one byte a value: `data` uint8 C×H×W, each map's true `low` and `high` (float32, C)."""

    data: NDArray[np.uint8]
    low: Floats
    high: Floats
    signed: bool

    def values(self) -> Floats:
        """The values that the bytes stand for, C×H×W, within half a step of the true ones."""
        low, high = self.low[:, None, None], self.high[:, None, None]
        if self.signed:
            steps = self.data.astype(np.float32) - np.float32(_SIGNED_ZERO)
            return np.asarray(steps / np.float32(_SIGNED_STEPS) * np.maximum(abs(low), abs(high)))
        return np.asarray(self.data / np.float32(_UNSIGNED_STEPS) * high)


@dataclass(frozen=True, slots=True)
class Unit:
    """One number explained: the sum of `patch` × `kernel` (C×kH×kW) and `bias` is `total`; `value` is the layer's.

    Where a number is no weighted sum, `kernel`, `by_channel` and `bias` are None and `formula` says what it is.
    `inside` (kH×kW) is false in padding. `json` holds every field of the answer.
    """

    layer: str
    channel: int
    y: int
    x: int
    value: float | None
    total: float | None
    bias: float | None
    formula: str
    patch: NDArray[np.float64]
    inside: NDArray[np.bool_]
    kernel: NDArray[np.float64] | None
    by_channel: NDArray[np.float64] | None
    json: dict[str, Any] = field(repr=False)


def read_npy(data: bytes) -> Floats:
    """The array of an npy file."""
    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))


def read_u8(data: bytes) -> Quantized:
    """A layer in the format of docs/formats.md. Raises `ValueError` for anything else."""
    magic, version, channels, height, width, flags = _U8_HEADER.unpack_from(data)
    if (magic, version) != (b"CSU8", 1):
        raise ValueError(f"not a u8 layer of version 1: it starts with {data[:8]!r}")
    low, high = np.frombuffer(data, "<f4", 2 * channels, _U8_HEADER.size).reshape(2, channels)
    values = np.frombuffer(data, np.uint8, channels * height * width, _U8_HEADER.size + 8 * channels)
    return Quantized(values.reshape(channels, height, width), low, high, bool(flags & 1))


def read_unit(answer: dict[str, Any]) -> Unit:
    """One number explained, its nested lists as arrays."""
    arrays = {name: _floats(answer[name]) for name in ("patch", "kernel", "by_channel")}
    return record(Unit, {**answer, **arrays, "inside": np.array(answer["inside"], dtype=np.bool_), "json": answer})


def _floats(nested: Any) -> NDArray[np.float64] | None:
    return None if nested is None else np.array(nested, dtype=np.float64)


def read_layers(answer: Mapping[str, Any]) -> dict[str, Layer]:
    """The layers of a network or a run by name, in their order."""
    return {row["name"]: _layer(row) for row in answer["layers"]}


def _layer(row: Mapping[str, Any]) -> Layer:
    shapes = {name: tuple(shape) for name, shape in row["parameter_shapes"].items()}
    receptive_field = record(ReceptiveField, row["receptive_field"])
    return record(Layer, {**row, "inputs": row["from"], "receptive_field": receptive_field, "parameter_shapes": shapes})


def with_totals(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A network's answer with its totals and layers as the fields of `Analysis`."""
    return {**answer, **answer["totals"], "layers": read_layers(answer)}


def record(kind: type[Record], answer: Mapping[str, Any]) -> Record:
    """A dataclass of its fields in an answer, lists as tuples; fields that a newer server adds are left out."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    chosen = {name: value for name, value in answer.items() if name in known}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in chosen.items()})
