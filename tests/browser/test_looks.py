"""Themes, the phone, and how much a page loads."""

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Response, ViewportSize, expect

from .colours import painted, quantised
from .explorer import Explorer

PHONE: ViewportSize = {"width": 390, "height": 844}
# Before compression. The microscope comes with the first number explained, and is not part of it.
OWN_BYTES = 150 * 1024


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_switch_changes_the_theme_and_the_choice_stays(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, show="before")
    light = background(explorer.page)
    explorer.page.locator(".theme-switch:visible").click()
    explorer.ready()
    dark = background(explorer.page)
    assert dark != light
    explorer.page.reload()
    explorer.ready()
    assert background(explorer.page) == dark


def test_the_dark_theme_draws_signed_maps_on_a_dark_middle(explorer: Explorer) -> None:
    explorer.page.emulate_media(color_scheme="dark")
    explorer.open(layer="conv3_2", map=102, show="before")
    values = explorer.maps("conv3_2")
    expected = painted(quantised(values[102], signed=True), "iceburn")
    assert np.array_equal(explorer.wall("conv3_2").colours(102), expected)


def test_a_change_of_theme_redraws_the_microscope(explorer: Explorer) -> None:
    explorer.open(layer="conv1_1", map=45, y=67, x=85, explain=1)
    cell = explorer.page.locator('[aria-label^="Kernel, Red"] .ms-cell').first
    light = cell.evaluate("cell => cell.style.backgroundColor")
    explorer.page.emulate_media(color_scheme="dark")
    expect(cell).not_to_have_css("background-color", light)


@pytest.mark.parametrize("explain", [0, 1])
def test_nothing_runs_off_a_phone_s_screen(explorer: Explorer, explain: int) -> None:
    explorer.page.set_viewport_size(PHONE)
    explorer.open(layer="conv3_2", map=102, y=17, x=23, explain=explain)
    width = explorer.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


def test_the_phone_s_sheet_opens_and_explains(explorer: Explorer) -> None:
    explorer.page.set_viewport_size(PHONE)
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    sheet = explorer.page.locator("#inspector")
    low = sheet.bounding_box()
    assert low is not None
    assert low["height"] == pytest.approx(280, abs=1)
    explorer.page.locator("#sheet-handle").click()
    expect(explorer.page.locator("#sheet-handle")).to_have_attribute("aria-expanded", "true")
    explorer.page.locator("#sheet-handle").click()
    explorer.page.locator('.sheet-actions [data-action="explain"]').click()
    expect(explorer.page.locator(".ms")).to_have_attribute("data-state", "ready")
    held = explorer.page.locator(".ms-result").bounding_box()
    assert held is not None
    assert held["y"] + held["height"] == pytest.approx(PHONE["height"], abs=1)


def test_one_page_loads_at_most_150_kb_of_its_own(explorer: Explorer) -> None:
    loaded: dict[str, int] = {}

    def weigh(response: Response) -> None:
        path = response.url.split("?")[0]
        if path.endswith((".js", ".css")) and "/vendor/" not in path:
            loaded[path] = len(response.body())

    explorer.page.on("response", weigh)
    explorer.open(layer="conv3_2", map=102)
    assert loaded
    assert sum(loaded.values()) <= OWN_BYTES, loaded


def test_a_page_without_scripts_still_shows_the_maps(browser: Browser, server: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=server)
    page = context.new_page()
    page.goto("/?layer=conv3_2")
    atlases = page.locator("img.atlas")
    assert atlases.count() >= 13
    atlas = atlases.first
    atlas.scroll_into_view_if_needed()
    expect(atlas).to_be_visible()
    source = atlas.get_attribute("src") or ""
    answer = context.request.get(source)
    assert answer.headers["content-type"] == "image/png"
    context.close()
