"""Every colour mode of a file becomes 8-bit sRGB, and what was changed is said."""

import struct
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from app.errors import ImageError
from app.resources import resource_path
from app.service.images import Decoded, decode
from app.settings import Settings

from .encoded import encode, png_by_hand, smooth


def decoded(data: bytes) -> Decoded:
    return decode(data, Settings())


def one_pixel(mode: str, value: object, format_: str = "PNG", **options: object) -> tuple[list[int], tuple[str, ...]]:
    result = decoded(encode(Image.new(mode, (1, 1), value), format_, **options))  # type: ignore[arg-type]
    return result.pixels[0, 0].tolist(), result.notes


def test_grey_is_the_same_in_all_three_channels() -> None:
    assert one_pixel("L", 77) == ([77, 77, 77], ())


@pytest.mark.parametrize(("bit", "level"), [(0, 0), (1, 255)])
def test_bilevel_is_black_and_white(bit: int, level: int) -> None:
    assert one_pixel("1", bit) == ([level] * 3, ())


# Over white: round(255 + (colour − 255)·alpha/255), worked out by hand.
@pytest.mark.parametrize(("alpha", "flat"), [(0, [255, 255, 255]), (51, [244, 224, 214]), (255, [200, 100, 50])])
def test_transparency_is_flattened_on_white(alpha: int, flat: list[int]) -> None:
    notes = () if alpha == 255 else ("transparency flattened on white",)
    assert one_pixel("RGBA", (200, 100, 50, alpha)) == (flat, notes)


def test_grey_with_transparency_is_flattened_on_white() -> None:
    assert one_pixel("LA", (100, 51)) == ([224, 224, 224], ("transparency flattened on white",))


def test_a_transparent_palette_entry_becomes_white() -> None:
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8))
    image.putpalette([10, 20, 30, 40, 50, 60])
    for format_ in ("PNG", "GIF"):
        result = decoded(encode(image, format_, transparency=0))
        assert result.pixels.tolist() == [[[255, 255, 255], [40, 50, 60]]]
        assert result.notes == ("transparency flattened on white",)


def test_one_transparent_colour_of_an_rgb_png_becomes_white() -> None:
    image = Image.fromarray(np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8))
    result = decoded(encode(image, "PNG", transparency=(1, 2, 3)))
    assert result.pixels.tolist() == [[[255, 255, 255], [4, 5, 6]]]


@pytest.mark.parametrize("format_", ["TIFF", "JPEG"])
def test_cmyk_is_converted_and_said(format_: str) -> None:
    # (C, M, Y, K) = (0, 255, 255, 0) is red without a profile: R = 255·(1 − C)(1 − K).
    result = decoded(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), format_))
    assert np.abs(result.pixels.astype(int) - [255, 0, 0]).max() <= 2
    assert result.notes == ("CMYK converted to RGB",)


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_grey_of_16_bits_is_divided_by_257_and_rounded(format_: str) -> None:
    values = np.array([[0, 128, 129, 257, 32_767, 32_768, 65_279, 65_406, 65_535]], dtype=np.uint16)
    result = decoded(encode(Image.fromarray(values), format_))
    assert result.pixels[0, :, 0].tolist() == [0, 0, 1, 1, 127, 128, 254, 254, 255]
    assert result.notes == ("16 bits a value reduced to 8",)


def test_grey_of_16_bits_in_motorola_order_is_read_as_it_is() -> None:
    values = np.array([[0, 257, 65_535]], dtype=">u2")
    result = decoded(encode(Image.frombytes("I;16B", (3, 1), values.tobytes()), "TIFF"))
    assert result.pixels[0, :, 0].tolist() == [0, 1, 255]


def test_colour_of_16_bits_is_reduced_and_said() -> None:
    scanline = b"\x00" + struct.pack(">3H", 200 * 257, 100 * 257, 50 * 257)
    result = decoded(png_by_hand(1, 1, depth=16, color_type=2, scanlines=scanline))
    assert result.pixels.tolist() == [[[200, 100, 50]]]
    assert result.notes == ("16 bits a value reduced to 8",)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_values_of_32_bits_are_scaled_by_their_range(dtype: type[np.generic]) -> None:
    values = np.array([[-100, 0, 100, 410]], dtype=dtype)
    result = decoded(encode(Image.fromarray(values), "TIFF"))
    assert result.pixels[0, :, 0].tolist() == [0, 50, 100, 255]
    assert result.notes == ("32-bit values from -100 to 410 scaled to 0–255",)


def test_a_constant_image_of_32_bits_is_black() -> None:
    result = decoded(encode(Image.fromarray(np.full((2, 2), 7.5, dtype=np.float32)), "TIFF"))
    assert result.pixels.max() == 0


def test_values_that_are_not_finite_are_refused() -> None:
    data = encode(Image.fromarray(np.array([[0, np.nan]], dtype=np.float32)), "TIFF")
    with pytest.raises(ImageError, match="not finite"):
        decoded(data)


def test_a_jpeg_in_luminance_and_chroma_inside_a_tiff_is_colour() -> None:
    result = decoded(encode(Image.fromarray(smooth()).convert("YCbCr"), "TIFF"))
    assert np.abs(result.pixels.astype(int) - smooth()).max() <= 3


def test_lab_is_converted_and_said() -> None:
    # L* = 53.6, a* = 0, b* = 0 is the middle grey of sRGB, 128.
    result = decoded(encode(Image.new("LAB", (2, 2), (137, 128, 128)), "TIFF"))
    assert np.abs(result.pixels.astype(int) - 128).max() <= 2
    assert result.notes == ("LAB converted to RGB",)


def adobe_rgb() -> bytes:
    """The Adobe RGB (1998) profile that one of the samples carries."""
    with Image.open(resource_path("samples", "rocket.jpg")) as photo:
        profile = photo.info["icc_profile"]
    assert isinstance(profile, bytes)
    return profile


def adobe_to_srgb(color: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adobe RGB (1998) 4.3.4–4.3.5 to IEC 61966-2-1, both with white D65."""
    xyz = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]) @ (
        (color / 255) ** (563 / 256)
    )
    linear = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]) @ xyz
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(encoded * 255, 0, 255))


@pytest.mark.parametrize("color", [(128, 128, 128), (120, 160, 90), (90, 80, 140), (180, 120, 110)])
def test_an_embedded_profile_is_honoured(color: tuple[int, int, int]) -> None:
    result = decoded(encode(Image.new("RGB", (1, 1), color), "PNG", icc_profile=adobe_rgb()))
    assert np.abs(result.pixels[0, 0] - adobe_to_srgb(np.array(color, dtype=np.float64))).max() <= 1.5
    assert result.notes == ("RGB converted to sRGB by its profile (Adobe RGB (1998))",)


def test_a_profile_works_under_transparency() -> None:
    color = (120, 160, 90, 255)
    result = decoded(encode(Image.new("RGBA", (1, 1), color), "PNG", icc_profile=adobe_rgb()))
    assert np.abs(result.pixels[0, 0] - adobe_to_srgb(np.array(color[:3], dtype=np.float64))).max() <= 1.5


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    result = decoded(encode(Image.fromarray(smooth()), "PNG", icc_profile=profile))
    np.testing.assert_array_equal(result.pixels, smooth())
    assert result.notes == ()


@pytest.mark.parametrize("profile", [b"not a profile", adobe_rgb()[:200], b"\x00" * 128])
def test_a_broken_profile_is_ignored_and_said(profile: bytes) -> None:
    result = decoded(encode(Image.fromarray(smooth()), "PNG", icc_profile=profile))
    np.testing.assert_array_equal(result.pixels, smooth())
    assert result.notes == ("broken colour profile ignored",)


def test_a_profile_for_other_colours_is_ignored_and_said() -> None:
    result = decoded(encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF", icc_profile=adobe_rgb()))
    assert result.notes == ("broken colour profile ignored", "CMYK converted to RGB")
    assert result.pixels[0, 0].tolist() == [255, 0, 0]


def test_the_notes_of_a_photo_tell_its_story_in_order() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    first, second = Image.new("RGBA", (4, 4), (0, 0, 0, 0)), Image.new("RGBA", (4, 4), (9, 9, 9, 255))
    file = BytesIO()
    first.save(file, "WEBP", save_all=True, append_images=[second], exif=exif, lossless=True)
    assert decoded(file.getvalue()).notes == (
        "first of 2 frames",
        "turned by EXIF",
        "transparency flattened on white",
    )
