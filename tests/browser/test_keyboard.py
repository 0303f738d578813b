"""Everything by keyboard: a walk from the wall through the layers to one number and back, with the focus in sight."""

import pytest
from playwright.sync_api import expect

from .explorer import Explorer


def test_a_walk_with_keys_alone(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    page = explorer.page
    page.locator('.blk[data-block="conv3_2"] .grid').focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#unit-map")).to_have_text("103")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#unit-map")).to_have_text("115")
    page.keyboard.press("Home")
    expect(page.locator("#unit-map")).to_have_text("0")
    page.keyboard.press("End")
    expect(page.locator("#unit-map")).to_have_text("255")
    page.keyboard.press("]")
    expect(page.locator("#unit-layer")).to_have_text("conv3_3")
    page.keyboard.press("[")
    expect(page.locator("#unit-layer")).to_have_text("conv3_2")
    explorer.ready()
    page.keyboard.press("e")
    expect(page.locator(".ms")).to_have_attribute("data-state", "ready")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    expect(page.locator(".ms")).to_have_count(0)
    expect(page.locator('[data-action="explain"]:focus')).to_have_count(1)


def test_the_wall_speaks_of_the_map_it_stands_on(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    grid = explorer.page.locator('.blk[data-block="conv3_2"] .grid')
    grid.focus()
    option = grid.locator('[role="option"]')
    expect(option).to_contain_text("relu3_2 map 102, max")
    expect(option).to_have_attribute("aria-posinset", "103")
    expect(option).to_have_attribute("aria-setsize", "256")


@pytest.mark.parametrize(("key", "setting"), [("b", "show=before"), ("n", "norm=layer"), ("s", "sort=max")])
def test_single_keys_change_the_view(explorer: Explorer, key: str, setting: str) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    explorer.page.keyboard.press(key)
    explorer.ready()
    assert setting in explorer.page.url


def test_find_goes_to_a_map_by_its_address(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    explorer.page.keyboard.press("Control+k")
    expect(explorer.page.locator("#find-text")).to_be_focused()
    explorer.page.keyboard.type("conv4_3:447")
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator("#unit-layer")).to_have_text("conv4_3")
    expect(explorer.page.locator("#unit-map")).to_have_text("447")


def test_typing_into_a_field_is_not_a_command(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    explorer.page.keyboard.press("Control+k")
    expect(explorer.page.locator("#find-text")).to_be_focused()
    explorer.page.keyboard.type("bens")
    assert "show=before" not in explorer.page.url
    expect(explorer.page.locator(".ms")).to_have_count(0)


def test_every_stop_of_the_tab_key_is_seen(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    seen: set[str] = set()
    for _ in range(40):
        explorer.page.keyboard.press("Tab")
        stop = explorer.page.evaluate(
            """() => {
              const node = document.activeElement;
              if (node === document.body) return null;
              const box = node.getBoundingClientRect();
              return { name: node.outerHTML.slice(0, 120), width: box.width, height: box.height };
            }"""
        )
        if stop is None:
            break
        assert stop["width"] > 0, stop["name"]
        assert stop["height"] > 0, stop["name"]
        seen.add(stop["name"])
    assert len(seen) >= 10
