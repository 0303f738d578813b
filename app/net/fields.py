"""The kinds of value that a spec is written in: bounded integers, pairs, padding, names; no meaning, no layers."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

BOUND = 10**9
"""Largest value of any single number in a spec; it keeps products of them printable."""

Pair = tuple[int, int]
"""(height, width)."""

Quad = tuple[int, int, int, int]
"""(left, right, top, bottom)."""


def _is_integer(value: object, low: int) -> bool:
    return type(value) is int and low <= value <= BOUND


def _integers(value: object, length: int, low: int) -> tuple[int, ...] | None:
    """`value` as a tuple where it is a list of `length` integers from `low` to BOUND, else None."""
    if isinstance(value, list | tuple) and len(value) == length and all(_is_integer(item, low) for item in value):
        return tuple(value)
    return None


def _misfit() -> PydanticCustomError:
    return PydanticCustomError("misfit", "does not fit")


def _read_pair(low: int) -> Callable[[object], tuple[int, ...]]:
    def read(value: object) -> tuple[int, ...]:
        pair = _integers([value] * 2, 2, low) or _integers(value, 2, low)
        if pair is None:
            raise _misfit()
        return pair

    return read


def _read_quad(value: object) -> tuple[int, ...]:
    if (quad := _integers([value] * 4, 4, 0) or _integers(value, 4, 0)) is not None:
        return quad
    if (pair := _integers(value, 2, 0)) is None:
        raise _misfit()
    height, width = pair
    return (width, width, height, height)


def _read_padding(value: object) -> tuple[int, ...] | str:
    return "same" if value == "same" else _read_quad(value)


def _read_size(value: object) -> tuple[int, ...]:
    if (size := _integers(value, 3, 1)) is None:
        raise _misfit()
    return size


def _read_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _short_pair(pair: Pair) -> int | Pair:
    return pair[0] if pair[0] == pair[1] else pair


def _short_padding(padding: Quad | Literal["same"]) -> int | Pair | Quad | str:
    if padding == "same":
        return padding
    left, right, top, bottom = padding
    return _short_pair((top, left)) if left == right and top == bottom else padding


def _integer_schema(low: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": BOUND}


def _list_schema(length: int, low: int) -> dict[str, Any]:
    return {"type": "array", "items": _integer_schema(low), "minItems": length, "maxItems": length}


_PADDING_SCHEMAS = [_integer_schema(0), _list_schema(2, 0), _list_schema(4, 0)]
A_POSITIVE = f"an integer of 1 to {BOUND:,}"
A_PAIR = f"{A_POSITIVE}, or [height, width] of such"
A_QUAD = f"an integer of 0 to {BOUND:,}, [height, width] or [left, right, top, bottom] of such"

MAX_SOURCES = 256
"""Most layers that one layer takes."""

Positive = Annotated[int, Field(strict=True, ge=1, le=BOUND)]
PositivePair = Annotated[
    Pair,
    BeforeValidator(_read_pair(1)),
    PlainSerializer(_short_pair),
    WithJsonSchema({"anyOf": [_integer_schema(1), _list_schema(2, 1)]}),
]
Border = Annotated[
    Quad, BeforeValidator(_read_quad), PlainSerializer(_short_padding), WithJsonSchema({"anyOf": _PADDING_SCHEMAS})
]
Padding = Annotated[
    Quad | Literal["same"],
    BeforeValidator(_read_padding),
    PlainSerializer(_short_padding),
    WithJsonSchema({"anyOf": [*_PADDING_SCHEMAS, {"const": "same"}]}),
]
Size = Annotated[tuple[int, int, int], BeforeValidator(_read_size), WithJsonSchema(_list_schema(3, 1))]
Flag = Annotated[bool, Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-BOUND, le=BOUND)]
PositiveReal = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=BOUND)]
Name = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$")]
Names = Annotated[
    tuple[Annotated[str, Field(strict=True, min_length=1, max_length=64)], ...],
    BeforeValidator(_read_names),
    Field(min_length=1, max_length=MAX_SOURCES),
]

A_FLAG = "true or false"
A_REAL = f"a number of {-BOUND:,} to {BOUND:,}"
A_POSITIVE_REAL = f"a number above 0, up to {BOUND:,}"
