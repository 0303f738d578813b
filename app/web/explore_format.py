"""Numbers as the page writes them (true minus, thousands comma, × between sides); it knows no layer and no view."""

from collections.abc import Mapping, Sequence
from typing import Any

MINUS = "−"
TIMES = "×"
# Pooling without a stride moves by its kernel.
STEPPING_BY_KERNEL = {"maxpool", "avgpool"}


def digits(value: int) -> str:
    """A whole number with thousands commas and a true minus: `138,357,544`."""
    return f"{value:,}".replace("-", MINUS)


def count(value: int) -> str:
    """A large count in short: `1.85 G`, `462.4 M`, `20.1 k`; the exact figure goes beside it."""
    for unit, name, decimals in ((10**12, "T", 2), (10**9, "G", 2), (10**6, "M", 1), (10**3, "k", 1)):
        if value >= unit:
            return f"{value / unit:,.{decimals}f} {name}"
    return str(value)


def shape_text(shape: Sequence[int]) -> str:
    """A shape C×H×W, or N: `256×56×56`."""
    return TIMES.join(str(side) for side in shape)


def window_text(layer: Mapping[str, Any]) -> tuple[str, str]:
    """A window layer's kernel and what differs from stride 1, no padding: (`3×3`, `, s2, p1, d2, g32`)."""
    kernel = layer.get("kernel")
    if kernel is None:
        return "", ""
    height, width = _pair(kernel)
    stride = layer.get("stride")
    usual_stride = kernel if layer.get("op") in STEPPING_BY_KERNEL else 1
    parts = [
        _setting("s", usual_stride if stride is None else stride, 1),
        _setting("p", layer.get("padding", 0), 0),
        _setting("d", layer.get("dilation", 1), 1),
        _setting("g", layer.get("groups", 1), 1),
    ]
    return f"{height}{TIMES}{width}", "".join(f", {part}" for part in parts if part)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return value[0], value[-1]


def _setting(letter: str, value: int | str | Sequence[int], usual: int) -> str:
    if isinstance(value, str):
        return f"{letter} {value}"
    if isinstance(value, int):
        return "" if value == usual else f"{letter}{value}"
    if all(part == value[0] for part in value):
        return _setting(letter, value[0], usual)
    return letter + TIMES.join(str(part) for part in value)
