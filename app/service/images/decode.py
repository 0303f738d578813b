"""Photo files to upright RGB and back; whatever the bytes are, it answers or says why not. No torch, no HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Never

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ...errors import ConvscopeError, ImageError, TooLarge
from ...settings import Settings
from .colour import to_srgb
from .frames import FRAMES_COUNTED, count_frames

FORMATS = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "WEBP": "WebP",
    "GIF": "GIF",
    "BMP": "BMP",
    "TIFF": "TIFF",
    "AVIF": "AVIF",
}
"""What is read: Pillow's name, and what it is called here."""

SEVERAL_JPEGS = "MPO"
"""What Pillow's JPEG reader calls a file that holds further pictures, as phones write them."""

READ = "JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF"
JPEG_QUALITY = 92
BAND_ROWS = 256
UPRIGHT = 1
SIXTEEN_BITS = 16
PNG_DEPTH_AT = 24
TIFF_BITS_PER_SAMPLE = 258

# Where a file of another kind says what it is: offset, bytes, name.
_OTHER_KINDS = (
    (4, b"ftyphei", "a HEIC photo"),
    (4, b"ftypmif1", "a HEIC photo"),
    (0, b"%PDF", "a PDF document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML document"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"PK\x03\x04", "a ZIP archive"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photo as a person sees it.

    `pixels` is uint8 H×W×3, sRGB, upright, opaque. `format` is the name of the file's format, `frames` how
    many it holds (the first is taken; counted to 1,000), `notes` what was done to it, in words.
    """

    pixels: NDArray[np.uint8]
    format: str
    frames: int
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """Pixels across, after turning upright."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down, after turning upright."""
        return int(self.pixels.shape[0])


def decode(data: bytes, settings: Settings) -> Decoded:
    """Decode the first frame of a photo; its content decides the format, not what it was called.

    Raises `TooLarge` when the header announces more than `settings.max_image_pixels` (nothing is decoded
    then) and `ImageError` for anything that is not a whole image of a known format.
    """
    if not data:
        raise ImageError("The file is empty.", expected=f"a {READ} file")
    limit = settings.max_image_pixels
    # Pillow compares canvases and tiles with this before it allocates them; below we compare the picture.
    Image.MAX_IMAGE_PIXELS = limit
    with _faults_as_image_errors(data, limit):
        image = Image.open(BytesIO(data), formats=list(FORMATS))
        if image.width * image.height > limit:
            _refuse_size(f"{image.width:,}×{image.height:,} = {image.width * image.height:,} pixels", limit)
        return _decode(image, data)


def encode_upright(decoded: Decoded, max_side: int | None = None) -> tuple[bytes, str]:
    """The photo as a file and its media type: JPEG where the source was JPEG, else PNG.

    With `max_side` the longer side has at most that many pixels (antialiased; never enlarged).
    """
    image = Image.fromarray(decoded.pixels)
    if max_side is not None and max(image.size) > max_side:
        shrink = max_side / max(image.size)
        width, height = (max(1, round(side * shrink)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    file = BytesIO()
    if decoded.format == "JPEG":
        image.save(file, "JPEG", quality=JPEG_QUALITY)
        return file.getvalue(), "image/jpeg"
    image.save(file, "PNG")
    return file.getvalue(), "image/png"


def _decode(image: Image.Image, data: bytes) -> Decoded:
    notes = []
    frames = count_frames(image, data)
    if frames > 1:
        notes.append(f"first of {frames:,} frames" + (" or more" if frames == FRAMES_COUNTED else ""))
    if _is_deep_colour(image, data):
        notes.append("16 bits a value reduced to 8")
    orientation = _orientation(image, notes)
    name = FORMATS["JPEG" if image.format == SEVERAL_JPEGS else str(image.format)]
    image.load()
    if orientation != UPRIGHT:
        ImageOps.exif_transpose(image, in_place=True)  # a TIFF is upright since load and says so
        notes.append("turned by EXIF")
    image, changes = to_srgb(image)
    return Decoded(_pixels(image), name, frames, (*notes, *changes))


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """The bytes of an RGB image, H×W×3, taken in bands: as a whole Pillow would hold them twice more on the way."""
    pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    for top in range(0, image.height, BAND_ROWS):
        band = image.crop((0, top, image.width, min(top + BAND_ROWS, image.height)))
        pixels[top : top + BAND_ROWS] = np.asarray(band)
    return pixels


def _is_deep_colour(image: Image.Image, data: bytes) -> bool:
    """Whether the decoder will drop the low byte of 16-bit colour channels (grey keeps it until later)."""
    if image.mode.startswith(("I", "F")):
        return False
    if image.format == "PNG":
        return data[PNG_DEPTH_AT] == SIXTEEN_BITS
    if image.format == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(TIFF_BITS_PER_SAMPLE, ())
        return SIXTEEN_BITS in (bits if isinstance(bits, tuple) else (bits,))
    return False


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """The EXIF orientation, 1 to 8; a block that cannot be read is ignored and noted."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # the parser trips over broken blocks in many ways, none of which concerns the pixels
        notes.append("broken EXIF ignored")
        image.info.pop("exif", None)
        return UPRIGHT
    return orientation if orientation in range(1, 9) else UPRIGHT


@contextmanager
def _faults_as_image_errors(data: bytes, limit: int) -> Iterator[None]:
    """Decoders raise whatever they trip over (struct.error, zlib.error, KeyError …): all of it means bad bytes."""
    try:
        yield
    except ConvscopeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = [int(word) for word in str(error).replace("(", " ").split() if word.isdigit()]
        _refuse_size(f"{pixels[0]:,} pixels" if pixels else "too many pixels", limit)
    except UnidentifiedImageError as error:
        raise ImageError(_unidentified(data), expected=f"a {READ} file") from error
    except MemoryError as error:
        raise ImageError("The image needs more memory than there is.", expected="a smaller image") from error
    except Exception as error:
        raise ImageError("The file is damaged or cut short.", expected="a whole, undamaged file") from error


def _refuse_size(size: str, limit: int) -> Never:
    raise TooLarge(f"The image has {size}; at most {limit:,} are decoded.", expected="a smaller image", limit=limit)


def _unidentified(data: bytes) -> str:
    """A sentence about bytes that no decoder recognises."""
    start = data[:64].lstrip()
    for offset, mark, name in _OTHER_KINDS:
        if start[offset:].lower().startswith(mark.lower()):
            return f"The file is {name}, not an image that is read here."
    return "The file is not an image that is read here."
