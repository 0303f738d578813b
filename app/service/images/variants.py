"""Variants of an image (moved, turned, cut, with noise) for comparing runs; it knows arrays of pixels, no files.

Photos are uint8 H×W×3, arrays float32 C×H×W. Every change is exact and repeatable: the same request gives the same
values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ...errors import Invalid, OverLimit
from ...settings import Settings
from .fit import cropped_to

Pixels = NDArray[np.uint8]
Values = NDArray[np.float32]

MOST_CHANGES = 8
# Rows that get their noise at a time.
_BAND_ROWS = 256

Whole = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]


class Noise(BaseModel):
    """Gaussian noise of NumPy's `default_rng(seed).standard_normal(shape, dtype=float32)` times `sigma`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sigma: float = Field(gt=0, le=1e6, allow_inf_nan=False, description="In levels of 0–255, or an array's own units.")
    seed: int = Field(0, strict=True, ge=0, lt=2**63)


class Change(BaseModel):
    """One change of an image: exactly one of these fields.

    Rows and columns are those of the upright image as it stands at this point of the list. Arrays take `crop`,
    `shift`, `flip` and `noise`.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"minProperties": 1, "maxProperties": 1, "examples": [{"shift": [4, 0]}]},
    )

    crop: tuple[Whole, Whole, Whole, Whole] | None = Field(
        None, description="[left, top, right, bottom]; right and bottom are not part of it."
    )
    shift: tuple[Whole, Whole] | None = Field(
        None, description="[down, right] in pixels; what moves in repeats the edge, so that no value is new."
    )
    rotate: float | None = Field(
        None,
        ge=-360,
        le=360,
        description="Degrees counter-clockwise about the centre, bicubic; the size stays, corners get the mean colour.",
    )
    flip: Literal["horizontal", "vertical"] | None = Field(
        None, description="`horizontal` exchanges left and right, `vertical` top and bottom."
    )
    noise: Noise | None = Field(None, description="Gaussian noise; a photo's levels are rounded and kept in 0–255.")
    blur: float | None = Field(None, gt=0, le=100, description="Gaussian blur of this radius in pixels.")
    scale: float | None = Field(
        None, ge=0.01, le=16, description="Factor on both sides, bicubic, rounded to whole pixels."
    )
    size: int | None = Field(
        None,
        strict=True,
        ge=1,
        description="Brought to this side squared as a run with fit=crop does, so that the run resamples no more.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            fields = ", ".join(type(self).model_fields)
            raise PydanticCustomError(
                "change", "a change is exactly one of its fields", {"expected": f"one of {fields}"}
            )
        return self

    @property
    def op(self) -> str:
        """The name of the field that is given."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def note(self) -> str:
        """What was done, in words."""
        return _NOTES[self.op](getattr(self, self.op))


def _one_or_several(body: object) -> object:
    return body if isinstance(body, list) else [body]


Changes = Annotated[
    list[Change],
    Field(min_length=1, max_length=MOST_CHANGES),
    BeforeValidator(_one_or_several, json_schema_input_type=Change | list[Change]),
]
"""One change, or several in the order in which they are made."""


def change_photo(pixels: Pixels, changes: Sequence[Change], settings: Settings) -> Pixels:
    """A photo with changes made one after the other.

    Raises Invalid for a crop or shift that does not fit, and OverLimit where a result would have more than
    `settings.max_picture_pixels`.
    """
    for number, change in enumerate(changes):
        where = f"{number}.{change.op}"
        height, width = _size_after(change, pixels.shape[0], pixels.shape[1], where, settings)
        if height * width > settings.max_picture_pixels:
            raise OverLimit(
                f"The variant would have {height:,}×{width:,} = {height * width:,} pixels.",
                where=where,
                limit=settings.max_picture_pixels,
                expected="a crop, size or scale before it",
            )
        pixels = np.ascontiguousarray(_PHOTO[change.op](pixels, getattr(change, change.op)))
    return pixels


def change_array(values: Values, changes: Sequence[Change]) -> Values:
    """An array with changes made one after the other, in float32. Raises Invalid."""
    for number, change in enumerate(changes):
        where = f"{number}.{change.op}"
        if change.op not in _ARRAY:
            raise Invalid(f"{change.op} is for photos.", where=where, expected=f"one of {', '.join(_ARRAY)}")
        _check_place(change, values.shape[1], values.shape[2], where)
        values = np.ascontiguousarray(_ARRAY[change.op](values, getattr(change, change.op)))
    return values


def _size_after(change: Change, height: int, width: int, where: str, settings: Settings) -> tuple[int, int]:
    """Height and width that a change leads to, checked."""
    _check_place(change, height, width, where)
    if change.crop is not None:
        left, top, right, bottom = change.crop
        return bottom - top, right - left
    if change.scale is not None:
        return _scaled(height, change.scale), _scaled(width, change.scale)
    if change.size is not None:
        if change.size > settings.max_input_size:
            raise OverLimit(
                f"A size of {change.size:,} is more than networks take here.",
                where=where,
                limit=settings.max_input_size,
                expected=f"1 to {settings.max_input_size:,}",
            )
        return change.size, change.size
    return height, width


def _check_place(change: Change, height: int, width: int, where: str) -> None:
    if change.crop is not None:
        left, top, right, bottom = change.crop
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise Invalid(
                f"The box [{left}, {top}, {right}, {bottom}] is not in an image of {width:,}×{height:,}.",
                where=where,
                expected=f"0 ≤ left < right ≤ {width}, 0 ≤ top < bottom ≤ {height}",
            )
    if change.shift is not None and not (abs(change.shift[0]) < height and abs(change.shift[1]) < width):
        raise Invalid(
            f"A shift by {list(change.shift)} leaves nothing of an image of {width:,}×{height:,}.",
            where=where,
            expected=f"less than {height} down and {width} right",
        )


def _scaled(side: int, factor: float) -> int:
    return max(1, round(side * factor))


# --- the changes


def _crop(pixels: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    left, top, right, bottom = box
    return pixels[top:bottom, left:right]


def _shift(pixels: Pixels, by: tuple[int, int]) -> Pixels:
    rows, columns = (_moved(length, step) for length, step in zip(pixels.shape[:2], by, strict=True))
    return pixels[rows[:, None], columns]


def _moved(length: int, by: int) -> NDArray[np.intp]:
    """For each place along an axis where its value comes from, edges repeated."""
    return np.clip(np.arange(length) - by, 0, length - 1)


def _rotate(pixels: Pixels, degrees: float) -> Pixels:
    red, green, blue = np.rint(pixels.mean(axis=(0, 1))).astype(int).tolist()
    turned = Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(red, green, blue))
    return np.asarray(turned)


def _flip(pixels: Pixels, axis: str) -> Pixels:
    return pixels[:, ::-1] if axis == "horizontal" else pixels[::-1]


def _noise(pixels: Pixels, noise: Noise) -> Pixels:
    random, noisy = np.random.default_rng(noise.seed), np.empty_like(pixels)
    for top in range(0, len(pixels), _BAND_ROWS):  # the same numbers as drawn at once
        band = pixels[top : top + _BAND_ROWS]
        drawn = random.standard_normal(band.shape, dtype=np.float32) * np.float32(noise.sigma)
        noisy[top : top + _BAND_ROWS] = np.clip(np.rint(band + drawn), 0, 255)
    return noisy


def _blur(pixels: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _scale(pixels: Pixels, factor: float) -> Pixels:
    height, width = (_scaled(side, factor) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


_PHOTO: Mapping[str, Callable[[Pixels, Any], Pixels]] = {
    "crop": _crop,
    "shift": _shift,
    "rotate": _rotate,
    "flip": _flip,
    "noise": _noise,
    "blur": _blur,
    "scale": _scale,
    "size": cropped_to,
}


def _on_array(change: Callable[[Any, Any], Any]) -> Callable[[Values, Any], Values]:
    """A change that only moves values, on C×H×W."""

    def changed(values: Values, setting: Any) -> Values:
        moved: Values = change(values.transpose(1, 2, 0), setting).transpose(2, 0, 1)
        return moved

    return changed


def _noisy_array(values: Values, noise: Noise) -> Values:
    drawn = np.random.default_rng(noise.seed).standard_normal(values.shape, dtype=np.float32)
    noisy: Values = values + drawn * np.float32(noise.sigma)
    return noisy


_ARRAY: Mapping[str, Callable[[Values, Any], Values]] = {
    "crop": _on_array(_crop),
    "shift": _on_array(_shift),
    "flip": _on_array(_flip),
    "noise": _noisy_array,
}


def _shift_note(by: tuple[int, int]) -> str:
    down, right = by
    return f"moved {abs(down)} px {'up' if down < 0 else 'down'}, {abs(right)} px {'left' if right < 0 else 'right'}"


_NOTES: Mapping[str, Callable[[Any], str]] = {
    "crop": lambda box: f"cut to columns {box[0]} to {box[2] - 1}, rows {box[1]} to {box[3] - 1}",
    "shift": _shift_note,
    "rotate": lambda degrees: f"turned by {degrees:g}° counter-clockwise",
    "flip": lambda axis: "left and right exchanged" if axis == "horizontal" else "top and bottom exchanged",
    "noise": lambda noise: f"noise of sigma {noise.sigma:g} added, seed {noise.seed}",
    "blur": lambda radius: f"blurred with radius {radius:g}",
    "scale": lambda factor: f"scaled by {factor:g}",
    "size": lambda side: f"brought to {side}×{side}",
}
