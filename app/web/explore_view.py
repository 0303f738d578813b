"""The explorer's state as it stands in the address: parsed and checked here; it must not know a run or a store."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

FITS = ("crop", "pad", "stretch", "native")
SHOWS = ("before", "after")
COLOURS = ("auto", "viridis", "magma", "cividis", "grey", "RdBu", "iceburn")
NORMS = ("map", "layer", "network")
SORTS = ("index", "max", "mean", "active")
TILES = ("auto", "28", "56", "112")

LOWEST_CLIP = 90.0
LONGEST_WORD = 64
MOST_FOLDS = 256
LARGEST_INDEX = 10_000_000


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows and how; every field is one query parameter of the page.

    `map`, `y` and `x` are None until chosen: then the page takes the strongest map and its largest value.
    `clip` is the percentile (90 to 100) of the values other than zero at which the colour scale ends, `dead`
    is "hide" where dead maps are left out, `explain` opens the microscope, `inspector` may be closed,
    `fold` names the blocks folded or opened against their default.
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
    notices: tuple[str, ...] = ()

    def noticed(self, notice: str, **changes: Any) -> "View":
        """The same view with some fields changed and a sentence that tells the visitor."""
        return replace(self, notices=(*self.notices, notice), **changes)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, `notices` left out."""
        fields = asdict(self)
        del fields["notices"]
        return {**fields, "fold": list(self.fold)}


def parse_view(parameters: Mapping[str, str]) -> View:
    """Read the page's query parameters; a wrong value falls back to its default and adds a notice."""
    values: dict[str, Any] = {}
    notices: list[str] = []
    for name, read in _READERS.items():
        if (text := parameters.get(name)) is None or text == "":
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            notices.append(f"{name}={_short(text)} in the address was left out: {error}.")
    return View(**values, notices=tuple(notices))


def _short(text: str, longest: int = 24) -> str:
    """A value from the address as it may be repeated to the visitor: printable and not long."""
    shown = "".join(character for character in text if character.isprintable())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it is one of {', '.join(choices)}")
        return text

    return read


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
        if not is_number or not lowest <= int(text) <= highest:
            raise ValueError(f"it is a whole number from {lowest} to {highest:,}")
        return int(text)

    return read


def _clip(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not LOWEST_CLIP <= value <= 100.0:
        raise ValueError(f"it is a number from {LOWEST_CLIP:g} to 100")
    return value


def _word(text: str) -> str:
    if len(text) > LONGEST_WORD or not all(character.isalnum() or character in "_.-" for character in text):
        raise ValueError(f"it is a name of at most {LONGEST_WORD} letters, digits, '_', '.' and '-'")
    return text


def _words(text: str) -> tuple[str, ...]:
    words = text.split(",")
    if len(words) > MOST_FOLDS:
        raise ValueError(f"it names at most {MOST_FOLDS} blocks")
    return tuple(_word(word) for word in words)


_READERS: dict[str, Callable[[str], Any]] = {
    "image": _word,
    "model": _word,
    "size": _whole(1, 100_000),
    "fit": _one_of(FITS),
    "layer": _word,
    "map": _whole(0, LARGEST_INDEX),
    "y": _whole(0, LARGEST_INDEX),
    "x": _whole(0, LARGEST_INDEX),
    "show": _one_of(SHOWS),
    "colour": _one_of(COLOURS),
    "norm": _one_of(NORMS),
    "sort": _one_of(SORTS),
    "tile": _one_of(TILES),
    "clip": _clip,
    "dead": _one_of(("show", "hide")),
    "fold": _words,
    "inspector": _one_of(("open", "closed")),
    "explain": lambda text: _one_of(("0", "1"))(text) == "1",
}
