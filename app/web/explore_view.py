"""The explorer's state as it stands in the address: parsed and checked here; it must not know a run or a store."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .address import (
    LARGEST_INDEX,
    Reader,
    changes,
    number,
    one_of,
    place,
    places,
    read_parameters,
    switch,
    whole,
    word,
    words,
)

FITS = ("crop", "pad", "stretch", "native")
SHOWS = ("before", "after")
COLOURS = ("auto", "viridis", "magma", "cividis", "grey", "RdBu", "iceburn")
NORMS = ("map", "layer", "network", "fixed")
SORTS = ("index", "max", "mean", "variance", "active", "zeros", "like")
CAMERAS = ("64", "96", "128")
TILES = ("auto", "28", "56", "112")

LOWEST_CLIP = 90.0
FEW_FIRES, MOST_FIRES = 4, 16
LOWEST_GAMMA, HIGHEST_GAMMA = 0.2, 3.0
# The largest float32.
LARGEST_VALUE = 3.4028235e38


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows and how; every field is one query parameter of the page.

    `map`, `y` and `x` are None until chosen: then the page takes the strongest map and its largest value.
    `clip` is the percentile (90 to 100) of the values other than zero at which the colour scale ends, `dead`
    is "hide" where dead maps are left out, `explain` opens the microscope, `inspector` may be closed,
    `fold` names the blocks folded or opened against their default, `pin` marks the probe's place in every map,
    `fires` is how many maps are listed that fire there. With `norm=map` the scale goes `blend` percent of the way from
    the map's range to the layer's; `low` and `high` are the ends with `norm=fixed`; shares of the range are shown to
    the power `gamma`. `hist` says whose histogram is shown, `overlay` (0 to 100) how opaque the map lies over the
    photo. With `sort=like` maps stand by their likeness to the map `like` (LAYER:INDEX), `marks` are bookmarked maps,
    `camera` is the side at which the live camera runs. `edits` are changes to the network as docs/address.md writes
    them, read by the page; `edit` opens the kernel's numbers, `diff` shows what the edits change, `slide` opens the
    walk of the microscope's window over the map.
    """

    image: str | None = None
    model: str | None = None
    size: int | None = None
    fit: str = "crop"
    layer: str | None = None
    map: int | None = None
    y: int | None = None
    x: int | None = None
    show: str = "after"
    colour: str = "auto"
    norm: str = "map"
    sort: str = "index"
    tile: str = "auto"
    clip: float = 100.0
    dead: str = "show"
    fold: tuple[str, ...] = ()
    explain: bool = False
    inspector: str = "open"
    edits: str = ""
    edit: bool = False
    diff: bool = False
    slide: bool = False
    pin: bool = False
    fires: int = FEW_FIRES
    blend: int = 0
    low: float | None = None
    high: float | None = None
    gamma: float = 1.0
    hist: str = "map"
    overlay: int = 0
    like: str = ""
    marks: tuple[str, ...] = ()
    camera: str = ""
    notices: tuple[str, ...] = ()

    def noticed(self, notice: str, **changes: Any) -> "View":
        """The same view with some fields changed and a sentence that tells the visitor."""
        return replace(self, notices=(*self.notices, notice), **changes)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, `notices` left out."""
        fields = asdict(self)
        del fields["notices"]
        return {**fields, "fold": list(self.fold), "marks": list(self.marks)}


def parse_view(parameters: Mapping[str, str]) -> View:
    """Read the page's query parameters; a wrong value falls back to its default and adds a notice."""
    values, notices = read_parameters(parameters, _READERS)
    return View(**values, notices=notices)


_READERS: dict[str, Reader] = {
    "image": word,
    "model": word,
    "size": whole(1, 100_000),
    "fit": one_of(FITS),
    "layer": word,
    "map": whole(0, LARGEST_INDEX),
    "y": whole(0, LARGEST_INDEX),
    "x": whole(0, LARGEST_INDEX),
    "show": one_of(SHOWS),
    "colour": one_of(COLOURS),
    "norm": one_of(NORMS),
    "sort": one_of(SORTS),
    "tile": one_of(TILES),
    "clip": number(LOWEST_CLIP, 100),
    "dead": one_of(("show", "hide")),
    "fold": words,
    "inspector": one_of(("open", "closed")),
    "explain": switch,
    "edits": changes,
    "edit": switch,
    "diff": switch,
    "slide": switch,
    "pin": switch,
    "fires": whole(FEW_FIRES, MOST_FIRES),
    "blend": whole(0, 100),
    "low": number(-LARGEST_VALUE, LARGEST_VALUE),
    "high": number(-LARGEST_VALUE, LARGEST_VALUE),
    "gamma": number(LOWEST_GAMMA, HIGHEST_GAMMA),
    "hist": one_of(("map", "layer")),
    "overlay": whole(0, 100),
    "like": place,
    "marks": places,
    "camera": one_of(CAMERAS),
}
