"""Real files of every format become upright sRGB; whatever else comes is refused in words."""

import struct
import time
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from app.errors import ConvscopeError, ImageError, TooLarge
from app.resources import resource_path
from app.service.images import Decoded, decode, encode_upright
from app.settings import Settings

from .encoded import (
    FORMATS,
    LOSSLESS,
    TOLERANCE,
    bmp_header,
    encode,
    encode_best,
    gif_by_hand,
    png_by_hand,
    smooth,
    tiff_by_hand,
)

LIMITS = Settings(max_image_pixels=1_000_000)
NAMES = {"WEBP": "WebP"}


def pixels(data: bytes) -> NDArray[np.int64]:
    return decode(data, LIMITS).pixels.astype(np.int64)


def assert_close(actual: NDArray[Any], expected: NDArray[Any], tolerance: int) -> None:
    assert actual.shape == expected.shape
    assert np.abs(actual.astype(int) - expected.astype(int)).max() <= tolerance


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_gives_its_pixels(format_: str) -> None:
    decoded = decode(encode_best(Image.fromarray(smooth()), format_), LIMITS)
    assert decoded.pixels.dtype == np.uint8
    assert (decoded.width, decoded.height, decoded.frames, decoded.notes) == (40, 24, 1, ())
    assert decoded.format == NAMES.get(format_, format_)
    assert_close(decoded.pixels, smooth(), TOLERANCE[format_])


@pytest.mark.parametrize("format_", FORMATS)
def test_a_single_pixel_is_an_image(format_: str) -> None:
    decoded = decode(encode_best(Image.new("RGB", (1, 1), (200, 100, 50)), format_), LIMITS)
    assert_close(decoded.pixels, np.array([[[200, 100, 50]]]), TOLERANCE[format_])


def test_the_same_bytes_give_the_same_pixels() -> None:
    data = resource_path("samples", "rocket.jpg").read_bytes()
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, decode(data, LIMITS).pixels)


# The corner of the upright picture where the file's first row and first column lie (EXIF 2.32, tag 0x0112).
ORIENTATIONS = {
    1: lambda up: up,
    2: lambda up: up[:, ::-1],  # row 0 top, column 0 right
    3: lambda up: up[::-1, ::-1],  # row 0 bottom, column 0 right
    4: lambda up: up[::-1],  # row 0 bottom, column 0 left
    5: lambda up: up.swapaxes(0, 1),  # row 0 left, column 0 top
    6: lambda up: up[:, ::-1].swapaxes(0, 1),  # row 0 right, column 0 top
    7: lambda up: up[::-1, ::-1].swapaxes(0, 1),  # row 0 right, column 0 bottom
    8: lambda up: up[::-1].swapaxes(0, 1),  # row 0 left, column 0 bottom
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_photos_are_turned_upright(format_: str, orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(ORIENTATIONS[orientation](smooth())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode_best(stored, format_, exif=exif), LIMITS)
    assert (decoded.width, decoded.height) == (40, 24)
    assert_close(decoded.pixels, smooth(), TOLERANCE[format_])
    assert decoded.notes == (() if orientation == 1 else ("turned by EXIF",))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("block", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0MM\0*"])
def test_a_broken_exif_block_does_not_lose_the_photo(block: bytes) -> None:
    decoded = decode(encode(Image.fromarray(smooth()), "PNG", exif=block), LIMITS)
    np.testing.assert_array_equal(decoded.pixels, smooth())


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_means_nothing_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode(encode(Image.fromarray(smooth()), "PNG", exif=exif), LIMITS)
    np.testing.assert_array_equal(decoded.pixels, smooth())
    assert decoded.notes == ()


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO"])
def test_the_first_of_several_frames_is_taken_and_said(format_: str) -> None:
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    first, *others = [Image.new("RGB", (16, 16), color) for color in colors]
    data = encode(first, format_, save_all=True, append_images=others)
    decoded = decode(data, LIMITS)
    assert (decoded.frames, decoded.notes) == (3, ("first of 3 frames",))
    assert_close(decoded.pixels, np.full((16, 16, 3), colors[0]), 3)


def test_a_jpeg_of_several_pictures_is_called_jpeg() -> None:
    image = Image.fromarray(smooth())
    assert decode(encode(image, "MPO", save_all=True, append_images=[image]), LIMITS).format == "JPEG"


def test_a_thousand_frames_are_counted_and_no_more() -> None:
    decoded = decode(gif_by_hand(1_200), LIMITS)
    assert (decoded.frames, decoded.notes) == (1_000, ("first of 1,000 frames or more",))


@pytest.mark.parametrize("format_", FORMATS)
def test_half_a_file_is_refused(format_: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encode(noise, format_)
    with pytest.raises(ImageError, match=r"damaged|not an image"):
        decode(data[: len(data) // 2], LIMITS)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ImageError, match="empty"):
        decode(b"", LIMITS)


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello", "not an image"),
        (HEIC, "a HEIC photo"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<!doctype html><p>", "a web page"),
        (b"PK\x03\x04rest", "a ZIP archive"),
    ],
)
def test_other_kinds_of_files_are_named(data: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said) as caught:
        decode(data, LIMITS)
    assert caught.value.expected == "a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file"


@pytest.mark.parametrize("format_", ["PPM", "TGA", "ICO", "PCX", "JPEG2000", "EPS", "PDF"])
def test_formats_that_are_not_listed_are_refused_though_pillow_reads_them(format_: str) -> None:
    with pytest.raises(ImageError, match=r"not an image|not an image that is read"):
        decode(encode(Image.fromarray(smooth()), format_), LIMITS)


def webp_header(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


HUGE = {
    "PNG": png_by_hand(100_000, 100_000, depth=8, color_type=2, scanlines=b"\x00"),
    "BMP": bmp_header(100_000, 100_000),
    "GIF": gif_by_hand(1, 65_535, 65_535),
    "TIFF": tiff_by_hand(
        [(256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 200)]
    ),
}


@pytest.mark.parametrize("format_", HUGE)
def test_a_huge_header_is_refused_at_once_with_its_size_and_the_limit(format_: str) -> None:
    began = time.perf_counter()
    with pytest.raises(TooLarge, match=r"(10,000,000,000|4,294,836,225) pixels; at most 1,000,000 ") as caught:
        decode(HUGE[format_], LIMITS)
    assert caught.value.limit == 1_000_000
    assert time.perf_counter() - began < 5  # decoding would need 30 GB


def test_a_webp_canvas_is_measured_before_it_is_made() -> None:
    with pytest.raises(ConvscopeError):
        decode(webp_header(16_384, 16_384), LIMITS)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_one_pixel_too_many_is_refused_with_both_sides_named() -> None:
    data = encode(Image.new("L", (11, 10)), "PNG")
    assert decode(data, Settings(max_image_pixels=110)).width == 11
    with pytest.raises(TooLarge, match="11×10 = 110 pixels; at most 109 "):
        decode(data, Settings(max_image_pixels=109))


VALID = [
    encode(Image.fromarray(smooth()), "JPEG"),
    encode(Image.fromarray(smooth()), "JPEG", progressive=True),
    encode(Image.fromarray(smooth()).convert("CMYK"), "JPEG"),
    encode(Image.fromarray(smooth()), "PNG"),
    encode(Image.fromarray(smooth()).convert("P"), "PNG", transparency=0),
    encode(Image.fromarray(smooth()), "WEBP"),
    encode(Image.fromarray(smooth()).convert("RGBA"), "WEBP", lossless=True),
    encode(Image.fromarray(smooth()), "GIF", save_all=True, append_images=[Image.new("RGB", (40, 24))]),
    encode(Image.fromarray(smooth()), "BMP"),
    encode(Image.fromarray(smooth()), "TIFF"),
    encode(Image.fromarray(smooth()), "TIFF", compression="tiff_lzw"),
    encode(Image.fromarray(smooth()), "TIFF", compression="jpeg"),
    encode(Image.fromarray(smooth()), "AVIF"),
    encode(Image.fromarray(smooth()), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 24))]),
]


def decodes_or_says_why(data: bytes) -> None:
    """Passes unless `decode` raises anything but an error that speaks to the caller."""
    try:
        decoded = decode(data, LIMITS)
    except (ImageError, TooLarge):
        return
    assert decoded.pixels.shape == (decoded.height, decoded.width, 3)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_prefix_of_a_file_decodes_or_says_why(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(VALID))
    decodes_or_says_why(whole[: data.draw(st.integers(0, len(whole)))])


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mutation_of_a_file_decodes_or_says_why(data: st.DataObject) -> None:
    broken = bytearray(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, min(len(broken), 400) - 1) | st.integers(0, len(broken) - 1))
        broken[place] = data.draw(st.integers(0, 255))
    decodes_or_says_why(bytes(broken))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(start=st.sampled_from([data[:12] for data in VALID]), rest=st.binary(max_size=300))
def test_a_right_beginning_with_anything_after_it_decodes_or_says_why(start: bytes, rest: bytes) -> None:
    decodes_or_says_why(start + rest)


def photo(format_: str = "PNG", height: int = 24, width: int = 40) -> Decoded:
    return Decoded(smooth(height, width), format_, 1, ())


def test_the_upright_photo_is_a_png_of_the_same_pixels() -> None:
    data, kind = encode_upright(photo())
    image = Image.open(BytesIO(data))
    assert (kind, image.format) == ("image/png", "PNG")
    np.testing.assert_array_equal(np.asarray(image), smooth())


def test_the_upright_photo_of_a_jpeg_is_a_jpeg() -> None:
    data, kind = encode_upright(photo("JPEG"))
    image = Image.open(BytesIO(data))
    assert (kind, image.format) == ("image/jpeg", "JPEG")
    assert np.abs(np.asarray(image).astype(int) - smooth()).mean() < 8


@pytest.mark.parametrize(
    ("height", "width", "max_side", "expected"),
    [
        (24, 40, 20, (20, 12)),
        (40, 24, 20, (12, 20)),
        (24, 40, 40, (40, 24)),
        (24, 40, 99, (40, 24)),
        (1, 40, 8, (8, 1)),
    ],
)
def test_a_thumbnail_keeps_its_proportions_and_is_never_enlarged(
    height: int, width: int, max_side: int, expected: tuple[int, int]
) -> None:
    data, _ = encode_upright(photo(height=height, width=width), max_side)
    assert Image.open(BytesIO(data)).size == expected


@pytest.mark.parametrize("format_", LOSSLESS)
def test_content_decides_and_bytes_after_the_image_do_no_harm(format_: str) -> None:
    data = encode_best(Image.fromarray(smooth()), format_) + b"trailing bytes"
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, smooth())
