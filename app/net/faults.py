"""Faults of a spec in words: places, near matches, what would fit; it knows the grammar's errors, not its meaning."""

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeGuard

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import Fault, Invalid, SpecError

MAX_FAULTS = 50
"""Faults told at once; a broken generator repeats itself."""

_COMPARED = 64
_LISTED = 32
_PRINTED = 40
_PRINTED_INTEGER = 10**18


def layer_place(index: int, name: str) -> str:
    """The place of a layer in messages: `layers[3] (conv2)`."""
    return f"layers[{index}] ({name})"


def near(name: object, known: Iterable[str]) -> str:
    """What could have been meant by `name`: the closest known names, or all of them where few, or their number."""
    known = list(known)
    if isinstance(name, str) and (matches := _closest(name[:_COMPARED], known)):
        return " or ".join(f"`{match}`" for match in matches)
    if len(known) <= _LISTED:
        return "one of " + ", ".join(known) if len(known) > 1 else f"`{known[0]}`"
    return f"one of the {len(known):,} from `{known[0]}` to `{known[-1]}`"


def _closest(name: str, known: list[str]) -> list[str]:
    return get_close_matches(name, known, n=3) or get_close_matches(name.lower(), known, n=3)


def gather(faults: Sequence[Fault], kind: type[Invalid] = SpecError) -> Invalid:
    """One error that tells every fault; its detail is the first one with its place."""
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"{first.where}: {first.message}{more}"
    return kind(detail, where=first.where, expected=first.expected, faults=faults[:MAX_FAULTS])


def spec_faults(
    error: ValidationError, data: Any, layer_types: Mapping[str, type[BaseModel]], outline: type[BaseModel]
) -> list[Fault]:
    """The faults that pydantic found in `data`, in the words of the grammar; at most MAX_FAULTS."""
    faults: list[Fault] = []
    for details in error.errors(include_url=False):
        if details["type"] == "outline":
            faults.extend(details["ctx"]["faults"])
        elif details["type"] != "default_factory_not_called":
            faults.append(_fault(details, data, layer_types, outline))
        if len(faults) >= MAX_FAULTS:
            break
    return faults[:MAX_FAULTS]


def _fault(
    details: ErrorDetails, data: Any, layer_types: Mapping[str, type[BaseModel]], outline: type[BaseModel]
) -> Fault:
    """One fault; pydantic's place of a layer's field is ("layers", index, op, field, ...)."""
    match details["loc"]:
        case ("layers", int(index)):
            return _layer_fault(details, _place(index, data), layer_types)
        case ("layers", int(index), str(op), *rest):
            return _field_fault(details, f"{_place(index, data)}.", rest, layer_types[op], op)
        case location:
            return _field_fault(details, "", location, outline, "a network")


def _place(index: int, data: Any) -> str:
    """The layer by its index and, as far as they can be read, its name or op."""
    layer = data["layers"][index]
    label = layer.get("name") or layer.get("op") if isinstance(layer, dict) else None
    return layer_place(index, label) if _is_printable(label) else f"layers[{index}]"


def _is_printable(label: object) -> TypeGuard[str]:
    return isinstance(label, str) and label.isprintable() and len(label) <= _COMPARED


def _layer_fault(details: ErrorDetails, place: str, layer_types: Mapping[str, type[BaseModel]]) -> Fault:
    if details["type"] == "union_tag_not_found":
        return Fault(f"{place}.op", "`op` is missing", f"one of {', '.join(layer_types)}")
    if details["type"] == "union_tag_invalid":
        op = details["input"]["op"]
        return Fault(f"{place}.op", f"{describe(op)} is not an op", near(op, layer_types))
    return Fault(place, f"{describe(details['input'])} is not a layer", 'an object such as {"op": "relu"}')


def _field_fault(
    details: ErrorDetails, prefix: str, location: Sequence[Any], model: type[BaseModel], owner: str
) -> Fault:
    """A fault in one field of a layer or of the network itself."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    if not location:
        return Fault(prefix.rstrip(".") or "spec", "has text that is not Unicode", "Unicode text")
    field, *items = location
    if details["type"] in {"extra_forbidden", "invalid_key"} or field not in fields:
        return Fault(f"{prefix}{_label(field)}", f"{owner} has no such field", near(field, fields))
    where = prefix + str(field) + "".join(f"[{item}]" for item in items if isinstance(item, int))
    if details["type"] == "missing":
        return Fault(where, f"`{field}` is missing", fields[field].description)
    return Fault(where, f"{describe(details['input'])} does not fit", fields[field].description)


def _label(field: object) -> str:
    return field if _is_printable(field) else describe(field)


def describe(value: object) -> str:
    """A value of the request in a few words, safe to print whatever it is."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return _describe_list(value)
    if isinstance(value, int) and abs(value) > _PRINTED_INTEGER:
        return f"an integer of {value.bit_length():,} bits"
    if isinstance(value, str):
        return repr(value if len(value) <= _PRINTED else value[:_PRINTED] + "…")
    return json.dumps(value) if value is None or isinstance(value, bool) else repr(value)


def _describe_list(values: Sequence[object]) -> str:
    if values and len(values) <= 4 and not any(isinstance(item, list | tuple | dict) for item in values):
        return "[" + ", ".join(describe(item) for item in values) + "]"
    return f"a list of {len(values):,}"
