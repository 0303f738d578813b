"""The lookup tables against published colours and against what the eye needs."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import Invalid
from app.render.colormaps import SIGNED_ZERO, colormap, colormap_names, default_colormap
from app.resources import resource_path

# matplotlib's _cm_listed.py (viridis, magma, cividis), ColorBrewer's RdBu with 11 classes, CMasher's iceburn.
PUBLISHED_ENDS = {
    "viridis": ("#440154", "#fde725"),
    "magma": ("#000004", "#fcfdbf"),
    "cividis": ("#00224e", "#fee838"),
    "grey": ("#000000", "#ffffff"),
    "RdBu": ("#053061", "#67001f"),
}
DIVERGING = ("RdBu", "iceburn")
SEQUENTIAL = ("viridis", "magma", "cividis", "grey")


def hexadecimal(color: NDArray[np.uint8]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in color)


def lightness(table: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L* of sRGB colours (IEC 61966-2-1, CIE 15)."""
    share = table / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    root = np.where(luminance > (6 / 29) ** 3, np.cbrt(luminance), luminance * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.asarray(116 * root - 16)


@pytest.mark.parametrize("name", PUBLISHED_ENDS)
def test_ends_are_the_published_colours(name: str) -> None:
    table = colormap(name).table
    assert (hexadecimal(table[0]), hexadecimal(table[255])) == PUBLISHED_ENDS[name]


def test_viridis_has_its_published_middle() -> None:
    assert hexadecimal(colormap("viridis").table[128]) == "#21918c"


def test_every_table_has_256_entries_that_cannot_be_changed() -> None:
    for name in colormap_names():
        table = colormap(name).table
        assert table.shape == (256, 3)
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0


@pytest.mark.parametrize(("name", "middle"), [("RdBu", "#f7f7f7"), ("iceburn", "#000000")])
def test_zero_of_a_diverging_map_is_its_exact_neutral_middle(name: str, middle: str) -> None:
    assert hexadecimal(colormap(name).table[SIGNED_ZERO]) == middle


@pytest.mark.parametrize(("name", "classes"), [("RdBu", ["#d1e5f0", "#fddbc7"])])
def test_the_colorbrewer_classes_beside_the_middle_stand_at_a_fifth(name: str, classes: list[str]) -> None:
    # 11 classes over −1…+1: the fifth and the seventh are at ∓0.2, which is ∓25.4 entries.
    table = colormap(name).table.astype(int)
    for place, expected in zip((128 - 25.4, 128 + 25.4), classes, strict=True):
        wanted = np.array([int(expected[k : k + 2], 16) for k in (1, 3, 5)])
        low = int(np.floor(place))
        between = table[low] + (place - low) * (table[low + 1] - table[low])
        assert np.abs(between - wanted).max() <= 1.0


@pytest.mark.parametrize(("name", "negative", "positive"), [("RdBu", 2, 0), ("iceburn", 2, 0)])
def test_positive_is_warm_and_negative_is_cold(name: str, negative: int, positive: int) -> None:
    table = colormap(name).table.astype(int)
    assert table[64, negative] > table[64, positive]
    assert table[192, positive] > table[192, negative]


@pytest.mark.parametrize("name", DIVERGING)
def test_both_signs_are_equally_light_at_equal_distance(name: str) -> None:
    light = lightness(colormap(name).table)
    assert np.abs(light[128:256] - light[128:0:-1]).max() < 5.0


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_more_is_lighter_in_a_sequential_map(name: str) -> None:
    # Steps are rounded to whole bytes, so a neighbour may be a hundredth darker; five entries on, never.
    light = lightness(colormap(name).table)
    assert (light[5:] > light[:-5]).all()


def test_the_entry_that_no_value_reaches_repeats_the_first() -> None:
    for name in DIVERGING:
        table = colormap(name).table
        np.testing.assert_array_equal(table[0], table[1])


def test_the_kind_of_data_chooses_the_map() -> None:
    assert default_colormap(signed=True).name == "RdBu"
    assert default_colormap(signed=False).name == "viridis"


def test_an_unknown_map_is_refused_with_those_that_exist() -> None:
    with pytest.raises(Invalid, match="jet") as caught:
        colormap("jet")
    assert caught.value.expected == "one of viridis, magma, cividis, grey, RdBu, iceburn"


def test_each_map_carries_its_licence_and_source() -> None:
    entries = json.loads(resource_path("static", "data", "luts.json").read_text(encoding="utf-8"))
    assert {name: entry["licence"] for name, entry in entries.items()} == {
        "viridis": "CC0",
        "magma": "CC0",
        "cividis": "BSD-3-Clause",
        "grey": "CC0",
        "RdBu": "Apache-2.0",
        "iceburn": "BSD-3-Clause",
    }
    assert all(entry["source"].startswith("https://") for entry in entries.values())
