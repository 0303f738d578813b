"""From any colour mode of a decoded file to 8-bit sRGB; it knows nothing of files or of networks."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from ...errors import ImageError

WHITE = (255, 255, 255)
SIXTEEN_TO_EIGHT = 257
"""65,535 / 255: full range to full range."""


def to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """An image of mode RGB and notes that say what was changed on the way.

    Values deeper than 8 bits are reduced, an embedded ICC profile is converted to sRGB, transparency is
    flattened on white. Raises `ImageError` for values that are not finite.
    """
    notes: list[str] = []
    profile = image.info.get("icc_profile")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = _to_eight_bits(image, notes)
    image, alpha = _split_alpha(image)
    image = _convert(image, profile, notes)
    if alpha is not None and alpha.getextrema() != (255, 255):
        notes.append("transparency flattened on white")
        flat = Image.new("RGB", image.size, WHITE)
        flat.paste(image, mask=alpha)
        image = flat
    return image, notes


def _to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """Grey of 16 bits by /257; of 32 bits, which have no agreed white, from their least to their largest value."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        notes.append("16 bits a value reduced to 8")
        levels = (values.astype(np.uint32) + SIXTEEN_TO_EIGHT // 2) // SIXTEEN_TO_EIGHT
        return Image.fromarray(levels.astype(np.uint8))
    if not np.isfinite(values).all():
        raise ImageError(
            "The image holds values that are not finite.", expected="finite values, or an array (application/x-npy)"
        )
    low, high = float(values.min()), float(values.max())
    notes.append(f"32-bit values from {low:g} to {high:g} scaled to 0–255")
    share = (values.astype(np.float64) - low) / ((high - low) or 1.0)
    return Image.fromarray(np.rint(share * 255).astype(np.uint8))


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The opaque colours and, where the image has transparency of any kind, its alpha."""
    if image.mode == "LA":
        grey, alpha = image.split()
        return grey, alpha
    if not image.has_transparency_data:
        return image, None
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    return image.convert("RGB"), image.getchannel("A")


def _convert(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Opaque colours as sRGB, through the embedded profile where there is one that works."""
    if image.mode in ("1", "P", "YCbCr", "RGBX"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if profile:
        converted = _through_profile(image, profile, notes)
        if converted is not None:
            return converted
    if image.mode in ("CMYK", "LAB"):
        notes.append(f"{image.mode} converted to RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image | None:
    """The image in sRGB, or None where it is already or the profile cannot be used (which is noted)."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip()
        if image.mode == "RGB" and "sRGB" in name:
            return None
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append("broken colour profile ignored")
        return None
    notes.append(f"{image.mode} converted to sRGB by its profile ({name})")
    return converted
