"""Kernels as pictures, each weight traced to its pixel."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.errors import OverLimit
from app.render.colormaps import colormap
from app.render.drawing import GAP, INK
from app.render.filters import filters_png

LIMIT = 4_000_000
RDBU = colormap("RdBu")


def colors(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"))


def kernels(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def entries(filter_: NDArray[np.float32]) -> NDArray[np.int64]:
    """128 + 127·w/max|w| over the whole filter, rounded."""
    return np.floor(filter_.astype(np.float64) / np.abs(filter_).max() * 127 + 128.5).astype(np.int64)


def test_a_filter_over_three_channels_is_a_colour_picture_about_mid_grey() -> None:
    one = np.zeros((1, 3, 1, 3), dtype=np.float32)
    one[0, :, 0, 0] = (2.0, -2.0, 0.0)  # red up, green down
    one[0, 2, 0, 2] = 1.0
    drawn = colors(filters_png(one, RDBU, scale=1, max_pixels=LIMIT))
    assert drawn.tolist() == [[[255, 1, 128], [128, 128, 128], [128, 128, 192]]]


def test_colour_filters_stand_in_rows_each_on_its_own_scale() -> None:
    bank = kernels(5, 3, 4, 4) * np.array([1, 10, 100, 1000, 1e-4], dtype=np.float32).reshape(5, 1, 1, 1)
    drawn = colors(filters_png(bank, RDBU, scale=1, max_pixels=LIMIT))
    assert drawn.shape == (2 * 4 + GAP, 3 * 4 + 2 * GAP, 3)
    for k in range(5):
        top, left = k // 3 * (4 + GAP), k % 3 * (4 + GAP)
        expected = entries(bank[k]).transpose(1, 2, 0)
        np.testing.assert_array_equal(drawn[top : top + 4, left : left + 4], expected)
    assert (drawn[:, 4 : 4 + GAP] == 255).all()


def test_one_colour_filter_alone_looks_as_it_does_among_the_others() -> None:
    bank = kernels(4, 3, 5, 5)
    alone = colors(filters_png(bank, RDBU, index=2, scale=1, max_pixels=LIMIT))
    np.testing.assert_array_equal(alone, entries(bank[2]).transpose(1, 2, 0))


def test_other_filters_are_the_matrix_of_their_slices() -> None:
    bank = kernels(4, 6, 3, 3)
    drawn = colors(filters_png(bank, RDBU, scale=1, max_pixels=LIMIT))
    assert drawn.shape == (4 * (3 + GAP) - GAP, 6 * (3 + GAP) - GAP, 3)
    for row, filter_ in enumerate(bank):
        for column in range(6):
            top, left = row * (3 + GAP), column * (3 + GAP)
            expected = RDBU.table[entries(filter_)[column]]
            np.testing.assert_array_equal(drawn[top : top + 3, left : left + 3], expected)
    assert (drawn[3 : 3 + GAP] == INK).all()


def test_the_slices_of_one_filter_stand_in_rows_on_one_scale() -> None:
    bank = kernels(2, 5, 3, 3)
    drawn = colors(filters_png(bank, RDBU, index=1, scale=1, max_pixels=LIMIT))
    assert drawn.shape == (2 * 3 + GAP, 3 * 3 + 2 * GAP, 3)
    for k in range(5):
        top, left = k // 3 * (3 + GAP), k % 3 * (3 + GAP)
        np.testing.assert_array_equal(drawn[top : top + 3, left : left + 3], RDBU.table[entries(bank[1])[k]])


def test_kernels_of_one_weight_are_a_matrix_without_gaps() -> None:
    bank = kernels(3, 5, 1, 1)
    drawn = colors(filters_png(bank, RDBU, scale=1, max_pixels=LIMIT))
    expected = np.stack([entries(filter_).reshape(5) for filter_ in bank])
    np.testing.assert_array_equal(drawn, RDBU.table[expected])


def test_a_filter_of_zeros_is_the_colour_of_zero() -> None:
    grey = colors(filters_png(np.zeros((1, 3, 2, 2), dtype=np.float32), RDBU, scale=1, max_pixels=LIMIT))
    white = colors(filters_png(np.zeros((1, 2, 2, 2), dtype=np.float32), RDBU, index=0, scale=1, max_pixels=LIMIT))
    assert (grey == 128).all()
    assert (white[:, :2] == RDBU.table[128]).all()


@pytest.mark.parametrize(
    ("shape", "index", "size"),
    [
        ((64, 3, 3, 3), None, (8 * (48 + GAP) - GAP, 8 * (48 + GAP) - GAP)),  # 16 pixels a weight
        ((64, 64, 3, 3), None, (64 * (12 + GAP) - GAP, 64 * (12 + GAP) - GAP)),  # 1024/64 − 2 = 14: 4 a weight
        ((512, 512, 3, 3), None, (512 * (3 + GAP) - GAP, 512 * (3 + GAP) - GAP)),
        ((512, 512, 3, 3), 7, (32 * (30 + GAP) - GAP, 16 * (30 + GAP) - GAP)),  # 1024/32 − 2 = 30: 10 a weight
    ],
)
def test_without_a_scale_the_picture_is_comfortable(
    shape: tuple[int, ...], index: int | None, size: tuple[int, int]
) -> None:
    png = filters_png(np.zeros(shape, dtype=np.float32), RDBU, index=index, max_pixels=10_000_000)
    assert Image.open(BytesIO(png)).size == size


def test_a_picture_over_the_limit_is_refused() -> None:
    with pytest.raises(OverLimit) as caught:
        filters_png(kernels(64, 64, 3, 3), RDBU, max_pixels=10_000)
    assert caught.value.limit == 10_000
