"""What the page prints of one value is what the layer holds, and where it shows it is where it lies."""

import re

import numpy as np
import pytest
from playwright.sync_api import FloatRect, Locator, expect

from .explorer import Explorer, number

PHOTO_SIDE = 224


def box_of(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None
    return box


@pytest.mark.parametrize("show", ["after", "before"])
def test_hovered_values_are_those_of_the_array(explorer: Explorer, show: str) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23, show=show)
    values = explorer.maps("relu3_2" if show == "after" else "conv3_2")[102]
    canvas = explorer.page.locator("#big canvas")
    box = box_of(canvas)
    factor = box["width"] / values.shape[1]
    for y, x in [(0, 0), (17, 23), (30, 41), (55, 55)]:
        explorer.page.mouse.move(box["x"] + (x + 0.5) * factor, box["y"] + (y + 0.5) * factor)
        expect(explorer.page.locator("#probe-row")).to_have_text(str(y))
        expect(explorer.page.locator("#probe-column")).to_have_text(str(x))
        text = explorer.page.locator("#probe-value").inner_text()
        assert number(text) == pytest.approx(float(values[y, x]), abs=5.1e-5)


def test_leaving_the_map_returns_to_the_probe(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    kept = explorer.page.locator("#probe-value").inner_text()
    explorer.page.locator("#big canvas").hover(position={"x": 3, "y": 3})
    expect(explorer.page.locator("#probe-row")).to_have_text("0")
    explorer.page.mouse.move(700, 20)
    expect(explorer.page.locator("#probe-row")).to_have_text("17")
    expect(explorer.page.locator("#probe-value")).to_have_text(kept)


def test_statistics_are_those_of_the_array(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    values = explorer.maps("relu3_2")[102].astype(np.float64)

    def printed(name: str) -> str:
        return explorer.page.locator(f'#statistics [data-stat="{name}"]').inner_text()

    assert number(printed("max")) == pytest.approx(values.max(), abs=0.0051)
    assert number(printed("mean")) == pytest.approx(values.mean(), abs=0.0051)
    assert number(printed("std")) == pytest.approx(values.std(), abs=0.0051)
    assert printed("place") == "{}, {}".format(*np.unravel_index(values.argmax(), values.shape))
    assert number(printed("zeros").removesuffix("%").strip()) == pytest.approx(100 * (values == 0).mean(), abs=0.051)


# conv3_2 sees 32 pixels, 4 apart, the first from −14 (13 before it: 1 + 1, then 2 + 2, then 4 + 4).
@pytest.mark.parametrize(("y", "x"), [(17, 23), (0, 0), (55, 30)])
def test_the_receptive_field_lies_where_the_arithmetic_says(explorer: Explorer, y: int, x: int) -> None:
    explorer.open(layer="conv3_2", map=102, y=y, x=x)
    photo, field = box_of(explorer.page.locator("#photo img")), box_of(explorer.page.locator("#photo .field").first)
    pixel = photo["width"] / PHOTO_SIDE
    top, left = 4 * y - 14, 4 * x - 14
    shown = [(max(0, first), min(PHOTO_SIDE - 1, first + 31)) for first in (top, left)]
    (first_row, last_row), (first_column, last_column) = shown
    assert field["y"] - photo["y"] == pytest.approx(first_row * pixel, abs=0.6)
    assert field["x"] - photo["x"] == pytest.approx(first_column * pixel, abs=0.6)
    assert field["height"] == pytest.approx((last_row - first_row + 1) * pixel, abs=0.6)
    assert field["width"] == pytest.approx((last_column - first_column + 1) * pixel, abs=0.6)
    words = explorer.page.locator("#field-place").inner_text()
    assert [int(word.replace("−", "-")) for word in re.findall(r"−?\d+", words)] == [left, left + 31, top, top + 31]


def test_a_click_on_the_photo_moves_the_probe_to_the_cell_that_sees_it(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    explorer.page.locator("#photo img").click(position={"x": 130, "y": 90})
    explorer.ready()
    row = int(explorer.page.locator("#probe-row").inner_text())
    column = int(explorer.page.locator("#probe-column").inner_text())
    assert 4 * row - 14 <= 90 <= 4 * row + 17
    assert 4 * column - 14 <= 130 <= 4 * column + 17


def test_a_click_on_a_tile_selects_its_map(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    grid = explorer.page.locator('.blk[data-block="conv3_2"] .grid')
    grid.click(position={"x": 3 * 58 + 20, "y": 2 * 58 + 20})
    explorer.ready()
    expect(explorer.page.locator("#unit-map")).to_have_text(str(2 * 12 + 3))
    values = explorer.maps("relu3_2")
    assert number(explorer.page.locator("#probe-value").inner_text()) == pytest.approx(values[27, 17, 23], abs=5.1e-5)
