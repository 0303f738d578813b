"""The window slides over the input and the map fills in: where it lies and what is made is what the arrays say."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from .colours import table
from .explorer import Explorer, number, pixels

ARRAY = np.random.default_rng(5).normal(size=(4, 9, 11)).astype(np.float32)
ODD = {
    "name": "odd windows",
    "input": [4, 9, 11],
    "layers": [
        {
            "op": "conv",
            "name": "wide",
            "filters": 6,
            "kernel": 3,
            "stride": 2,
            "padding": 2,
            "dilation": 2,
            "groups": 2,
        },
        {"op": "local", "name": "own", "filters": 3, "kernel": 2},
        {"op": "maxpool", "name": "pool", "kernel": 2, "stride": 1},
    ],
}


def own_run(explorer: Explorer, folder: Any) -> dict[str, Any]:
    path = folder / "array.npy"
    np.save(path, ARRAY)
    image = explorer.api.post(
        "/api/v1/images", content=path.read_bytes(), headers={"content-type": "application/x-npy"}
    ).raise_for_status()
    model = explorer.api.post("/api/v1/models", json={"spec": ODD}).raise_for_status()
    return {"image": image.json()["id"], "model": model.json()["id"]}


def walk(explorer: Explorer, **query: object) -> Locator:
    explorer.page.goto("/?" + "&".join(f"{name}={value}" for name, value in query.items()) + "&explain=1&slide=1")
    band = explorer.page.locator(".ms-slide")
    expect(band).to_have_attribute("data-state", "ready", timeout=60_000)
    return band


def made(band: Locator) -> int:
    return int(band.locator(".ms-slide-output").get_attribute("data-made") or 0)


def box(locator: Locator) -> tuple[float, float, float, float]:
    found = locator.bounding_box()
    assert found is not None
    return found["y"], found["x"], found["height"], found["width"]


def test_what_is_made_is_the_map_and_what_is_not_is_blank(explorer: Explorer) -> None:
    band = walk(explorer, layer="conv3_2", map=102, y=3, x=5, show="before")
    values = explorer.maps("conv3_2")[102]
    expect(band.locator(".ms-slide-output")).to_have_attribute("data-made", str(3 * 56 + 6))
    drawn = pixels(band.locator(".ms-slide-output"))
    share = values.astype(np.float64) / np.abs(values).max()
    colours = table("RdBu")[np.clip(np.floor(128 + share * 127 + 0.5), 0, 255).astype(int)]
    order = np.arange(values.size).reshape(values.shape)
    done = order <= 3 * 56 + 5
    assert (drawn[~done] == 0).all()
    assert np.array_equal(drawn[done][:, :3], colours[done])


def test_a_step_takes_the_window_the_number_and_the_address_along(explorer: Explorer) -> None:
    band = walk(explorer, layer="conv3_2", map=102, y=3, x=55)
    band.get_by_role("button", name="Step", exact=True).click()
    expect(explorer.page.locator(".ms-title")).to_contain_text("row 4, column 0")
    assert "y=4&x=0" in explorer.page.url
    value = float(explorer.maps("conv3_2")[102, 4, 0])
    words = band.locator(".ms-slide-words").inner_text()
    assert number(words.split(": ")[1].split(". ")[0]) == pytest.approx(value, abs=5.1e-5)
    band.get_by_role("button", name="Back", exact=True).click()
    expect(explorer.page.locator(".ms-title")).to_contain_text("row 3, column 55")


@pytest.mark.parametrize(("layer", "y", "x"), [("wide", 0, 0), ("wide", 4, 5), ("own", 1, 2), ("pool", 2, 3)])
def test_the_window_lies_where_the_arithmetic_says(
    explorer: Explorer, tmp_path: Any, layer: str, y: int, x: int
) -> None:
    run = own_run(explorer, tmp_path)
    band = walk(explorer, **run, layer=layer, map=1, y=y, x=x)
    extent, stride, padding = {"wide": (5, 2, 2), "own": (2, 1, 0), "pool": (2, 1, 0)}[layer]
    sides = {"wide": ARRAY.shape[1:], "own": (5, 6), "pool": (4, 5)}[layer]
    picture = band.locator(".ms-slide-figure").first
    canvas, mark = box(picture.locator("canvas")), box(picture.locator(".ms-mark"))
    cell = canvas[2] / sides[0]
    assert (mark[0] - canvas[0]) / cell == pytest.approx(y * stride - padding, abs=0.02)
    assert (mark[1] - canvas[1]) / cell == pytest.approx(x * stride - padding, abs=0.02)
    assert mark[2] / cell == pytest.approx(extent, abs=0.02)
    taps = picture.locator(".ms-tap")
    expect(taps).to_have_count(9 if layer == "wide" else 0)
    hatched = "hatched: zeros of the padding" in picture.inner_text()
    assert hatched == (layer == "wide")


def test_play_fills_the_map_and_stops_at_its_end(explorer: Explorer) -> None:
    band = walk(explorer, layer="conv5_3", map=5, y=0, x=0)
    band.get_by_label("Speed").select_option("1 map a second")
    band.get_by_role("button", name="Play").click()
    explorer.page.mouse.move(5, 5)
    expect(band.locator(".ms-slide-output")).to_have_attribute("data-made", str(14 * 14), timeout=20_000)
    expect(band.get_by_role("button", name="Play")).to_be_visible()
    expect(explorer.page.locator(".ms-title")).to_contain_text("row 13, column 13")


def test_a_pause_keeps_the_place_and_the_track_goes_anywhere(explorer: Explorer) -> None:
    band = walk(explorer, layer="conv5_3", map=5, y=2, x=0)
    band.get_by_label("Speed").select_option("1 row a second")
    band.get_by_role("button", name="Play").click()
    explorer.page.mouse.move(5, 5)
    expect(band.locator(".ms-slide-output")).not_to_have_attribute("data-made", str(2 * 14 + 1))
    band.get_by_role("button", name="Pause").click()
    at = made(band) - 1
    expect(explorer.page.locator(".ms-title")).to_contain_text(f"row {at // 14}, column {at % 14}")
    track = band.get_by_label("Position of the window")
    track.focus()
    track.press("End")
    expect(explorer.page.locator(".ms-title")).to_contain_text("row 13, column 13")
    assert made(band) == 14 * 14


def test_with_reduced_motion_there_are_steps_alone(explorer: Explorer) -> None:
    explorer.page.emulate_media(reduced_motion="reduce")
    band = walk(explorer, layer="conv5_3", map=5, y=0, x=0)
    expect(band.get_by_role("button", name="Play")).to_be_hidden()
    expect(band.get_by_label("Speed")).to_be_hidden()
    expect(band.get_by_role("button", name="Step", exact=True)).to_be_visible()


def test_the_walk_is_opened_and_closed_by_keyboard_and_back(explorer: Explorer) -> None:
    explorer.page.goto("/?layer=conv5_3&map=5&y=0&x=0&explain=1")
    opener = explorer.page.get_by_role("button", name="Walk the map")
    expect(opener).to_be_visible(timeout=60_000)
    opener.focus()
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator(".ms-slide")).to_have_attribute("data-state", "ready")
    assert "slide=1" in explorer.page.url
    explorer.page.get_by_role("button", name="Close the walk").press("Enter")
    expect(explorer.page.locator(".ms-slide")).to_be_hidden()
    expect(opener).to_be_focused()
    explorer.page.go_back()
    expect(explorer.page.locator(".ms-slide")).to_be_visible()


def test_the_chain_is_walked_upwards_and_back_by_keyboard(explorer: Explorer) -> None:
    explorer.page.goto("/?layer=conv1_2&map=10&y=67&x=85&explain=1")
    expect(explorer.page.locator(".ms")).to_have_attribute("data-state", "ready", timeout=60_000)
    cell = explorer.page.locator(".ms-grid[role=grid] .ms-cell[tabindex='0']").first
    cell.focus()
    explorer.page.keyboard.press("ArrowRight")
    explorer.page.keyboard.press("ArrowDown")
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator(".ms-title")).to_contain_text("row 67, column 85")
    expect(explorer.page.locator(".ms-title")).to_contain_text("conv1_1")
    expect(explorer.page.locator(".ms")).to_have_attribute("data-state", "ready")
    explorer.page.locator(".ms-grid[role=grid] .ms-cell[tabindex='0']").first.focus()
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator(".ms-title")).to_contain_text("input")
    back = explorer.page.locator(".ms-crumbs button").first
    back.focus()
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator(".ms-title")).to_contain_text("conv1_2 : 10")
