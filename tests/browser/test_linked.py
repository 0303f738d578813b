"""One place in every view: outlined where the receptive fields' arithmetic puts it, ranked from the arrays."""

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import FloatRect, Locator, expect

from .explorer import Bytes, Explorer, number, pixels

WHITE = (255, 255, 255)
PHOTO_SIDE = 224


def box_of(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None
    return box


def fields(explorer: Explorer) -> dict[str, dict[str, Any]]:
    return {row["name"]: row["receptive_field"] for row in explorer.run["layers"]}


def middle(field: dict[str, Any], y: int, x: int) -> tuple[float, float]:
    """The middle of a cell's receptive field on the photo."""
    return tuple(
        at * field["stride"][axis] - field["padding"][axis] + (field["size"][axis] - 1) / 2
        for axis, at in enumerate((y, x))
    )


def nearest(field: dict[str, Any], point: tuple[float, float], side: int) -> tuple[int, int]:
    """The cell whose field's middle is nearest to a point of the photo (half-way: the larger index)."""
    places = [(p + field["padding"][a] - (field["size"][a] - 1) / 2) / field["stride"][a] for a, p in enumerate(point)]
    row, column = (min(side - 1, max(0, int(np.floor(at + 0.5)))) for at in places)
    return row, column


def marked(explorer: Explorer, block: str, map_index: int, ink: tuple[int, int, int]) -> tuple[float, float]:
    """The middle of the outline of one ink in the tile of a map, in pixels of the tile."""
    wall = explorer.wall(block)
    overlay = explorer.page.locator("canvas.links")
    tile = tile_of(explorer, block, wall.order.index(map_index), wall.tile)
    origin = box_of(overlay)
    left, top = round(tile["x"] - origin["x"]), round(tile["y"] - origin["y"])
    square: Bytes = pixels(overlay)[top - 3 : top + wall.tile + 3, left - 3 : left + wall.tile + 3]
    rows, columns = np.nonzero((square[..., :3] == ink).all(axis=-1) & (square[..., 3] == 255))
    assert len(rows), f"{block} map {map_index} is not marked"
    return (rows.min() + rows.max()) / 2 - 3, (columns.min() + columns.max()) / 2 - 3


def tile_of(explorer: Explorer, block: str, position: int, tile: int) -> FloatRect:
    grid = explorer.page.locator(f'.blk[data-block="{block}"] .grid')
    box = box_of(grid)
    gap = {28: 1, 56: 2, 112: 4}[tile]
    columns = round((box["width"] + gap) / (tile + gap))
    row, column = divmod(position, columns)
    return {"x": box["x"] + column * (tile + gap), "y": box["y"] + row * (tile + gap), "width": tile, "height": tile}


def in_tile(side: int, tile: int, cell: tuple[int, int]) -> tuple[float, float]:
    """The middle of a cell in its tile, counted in pixels from the first one's middle."""
    scale = tile / side
    return (cell[0] + 0.5) * scale - 0.5, (cell[1] + 0.5) * scale - 0.5


def hover_photo(explorer: Explorer, row: int, column: int) -> None:
    box = box_of(explorer.page.locator("#photo img"))
    for nudge in (3, 0):
        explorer.page.mouse.move(box["x"] + column + 0.5 + nudge, box["y"] + row + 0.5)
    expect(explorer.page.locator("canvas.links")).to_have_count(1)
    explorer.page.mouse.move(box["x"] + column + 0.4, box["y"] + row + 0.5)
    next_frame(explorer)


def next_frame(explorer: Explorer) -> None:
    explorer.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_a_pixel_of_the_photo_is_outlined_in_every_map(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=0, tile=28)
    explorer.page.evaluate("document.querySelector('#block-conv4_1').scrollIntoView({ block: 'center' })")
    explorer.ready()
    hover_photo(explorer, 90, 150)
    cell = nearest(fields(explorer)["conv4_1"], (90, 150), 28)
    for map_index in (0, 40, 100):
        assert marked(explorer, "conv4_1", map_index, WHITE) == pytest.approx(in_tile(28, 28, cell), abs=1.01)


def test_a_cell_of_one_layer_is_outlined_in_the_next(explorer: Explorer) -> None:
    explorer.open(layer="conv5_1", map=0)
    explorer.page.evaluate("""() => {
      const [column, second] = ["#column", "#block-conv5_2"].map((id) => document.querySelector(id));
      column.scrollTop = second.offsetTop - column.clientHeight / 2;
    }""")
    explorer.ready()
    hover_photo(explorer, 10, 10)
    tile = tile_of(explorer, "conv5_1", 20 * 24 + 5, 28)
    explorer.page.mouse.move(tile["x"] + 2 * 9 + 1, tile["y"] + 2 * 4 + 1)
    next_frame(explorer)
    of = fields(explorer)
    cell = nearest(of["conv5_2"], middle(of["conv5_1"], 4, 9), 14)
    assert cell == (4, 9)
    assert marked(explorer, "conv5_1", 21 * 24 + 5, WHITE) == pytest.approx(in_tile(14, 28, (4, 9)), abs=1.01)
    assert marked(explorer, "conv5_2", 30, WHITE) == pytest.approx(in_tile(14, 28, cell), abs=1.01)
    tile = tile_of(explorer, "conv5_2", 30, 28)
    explorer.page.mouse.move(tile["x"] + 2 * 13 + 1, tile["y"] + 1)
    next_frame(explorer)
    top, left = (at - (of["conv5_2"]["size"][0] - 1) / 2 for at in middle(of["conv5_2"], 0, 13))
    words = explorer.page.locator("#field-place").inner_text()
    far = of["conv5_2"]["size"][0] - 1
    assert words == f"conv5_2: x {left:.0f} to {left + far:.0f}, y {top:.0f} to {top + far:.0f}, padded".replace(
        "-", "−"
    )


def test_outlines_do_not_draw_a_wall_again(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=0)
    before = explorer.wall("conv4_1").colours(3)
    explorer.page.evaluate("""() => {
      window.drawn = 0;
      const put = CanvasRenderingContext2D.prototype.putImageData;
      CanvasRenderingContext2D.prototype.putImageData = function (...given) {
        if (this.canvas.closest(".wall")) window.drawn += 1;
        return put.apply(this, given);
      };
    }""")
    hover_photo(explorer, 60, 60)
    hover_photo(explorer, 120, 30)
    assert explorer.page.evaluate("window.drawn") == 0
    assert np.array_equal(explorer.wall("conv4_1").colours(3), before)


def test_a_click_on_the_photo_marks_the_place_and_the_address_keeps_it(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=0, y=2, x=3)
    explorer.page.locator("#photo img").click(position={"x": 130, "y": 90})
    explorer.ready()
    assert "pin=1" in explorer.page.url
    explorer.page.reload()
    explorer.ready()
    explorer.page.mouse.move(720, 1)
    accent = explorer.page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--accent-mark').trim()"
    )
    ink = tuple(int(accent[at : at + 2], 16) for at in (1, 3, 5))
    y, x = (int(explorer.page.locator(f"#probe-{side}").inner_text()) for side in ("row", "column"))
    cell = nearest(fields(explorer)["conv4_1"], (90, 130), 28)
    assert (y, x) == cell
    assert marked(explorer, "conv4_1", 4, ink) == pytest.approx(in_tile(28, 28, cell), abs=1.01)  # type: ignore[arg-type]
    explorer.page.keyboard.press("p")
    assert "pin=" not in explorer.page.url
    assert not pixels(explorer.page.locator("canvas.links")).any()


def test_the_photo_is_walked_with_keys(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=0, y=2, x=3)
    explorer.page.locator("#photo").focus()
    expect(explorer.page.locator("canvas.links")).to_have_count(1)
    explorer.page.keyboard.press("ArrowRight")
    explorer.page.keyboard.press("ArrowDown")
    expect(explorer.page.locator("#probe-row")).to_have_text("3")
    expect(explorer.page.locator("#probe-column")).to_have_text("4")
    assert "x=3" in explorer.page.url
    explorer.page.keyboard.press("Enter")
    explorer.ready()
    assert "y=3" in explorer.page.url
    assert "x=4" in explorer.page.url


def test_hovering_says_the_value_there_and_leaving_returns_to_the_probe(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=7, y=2, x=3)
    values = explorer.maps("relu4_1")[7]
    hover_photo(explorer, 90, 150)
    y, x = nearest(fields(explorer)["conv4_1"], (90, 150), 28)
    expect(explorer.page.locator("#probe-row")).to_have_text(str(y))
    expect(explorer.page.locator("#probe-column")).to_have_text(str(x))
    assert number(explorer.page.locator("#probe-value").inner_text()) == pytest.approx(float(values[y, x]), abs=5.1e-5)
    explorer.page.mouse.move(720, 1)
    expect(explorer.page.locator("#probe-row")).to_have_text("2")


def test_what_fires_under_the_pointer_is_ranked_as_the_array_says(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=7, y=2, x=3)
    values = explorer.maps("relu4_1")
    hover_photo(explorer, 90, 150)
    y, x = nearest(fields(explorer)["conv4_1"], (90, 150), 28)
    expect(explorer.page.locator("#fires-place")).to_contain_text(f"row {y}, column {x}")
    shown = [row.inner_text() for row in explorer.page.locator("#fires button").all()][:3]
    for text in shown:
        listed, value = re.findall(r"[\d,.]+", text)[0], re.findall(r"[\d,.]+", text)[-1]
        exact = float(values[int(listed), y, x])
        assert number(value) == pytest.approx(exact, abs=float(values[int(listed)].max()) / 510 + 0.06)
    first = int(re.findall(r"\d+", shown[0])[0])
    assert values[first, y, x] >= values[:, y, x].max() - values.max(axis=(1, 2)).max() / 255


def test_more_of_what_fires_is_kept_in_the_address_and_walked_with_keys(explorer: Explorer) -> None:
    explorer.open(layer="conv4_1", map=7, y=2, x=3)
    explorer.page.locator("#fires-more").click()
    expect(explorer.page.locator("#fires button")).to_have_count(16)
    assert "fires=16" in explorer.page.url
    explorer.page.locator("#fires button").first.focus()
    explorer.page.keyboard.press("ArrowDown")
    second = explorer.page.locator("#fires button").nth(1)
    expect(second).to_be_focused()
    name = re.findall(r"Map (\d+)", second.get_attribute("aria-label") or "")[0]
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator("#unit-map")).to_have_text(name)
    expect(explorer.page.locator("#fires :focus")).to_have_count(1)
