"""How a photo becomes the tensor that a network sees, and where that tensor lies on the photo."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import Invalid
from ...net.preprocessing import Preprocessing

Fit = Literal["crop", "pad", "stretch", "native"]

GREY, COLOUR = 1, 3
WHOLE_RESIZED_PIXELS = 16_000_000
"""Up to here a photo is resized as a whole: 64 MB, or a square of 4,000."""


@dataclass(frozen=True, slots=True)
class Placement:
    """How the input's pixels lie on the upright photo: photo_x = (x + left) / scale_x, photo_y likewise.

    x counts from the left edge of the input's first pixel, so its pixel i covers i to i + 1. `left` and `top`
    are what `crop` cut away, in input pixels; under `pad` they are negative.
    """

    scale_x: float
    scale_y: float
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class _Resized:
    """The photo's size after resampling, and the offset of the input in it; as width and height."""

    width: int
    height: int
    left: int
    top: int


def place(photo_width: int, photo_height: int, *, height: int, width: int, fit: Fit) -> Placement:
    """Where an input of `height`×`width` lies on a photo; arithmetic only."""
    resized = _resized(photo_width, photo_height, height, width, fit)
    return Placement(resized.width / photo_width, resized.height / photo_height, resized.left, resized.top)


def check_photo_channels(channels: int) -> None:
    """Raise `Invalid` for a network whose input is neither grey nor colour: a photo cannot fill it."""
    if channels not in (GREY, COLOUR):
        raise Invalid(
            f"This network takes {channels} channels; a photo has {COLOUR}.",
            where="image",
            expected=f"an array (application/x-npy) of {channels}×H×W",
        )


def preprocess(
    pixels: NDArray[np.uint8],
    *,
    channels: int,
    height: int,
    width: int,
    fit: Fit,
    preprocessing: Preprocessing,
) -> tuple[NDArray[np.float32], Placement]:
    """A photo, uint8 H×W×3, as float32 C×`height`×`width`: (0–255 − mean) × scale.

    `crop` brings the photo to cover the input and takes the centre, `pad` brings all of it inside and leaves
    zero (the mean colour) around it, `stretch` changes its proportions, `native` leaves it as it is (then
    `height` and `width` are the photo's). The side that does not decide is rounded to the nearest pixel
    (torchvision's `Resize` cuts the fraction off, so it may have one pixel less); the crop's offset is rounded
    as `CenterCrop` does. Resampling is Pillow's antialiased bicubic, and a photo that has the size is not
    resampled. One channel is luminance (ITU-R 601-2, Pillow's `L`). Raises `Invalid` for channels other than 1 or 3.
    """
    check_photo_channels(channels)
    photo_height, photo_width = pixels.shape[:2]
    resized = _resized(photo_width, photo_height, height, width, fit)
    image = Image.fromarray(pixels)
    if channels == GREY:
        image = image.convert("L")
    left, top = max(0, resized.left), max(0, resized.top)
    right, bottom = min(resized.width, resized.left + width), min(resized.height, resized.top + height)
    seen = _resample(image, resized, (left, top, right, bottom))
    levels = np.asarray(seen, dtype=np.float32).reshape(bottom - top, right - left, channels).transpose(2, 0, 1)
    values = np.zeros((channels, height, width), dtype=np.float32)
    inside = values[:, top - resized.top : bottom - resized.top, left - resized.left : right - resized.left]
    np.subtract(levels, _per_channel(preprocessing.mean), out=inside)
    inside *= _per_channel(preprocessing.scale)
    return values, place(photo_width, photo_height, height=height, width=width, fit=fit)


def cropped_to(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A photo, uint8 H×W×3, brought to a square of `side` as `preprocess` does with `fit="crop"`, no mean or scale."""
    resized = _resized(pixels.shape[1], pixels.shape[0], side, side, "crop")
    part = (resized.left, resized.top, resized.left + side, resized.top + side)
    return np.asarray(_resample(Image.fromarray(pixels), resized, part))


def restore(values: NDArray[np.float32], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The picture that a network saw, uint8 H×W×3: the inverse of `preprocess` on a tensor of 1 or 3 channels."""
    levels = values / _per_channel(preprocessing.scale) + _per_channel(preprocessing.mean)
    picture = np.clip(np.rint(levels), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], COLOUR)))


def _resized(photo_width: int, photo_height: int, height: int, width: int, fit: Fit) -> _Resized:
    if fit == "native":
        return _Resized(photo_width, photo_height, 0, 0)
    if fit == "stretch":
        return _Resized(width, height, 0, 0)
    width_leads = width * photo_height >= height * photo_width  # the photo is narrower than the input
    if fit == "pad":
        width_leads = not width_leads
    if width_leads:
        resized_width, resized_height = width, max(1, round(width * photo_height / photo_width))
    else:
        resized_width, resized_height = max(1, round(height * photo_width / photo_height)), height
    return _Resized(
        resized_width, resized_height, round((resized_width - width) / 2), round((resized_height - height) / 2)
    )


def _resample(image: Image.Image, resized: _Resized, part: tuple[int, int, int, int]) -> Image.Image:
    """The part (left, top, right, bottom) of the resized image.

    The whole is resized and then cut, as a script would, so that the values are the same. Where the whole
    would be huge (a photo of 1×10,000) only the part is made; there Pillow may take rows before columns,
    and where bicubic overshoots 0 or 255 between the two the result differs by some levels.
    """
    size = (resized.width, resized.height)
    if size == image.size:
        return image.crop(part)
    if resized.width * resized.height <= WHOLE_RESIZED_PIXELS:
        return image.resize(size, Image.Resampling.BICUBIC).crop(part)
    left, top, right, bottom = part
    across, down = image.width / resized.width, image.height / resized.height
    box = (left * across, top * down, min(right * across, image.width), min(bottom * down, image.height))
    return image.resize((right - left, bottom - top), Image.Resampling.BICUBIC, box=box)


def _per_channel(numbers: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(numbers, dtype=np.float32).reshape(-1, 1, 1)
