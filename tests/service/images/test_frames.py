"""Frames counted from a file's structure agree with what a decoder finds, and hostile files end quickly."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.service.images.frames import FRAMES_COUNTED, count_frames

from .encoded import encode, gif_by_hand, tiff_by_hand


def count(data: bytes) -> int:
    with Image.open(BytesIO(data)) as image:
        return count_frames(image, data)


def different(frames: int) -> list[Image.Image]:
    """Images that no encoder can merge; palettes of several sizes."""
    colors = [Image.linear_gradient("L").resize((9, 7)).rotate(90 * k).convert("RGB") for k in range(frames)]
    return [image.quantize(2 ** (k % 7 + 1)).convert("RGB") for k, image in enumerate(colors)]


@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("format_", ["GIF", "TIFF", "PNG", "WEBP"])
def test_the_count_is_that_of_pillow(format_: str, frames: int) -> None:
    first, *others = different(frames)
    data = encode(first, format_, save_all=True, append_images=others)
    with Image.open(BytesIO(data)) as image:
        assert count_frames(image, data) == getattr(image, "n_frames", 1) == frames


def test_a_big_tiff_is_counted() -> None:
    first, *others = different(3)
    assert count(encode(first, "TIFF", save_all=True, append_images=others, big_tiff=True)) == 3


def test_a_gif_with_comments_between_its_frames_is_counted() -> None:
    comment = b"\x21\xfe\x05hello\x03you\x00"
    data = gif_by_hand(2)
    assert count(data[:19] + comment + data[19:-1] + comment + b"\x3b") == 2


@pytest.mark.parametrize(("frames", "counted"), [(999, 999), (1_000, 1_000), (50_000, FRAMES_COUNTED)])
def test_counting_stops_at_a_thousand(frames: int, counted: int) -> None:
    assert count(gif_by_hand(frames)) == counted


def test_directories_that_bite_their_tail_end_the_count() -> None:
    entries = [(256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 4)]
    assert count(tiff_by_hand(entries, after=8)) == 1


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_file_that_is_cut_or_changed_still_has_a_count(data: st.DataObject) -> None:
    format_ = data.draw(st.sampled_from(["GIF", "TIFF"]))
    first, *others = different(4)
    whole = encode(first, format_, save_all=True, append_images=others)
    image = Image.open(BytesIO(whole))
    broken = bytearray(whole[: data.draw(st.integers(13, len(whole)))])
    for _ in range(data.draw(st.integers(0, 5))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    assert 1 <= count_frames(image, bytes(broken)) <= FRAMES_COUNTED
