"""Every state is in the address: a reload gives the same picture, Back undoes, a link shows the same to others."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, expect

from .explorer import Explorer

# Chromium paints the rounded corners of a button one of 256 levels apart from one load to the next.
ANTIALIASING = 1

DEEP_LINKS = [
    {"layer": "conv4_3", "map": 447, "y": 13, "x": 5, "norm": "layer", "colour": "magma", "dead": "hide"},
    {"layer": "conv3_1", "map": 7, "y": 20, "x": 31, "show": "before", "tile": 28},
    {"layer": "conv1_1", "map": 45, "y": 67, "x": 85, "explain": 1},
]


@pytest.mark.parametrize("view", DEEP_LINKS, ids=["layer, magma", "before ReLU", "microscope"])
def test_a_reload_gives_the_same_picture(explorer: Explorer, view: dict[str, object]) -> None:
    explorer.open(**view)
    settle(explorer, view)
    first, address = screenshot(explorer), explorer.page.url
    explorer.page.reload()
    explorer.ready()
    settle(explorer, view)
    assert explorer.page.url == address
    difference = np.abs(screenshot(explorer) - first)
    assert difference.max() <= ANTIALIASING


def screenshot(explorer: Explorer) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(explorer.page.screenshot())).convert("RGB"), np.int16)


def settle(explorer: Explorer, view: dict[str, object]) -> None:
    """Away with the pointer; fonts and, where it is open, the microscope are there."""
    explorer.page.mouse.move(720, 1)
    if "explain" in view:
        expect(explorer.page.locator(".ms")).to_have_attribute("data-state", "ready")
        expect(explorer.page.locator(".ms-waiting:not(:has(canvas))")).to_have_count(0)
    explorer.page.evaluate("document.fonts.ready.then(() => true)")
    explorer.page.wait_for_load_state("networkidle")


def test_back_undoes_a_choice(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    grid = explorer.page.locator('.blk[data-block="conv3_2"] .grid')
    grid.click(position={"x": 20, "y": 20})
    expect(explorer.page.locator("#unit-map")).to_have_text("0")
    explorer.page.go_back()
    expect(explorer.page.locator("#unit-map")).to_have_text("102")
    explorer.page.go_forward()
    expect(explorer.page.locator("#unit-map")).to_have_text("0")


def test_a_setting_is_written_into_the_address_and_back_takes_it_away(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    plain = explorer.wall("conv3_2").colours(102)
    explorer.page.locator('#view-form input[name="norm"][value="layer"]').check(force=True)
    explorer.ready()
    assert "norm=layer" in explorer.page.url
    assert not np.array_equal(explorer.wall("conv3_2").colours(102), plain)
    explorer.page.go_back()
    explorer.ready()
    assert "norm=" not in explorer.page.url
    assert np.array_equal(explorer.wall("conv3_2").colours(102), plain)


def test_a_link_shows_another_visitor_the_same(explorer: Explorer, browser: Browser, base_url: str) -> None:
    explorer.open(layer="conv4_3", map=447, y=13, x=5, norm="layer")
    mine = explorer.wall("conv4_3").colours(447)
    context = browser.new_context(base_url=base_url, viewport={"width": 1440, "height": 900})
    other = Explorer(context.new_page(), explorer.api)
    other.page.goto(explorer.page.url)
    other.ready()
    expect(other.page.locator("#probe-value")).to_have_text(explorer.page.locator("#probe-value").inner_text())
    assert np.array_equal(other.wall("conv4_3").colours(447), mine)
    context.close()


def test_values_that_do_not_fit_fall_back_and_say_so(explorer: Explorer) -> None:
    explorer.open(layer="conv99", norm="rainbow", map=-3)
    assert explorer.page.locator(".notice").count() >= 1
    assert explorer.run["model_name"] == "vgg16"
