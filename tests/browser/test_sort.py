"""Orders, bookmarks and commands: worked out with numpy from the arrays, kept in the address."""

import numpy as np
import pytest
from playwright.sync_api import expect

from .colours import Means, painted, quantised
from .explorer import Explorer, Floats, pixels

LAYER, AFTER = "conv5_3", "relu5_3"


def held(values: Floats) -> Means:
    """The values that the browser's bytes stand for."""
    ends = values.max(axis=(1, 2), keepdims=True).astype(np.float64)
    levels = np.floor(np.divide(values, ends, where=ends > 0, out=np.zeros(values.shape)) * 255 + 0.5)
    values_held: Means = levels / 255 * ends
    return values_held


def likeness(values: Floats, chosen: int) -> Means:
    flat = held(values).reshape(len(values), -1)
    lengths = np.linalg.norm(flat, axis=1)
    products = flat @ flat[chosen]
    cosines: Means = np.divide(products, lengths * lengths[chosen], where=lengths > 0, out=np.full(len(flat), -2.0))
    return cosines


def command(explorer: Explorer, text: str) -> None:
    explorer.page.keyboard.press("Control+k")
    expect(explorer.page.locator("#find-text")).to_be_focused()
    explorer.page.keyboard.type(text)
    explorer.page.keyboard.press("Enter")
    explorer.ready()


@pytest.mark.parametrize("sort", ["mean", "variance", "active", "zeros"])
def test_each_order_is_that_of_the_array(explorer: Explorer, sort: str) -> None:
    explorer.open(layer=LAYER, map=0, sort=sort)
    values = held(explorer.maps(AFTER))
    keys = {
        "mean": values.mean(axis=(1, 2)),
        "variance": values.var(axis=(1, 2)),
        "active": (values != 0).mean(axis=(1, 2)),
        "zeros": (values == 0).mean(axis=(1, 2)),
    }[sort]
    shown = keys[explorer.wall(LAYER).order]
    assert (np.diff(shown) <= 1e-6 * keys.max()).all()
    assert shown[0] == keys.max()


def test_likeness_orders_the_layer_by_the_cosine_to_the_selected_map(explorer: Explorer) -> None:
    explorer.open(layer=LAYER, map=39)
    explorer.page.locator("#control-sort").select_option("like")
    explorer.ready()
    assert f"like={LAYER}:39" in explorer.page.url
    keys = likeness(explorer.maps(AFTER), 39)
    order = explorer.wall(LAYER).order
    assert order[0] == 39
    assert (np.diff(keys[order]) <= 1e-6).all()
    explorer.page.locator(f'.blk[data-block="{LAYER}"] .grid').click(position={"x": 5 * 29 + 10, "y": 10})
    explorer.ready()
    assert explorer.wall(LAYER).order == order
    explorer.page.reload()
    explorer.ready()
    assert explorer.wall(LAYER).order == order


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("sort by mean", "sort=mean"),
        ("colour magma", "colour=magma"),
        ("normalise layer", "norm=layer"),
        ("before", "show=before"),
        ("hide dead", "dead=hide"),
        ("tile 56", "tile=56"),
    ],
)
def test_the_palette_takes_commands(explorer: Explorer, text: str, setting: str) -> None:
    explorer.open(layer=LAYER, map=39)
    command(explorer, text)
    assert setting in explorer.page.url


def test_the_palette_changes_the_theme_and_still_finds_layers(explorer: Explorer) -> None:
    explorer.open(layer=LAYER, map=39)
    command(explorer, "theme dark")
    expect(explorer.page.locator("html")).to_have_attribute("data-theme", "dark")
    command(explorer, "512x28x28")
    expect(explorer.page.locator("#unit-layer")).to_have_text("conv4_1")
    command(explorer, "conv4_3:447")
    expect(explorer.page.locator("#unit-map")).to_have_text("447")


def test_bookmarks_stand_in_a_strip_and_in_the_address(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    explorer.page.keyboard.press("m")
    item = explorer.page.locator('.marks [data-mark="conv3_2:102"]')
    expect(item).to_be_visible()
    explorer.page.goto(explorer.page.url + ",conv5_3:286")
    explorer.ready()
    expect(explorer.page.locator(".marks li")).to_have_count(2)
    explorer.page.locator(".marks .jump").last.click()
    explorer.ready()
    expect(explorer.page.locator("#unit-layer")).to_have_text("conv5_3")
    expect(explorer.page.locator("#unit-map")).to_have_text("286")
    canvas = explorer.page.locator('.marks [data-mark="conv5_3:286"] canvas')
    expected = painted(quantised(explorer.maps("relu5_3")[286], signed=False), "viridis", enlarge=2)
    assert np.array_equal(pixels(canvas)[..., :3], expected)
    explorer.page.locator(".marks .drop-mark").first.click()
    assert "marks=conv5_3:286" in explorer.page.url
    explorer.page.go_back()
    expect(explorer.page.locator(".marks li")).to_have_count(2)


def test_a_bookmark_that_is_no_map_is_left_out_and_said(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, marks="conv3_2:many")
    expect(explorer.page.locator(".notice").first).to_contain_text("marks")
    expect(explorer.page.locator(".marks")).to_have_count(0)
