"""The compare page's state as it stands in the address: parsed and checked here; it must not know a run or a store."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..service.images import Fit
from ..service.pairs import Alteration
from .address import LARGEST_INDEX, Reader, number, one_of, read_parameters, switch, whole, word
from .explore_view import FITS

SCALES = ("shared", "each")
SORTS = ("change", "share", "index")

FARTHEST_SHIFT = 1024
STRONGEST_NOISE = 128
WIDEST_BLUR = 32
LARGEST_ZOOM = 400
WIDEST_BORDER = 1024
# Covers the padding's reach up to VGG-16's conv4_1; the page says from which layer on a border no longer does.
USUAL_BORDER = 32


@dataclass(frozen=True, slots=True)
class CompareView:
    """What is compared and how it is shown; every field is one query parameter of the page.

    A is the run `a`, or `image` through `model`; B is the run `b`, or `image_b` through `model_b`, or an `alteration`
    of A's photo, or none where nothing of this is said. `swap` exchanges them. `back` moves B back, `border` leaves
    that many pixels out (None where the page's own choice stands).
    """

    a: str | None = None
    b: str | None = None
    image: str | None = None
    model: str | None = None
    size: int | None = None
    fit: Fit = "crop"
    image_b: str | None = None
    model_b: str | None = None
    alteration: Alteration | None = None
    swap: bool = False
    back: bool = True
    border: int | None = None
    layer: str | None = None
    map: int | None = None
    y: int | None = None
    x: int | None = None
    scale: str = "shared"
    sort: str = "change"
    notices: tuple[str, ...] = ()

    @property
    def has_b(self) -> bool:
        """Whether the address says what B is."""
        return any(part is not None for part in (self.b, self.image_b, self.model_b, self.alteration))

    def noticed(self, notice: str, **changes: Any) -> "CompareView":
        """The same view with some fields changed and a sentence that tells the visitor."""
        return replace(self, notices=(*self.notices, notice), **changes)

    def without_b(self, fault: str, expected: str | None) -> "CompareView":
        """The same view with B still to be chosen, and why the B that was asked for cannot be made."""
        fits = f" Fits: {expected}." if expected else ""
        notice = f"B cannot be made. {fault}{fits}"
        return self.noticed(notice, b=None, image_b=None, model_b=None, alteration=None, swap=False)

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values, those of the alteration among them, `notices` left out."""
        values = asdict(self)
        altered = values.pop("alteration") or {}
        del values["notices"]
        return {**values, **altered}


def parse_compare_view(parameters: Mapping[str, str]) -> CompareView:
    """Read the page's query parameters; a wrong value falls back to its default and adds a notice.

    An address that names nothing to compare opens on a photo and the same photo moved by four pixels.
    """
    values, notices = read_parameters(parameters, _READERS)
    changes = {field.name: values.pop(field.name) for field in fields(Alteration) if field.name in values}
    alteration = Alteration(**changes) if changes else None
    view = CompareView(**values, alteration=alteration, notices=notices)
    is_bare = not view.has_b and all(part is None for part in (view.a, view.image, view.model))
    return replace(view, alteration=Alteration(right=4)) if is_bare else view


_READERS: dict[str, Reader] = {
    "a": word,
    "b": word,
    "image": word,
    "model": word,
    "size": whole(1, 100_000),
    "fit": one_of(FITS),
    "image_b": word,
    "model_b": word,
    "right": whole(-FARTHEST_SHIFT, FARTHEST_SHIFT),
    "down": whole(-FARTHEST_SHIFT, FARTHEST_SHIFT),
    "turn": number(-180, 180),
    "zoom": whole(100, LARGEST_ZOOM),
    "noise": number(0, STRONGEST_NOISE),
    "blur": number(0, WIDEST_BLUR),
    "crop": whole(0, 4096),
    "swap": switch,
    "back": switch,
    "border": whole(0, WIDEST_BORDER),
    "layer": word,
    "map": whole(0, LARGEST_INDEX),
    "y": whole(0, LARGEST_INDEX),
    "x": whole(0, LARGEST_INDEX),
    "scale": one_of(SCALES),
    "sort": one_of(SORTS),
}
