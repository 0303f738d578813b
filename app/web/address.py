"""Reads a page's query parameters: what is wrong is left out and said in a notice; it knows no page."""

from collections.abc import Callable, Mapping
from typing import Any

LONGEST_WORD = 64
MOST_WORDS = 256
LARGEST_INDEX = 10_000_000
LONGEST_CHANGES = 12_000

Reader = Callable[[str], Any]


def read_parameters(
    parameters: Mapping[str, str], readers: Mapping[str, Reader]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of the parameters that have a reader, and a sentence for each that could not be read.

    A reader raises `ValueError` with what would fit. Missing and empty parameters are left out silently.
    """
    values: dict[str, Any] = {}
    notices: list[str] = []
    for name, read in readers.items():
        if (text := parameters.get(name)) is None or text == "":
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            notices.append(f"{name}={_short(text)} in the address was left out: {error}.")
    return values, tuple(notices)


def one_of(choices: tuple[str, ...]) -> Reader:
    """A reader of one of some words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it is one of {', '.join(choices)}")
        return text

    return read


def whole(lowest: int, highest: int) -> Reader:
    """A reader of a whole number within bounds, written in digits with perhaps a minus."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= len(str(max(highest, -lowest)))
        if not is_number or not lowest <= int(text) <= highest:
            raise ValueError(f"it is a whole number from {lowest:,} to {highest:,}")
        return int(text)

    return read


def number(lowest: float, highest: float) -> Reader:
    """A reader of a number within bounds."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            raise ValueError(f"it is a number from {lowest:g} to {highest:g}")
        return value

    return read


def switch(text: str) -> bool:
    """Reads `1` as true and `0` as false."""
    return bool(one_of(("0", "1"))(text) == "1")


def word(text: str) -> str:
    """Reads a name or an id."""
    if len(text) > LONGEST_WORD or not all(character.isalnum() or character in "_.-" for character in text):
        raise ValueError(f"it is a name of at most {LONGEST_WORD} letters, digits, '_', '.' and '-'")
    return text


def words(text: str) -> tuple[str, ...]:
    """Reads names separated by commas."""
    parts = text.split(",")
    if len(parts) > MOST_WORDS:
        raise ValueError(f"it names at most {MOST_WORDS} blocks")
    return tuple(word(part) for part in parts)


def changes(text: str) -> str:
    """Reads edits, unchecked but for their length and characters: layers and numbers."""
    if len(text) > LONGEST_CHANGES or not all(character.isalnum() or character in "_.-,:;=" for character in text):
        raise ValueError(f"it holds at most {LONGEST_CHANGES:,} characters of layers and numbers")
    return text


def place(text: str) -> str:
    """Reads a map as `LAYER:INDEX`."""
    layer, _, index = text.rpartition(":")
    if not layer or not index.isascii() or not index.isdigit():
        raise ValueError("it is a layer's name, ':' and a map's number")
    return f"{word(layer)}:{whole(0, LARGEST_INDEX)(index)}"


def places(text: str) -> tuple[str, ...]:
    """Reads maps separated by commas, each once."""
    parts = text.split(",")
    if len(parts) > MOST_WORDS:
        raise ValueError(f"it names at most {MOST_WORDS} maps")
    return tuple(dict.fromkeys(place(part) for part in parts))


def _short(text: str, longest: int = 24) -> str:
    """A value from the address as it may be repeated to the visitor: printable and not long."""
    shown = "".join(character for character in text if character.isprintable())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
