"""PNG files decoded again and compared with the lookup table, pixel by pixel."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.errors import OverLimit
from app.render.atlas import atlas_png, map_png
from app.render.colormaps import colormap, colormap_names
from app.render.drawing import GAP, INK
from app.render.tone import Tone

LIMIT = 1_000_000
FROM_ZERO, BOTH_SIGNS = Tone(signed=False), Tone(signed=True)


def opened(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png))


def colors(png: bytes) -> NDArray[np.uint8]:
    return np.asarray(opened(png).convert("RGB"))


def layer(channels: int, height: int, width: int, *, signed: bool = False) -> NDArray[np.float32]:
    values = np.random.default_rng(channels).normal(size=(channels, height, width)).astype(np.float32)
    return values if signed else np.maximum(values, 0)


def by_definition(values: NDArray[np.float32], table: NDArray[np.uint8], *, signed: bool) -> NDArray[np.uint8]:
    """Colours of one map on its own scale by the u8 format's definition, in float64."""
    share = values.astype(np.float64) / np.abs(values).max()
    places = np.floor(share * 127 + 128.5) if signed else np.floor(share * 255 + 0.5)
    return table[places.astype(int)]


@pytest.mark.parametrize("name", colormap_names())
def test_a_map_s_pixels_are_the_colours_of_its_entries(name: str) -> None:
    chosen = colormap(name)
    signed = chosen.kind == "diverging"
    maps = layer(3, 17, 11, signed=signed)
    expected = by_definition(maps[1], chosen.table, signed=signed)
    png = map_png(maps, 1, chosen, Tone(signed=signed), max_pixels=LIMIT)
    np.testing.assert_array_equal(colors(png), expected)
    assert opened(png).mode == "P"


def test_a_map_is_enlarged_by_whole_pixels() -> None:
    maps = layer(1, 2, 3)
    small = colors(map_png(maps, 0, colormap("viridis"), FROM_ZERO, max_pixels=LIMIT))
    large = colors(map_png(maps, 0, colormap("viridis"), FROM_ZERO, scale=4, max_pixels=LIMIT))
    np.testing.assert_array_equal(large, np.kron(small, np.ones((4, 4, 1), dtype=np.uint8)))


def test_a_map_can_be_drawn_on_its_layer_s_scale() -> None:
    maps = np.array([[[1.0, 2.0]], [[4.0, 8.0]]], dtype=np.float32)
    table = colormap("grey").table
    own = colors(map_png(maps, 0, colormap("grey"), FROM_ZERO, max_pixels=LIMIT))
    shared = colors(map_png(maps, 0, colormap("grey"), Tone(signed=False, normalize="layer"), max_pixels=LIMIT))
    np.testing.assert_array_equal(own, table[[[128, 255]]])
    np.testing.assert_array_equal(shared, table[[[32, 64]]])


def test_zero_is_the_middle_of_a_diverging_map_though_nothing_is_negative() -> None:
    maps = np.array([[[0.0, 1.0]]], dtype=np.float32)
    drawn = colors(map_png(maps, 0, colormap("RdBu"), FROM_ZERO, max_pixels=LIMIT))
    np.testing.assert_array_equal(drawn, colormap("RdBu").table[[[128, 255]]])


@pytest.mark.parametrize("name", colormap_names())
def test_a_wall_holds_every_map_in_its_place(name: str) -> None:
    chosen = colormap(name)
    signed = chosen.kind == "diverging"
    maps = layer(7, 40, 30, signed=signed)  # 8,400 values: with grey and magma all 256 entries are in use
    wall = colors(atlas_png(maps, chosen, Tone(signed=signed), columns=3, max_pixels=LIMIT))
    assert wall.shape == (3 * 40 + 2 * GAP, 3 * 30 + 2 * GAP, 3)
    covered = np.zeros(wall.shape[:2], dtype=bool)
    for k, values in enumerate(maps):
        top, left = k // 3 * (40 + GAP), k % 3 * (30 + GAP)
        expected = by_definition(values, chosen.table, signed=signed)
        np.testing.assert_array_equal(wall[top : top + 40, left : left + 30], expected)
        covered[top : top + 40, left : left + 30] = True
    assert (wall[~covered] == INK).all()


@pytest.mark.parametrize(
    ("channels", "across"),
    [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (7, 3), (10, 5), (64, 8), (128, 16), (512, 32)],
)
def test_a_wall_has_full_rows_near_a_square(channels: int, across: int) -> None:
    png = atlas_png(layer(channels, 5, 5), colormap("viridis"), FROM_ZERO, max_pixels=LIMIT)
    rows = -(-channels // across)
    assert opened(png).size == (across * (5 + GAP) - GAP, rows * (5 + GAP) - GAP)


def test_a_wall_in_viridis_is_a_palette_file() -> None:
    assert opened(atlas_png(layer(9, 64, 64), colormap("viridis"), FROM_ZERO, max_pixels=LIMIT)).mode == "P"


def test_a_wall_whose_colours_fill_the_palette_is_rgb() -> None:
    every_entry = np.arange(256, dtype=np.float32).reshape(1, 16, 16)
    png = atlas_png(every_entry, colormap("grey"), FROM_ZERO, max_pixels=LIMIT)
    assert opened(png).mode == "RGB"
    np.testing.assert_array_equal(colors(png)[:, :, 0], np.arange(256).reshape(16, 16))


def test_a_dead_map_is_hatched_and_a_faint_one_is_not() -> None:
    maps = np.zeros((2, 12, 12), dtype=np.float32)
    maps[1, 0, 0] = 1e-20
    wall = colors(atlas_png(maps, colormap("viridis"), FROM_ZERO, columns=2, max_pixels=LIMIT))
    zero = colormap("viridis").table[0]
    y, x = np.mgrid[0:12, 0:12]
    lines = (y + x) % 6 == 0
    dead, faint = wall[:, :12], wall[:, 12 + GAP :]
    assert (dead[lines] == INK).all()
    assert (dead[~lines] == zero).all()
    assert (faint.reshape(-1, 3)[1:] == zero).all()


def test_the_hatch_stays_fine_when_maps_are_enlarged() -> None:
    wall = colors(
        atlas_png(np.zeros((1, 3, 3), dtype=np.float32), colormap("viridis"), FROM_ZERO, scale=8, max_pixels=LIMIT)
    )
    y, x = np.mgrid[0:24, 0:24]
    np.testing.assert_array_equal((wall == INK).all(axis=2), (y + x) % 6 == 0)


def test_single_values_stand_side_by_side_without_gaps_or_hatch() -> None:
    values = np.array([0, 1, 2, 4], dtype=np.float32).reshape(4, 1, 1)
    wall = colors(atlas_png(values, colormap("grey"), Tone(signed=False, normalize="layer"), max_pixels=LIMIT))
    assert wall[:, :, 0].tolist() == [[0, 64], [128, 255]]


def test_a_signed_wall_keeps_zero_at_the_middle_of_any_map() -> None:
    maps = np.array([[[-2.0, 0.0, 1.0]]], dtype=np.float32)
    wall = colors(atlas_png(maps, colormap("viridis"), BOTH_SIGNS, max_pixels=LIMIT))
    np.testing.assert_array_equal(wall, colormap("viridis").table[[[1, 128, 192]]])


def test_a_picture_over_the_limit_is_refused_with_the_scale_that_fits() -> None:
    with pytest.raises(OverLimit, match="100×100 = 10,000 pixels; at most 2,500 ") as caught:
        map_png(layer(1, 10, 10), 0, colormap("viridis"), FROM_ZERO, scale=10, max_pixels=2_500)
    assert (caught.value.where, caught.value.expected, caught.value.limit) == ("scale", "scale=5", 2_500)
    map_png(layer(1, 10, 10), 0, colormap("viridis"), FROM_ZERO, scale=5, max_pixels=2_500)


def test_a_wall_that_fits_at_no_scale_offers_single_maps() -> None:
    with pytest.raises(OverLimit) as caught:
        atlas_png(layer(100, 10, 10), colormap("viridis"), FROM_ZERO, max_pixels=2_500)
    assert caught.value.expected == "one map or filter alone, or format=npy"


def test_the_same_maps_give_the_same_file() -> None:
    maps = layer(5, 9, 9)
    first, second = (atlas_png(maps, colormap("magma"), FROM_ZERO, max_pixels=LIMIT) for _ in range(2))
    assert first == second
