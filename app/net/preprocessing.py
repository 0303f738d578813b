"""How a photo becomes a network's input: per-channel numbers that travel with the weights; it touches no image."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """value = (pixel − mean[c])·scale[c] for pixels of 0 to 255, channels in `order`.

    RGB is colour, L luminance; with `array` a photo does not fit the network, and only arrays do, as they are.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    order: Literal["RGB", "L", "array"]
    note: str

    def content(self) -> dict[str, Any]:
        """What a digest of the preprocessing covers: everything but the note."""
        fields = asdict(self)
        del fields["note"]
        return fields


VGG = Preprocessing(
    mean=(123.68, 116.779, 103.939),
    scale=(1.0, 1.0, 1.0),
    order="RGB",
    note="the mean colour of ImageNet is subtracted (Simonyan & Zisserman 2014)",
)

_HALF_RANGE = 127.5


def default_preprocessing(channels: int) -> Preprocessing:
    """Pixels to −1 … 1: colour for three channels, luminance for one, nothing for any other number."""
    if channels not in (1, 3):
        return Preprocessing((), (), "array", f"a photo has no {channels:,} channels; arrays are used as they are")
    return Preprocessing(
        mean=(_HALF_RANGE,) * channels,
        scale=(1 / _HALF_RANGE,) * channels,
        order="RGB" if channels == 3 else "L",
        note="0 to 255 becomes −1 to 1",
    )
