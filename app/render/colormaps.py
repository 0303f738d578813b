"""The colour maps, read from the table that the page uses too; it knows nothing of layers or pictures."""

import json
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import Invalid
from ..resources import resource_path

ENTRIES = 256
SIGNED_ZERO = 128
"""The entry of a diverging map that stands for zero; entry 0 is never reached and repeats entry 1."""


@dataclass(frozen=True, slots=True)
class Colormap:
    """A lookup table from a byte to a colour.

    `table` is uint8 256×3, red, green, blue. A sequential map runs from entry 0 (zero) to 255. A diverging
    map runs from 1 to 255 with its neutral middle at 128. The two sides of the diverging maps here differ
    by less than 5 in CIE lightness at equal distance from zero, so neither sign looks larger.
    """

    name: str
    kind: Literal["sequential", "diverging"]
    author: str
    licence: str
    source: str
    table: NDArray[np.uint8]


def colormap(name: str) -> Colormap:
    """The map of this name; raises `Invalid` with the names that exist."""
    maps = _read()
    if name not in maps:
        raise Invalid(f"There is no colour map {name!r}.", where="colormap", expected=f"one of {', '.join(maps)}")
    return maps[name]


def colormap_names() -> tuple[str, ...]:
    """Every map's name, sequential ones first."""
    return tuple(_read())


def default_colormap(*, signed: bool) -> Colormap:
    """`RdBu` with red positive for values of both signs, `viridis` for values from zero upwards."""
    return colormap("RdBu" if signed else "viridis")


@cache
def _read() -> MappingProxyType[str, Colormap]:
    text = resource_path("static", "data", "luts.json").read_text(encoding="utf-8")
    return MappingProxyType({name: _colormap(name, entry) for name, entry in json.loads(text).items()})


def _colormap(name: str, entry: dict[str, object]) -> Colormap:
    table = np.array(entry["colors"], dtype=np.uint8)
    table.setflags(write=False)
    kind: Literal["sequential", "diverging"] = "diverging" if entry["kind"] == "diverging" else "sequential"
    return Colormap(name, kind, str(entry["author"]), str(entry["licence"]), str(entry["source"]), table)
