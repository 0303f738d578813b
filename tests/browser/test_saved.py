"""A saved view opened from disk: its pixels and values are the arrays', and it asks nobody for anything."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .colours import entries, painted, quantised
from .explorer import Floats, Wall, array, number, pixels

GRAVE = {"serious", "critical"}


class Saved:
    """The file of one run, opened from disk with nothing else to reach."""

    def __init__(self, api: httpx.Client, run: dict[str, Any], page: Page, folder: Path) -> None:
        self.api, self.run, self.page = api, run, page
        self.faults: list[str] = []
        self._path = folder / "view.html"

    def open(self, **query: str) -> "Saved":
        answer = self.api.get(f"/api/v1/runs/{self.run['id']}/page", params=query).raise_for_status()
        self._path.write_bytes(answer.content)
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self._request(request.url))
        self.page.goto(self._path.as_uri())
        expect(self.page.locator("body")).to_have_attribute("data-state", "ready")
        return self

    def _request(self, url: str) -> None:
        if url != self._path.as_uri() and not url.startswith("data:"):
            self.faults.append(f"request: {url}")

    def wall(self, layer: str) -> Wall:
        canvas = self.page.locator(f'.layer[data-layer="{layer}"] .wall canvas')
        canvas.scroll_into_view_if_needed()
        expect(canvas).to_have_attribute("data-layer", layer)
        return Wall(canvas)

    def maps(self, layer: str) -> Floats:
        return array(self.api.get(f"/api/v1/runs/{self.run['id']}/layers/{layer}", params={"format": "npy"}))


@pytest.fixture
def vgg16(api: httpx.Client, samples: Path, page: Page, tmp_path: Path) -> Saved:
    data = (samples / "chelsea.png").read_bytes()
    image = api.post("/api/v1/images", content=data, headers={"Content-Type": "image/png"}).json()["id"]
    run = api.post("/api/v1/runs", json={"image": image, "model": "vgg16", "size": 112}).json()
    return Saved(api, run, page, tmp_path)


@pytest.fixture
def own(api: httpx.Client, samples: Path, page: Page, tmp_path: Path) -> Saved:
    layers = [
        {"op": "conv", "name": "dilated", "filters": 6, "kernel": 3, "dilation": 2, "groups": 3},
        {"op": "globalavgpool", "name": "mean"},
        {"op": "flatten", "name": "flat"},
    ]
    model = api.post("/api/v1/models", json={"spec": {"input": [3, 40, 40], "layers": layers}}).json()["id"]
    data = (samples / "rocket.jpg").read_bytes()
    image = api.post("/api/v1/images", content=data, headers={"Content-Type": "image/jpeg"}).json()["id"]
    run = api.post("/api/v1/runs", json={"image": image, "model": model}).json()
    return Saved(api, run, page, tmp_path)


def test_maps_have_the_colours_of_their_values(vgg16: Saved) -> None:
    vgg16.open(layers="relu2_1,relu3_2")
    for layer, enlarge in (("relu2_1", 1), ("relu3_2", 1)):
        wall, values = vgg16.wall(layer), vgg16.maps(layer)
        for k in np.flatnonzero(values.max(axis=(1, 2)) > 0)[:5]:
            expected = painted(quantised(values[k], signed=False), "viridis", enlarge=enlarge)
            assert np.array_equal(wall.colours(int(k)), expected)
    assert vgg16.faults == []


def test_signed_maps_have_zero_in_the_middle(own: Saved) -> None:
    own.open(layers="dilated")
    wall, values = own.wall("dilated"), own.maps("dilated")
    side = values.shape[1] * 3
    offset = (wall.tile - side) // 2
    for k in range(6):
        square = wall.colours(k)[offset : offset + side, offset : offset + side]
        assert np.array_equal(square, painted(quantised(values[k], signed=True), "RdBu", enlarge=3))


def test_a_chosen_map_is_drawn_large_with_its_largest_value(vgg16: Saved) -> None:
    vgg16.open(layers="relu3_2")
    vgg16.page.locator(".wall").click(position={"x": 5, "y": 5})
    canvas = vgg16.page.locator("#big canvas")
    expect(canvas).to_have_attribute("data-map", "0")
    values = vgg16.maps("relu3_2")[0]
    drawn = pixels(canvas)[..., :3]
    assert np.array_equal(drawn, painted(quantised(values, signed=False), "viridis", enlarge=len(drawn) // len(values)))
    (y, x) = np.unravel_index(values.argmax(), values.shape)
    reading = vgg16.page.locator("#reading").inner_text()
    assert reading.startswith(f"row {y}, column {x}: ")
    assert number(reading.split()[4]) == pytest.approx(float(values.max()), abs=0.01)
    assert vgg16.faults == []


def test_arrow_keys_walk_maps_and_cells(vgg16: Saved) -> None:
    vgg16.open(layers="relu3_2")
    wall = vgg16.page.locator(".wall")
    wall.focus()
    wall.press("ArrowRight")
    expect(vgg16.page.locator("#one-title")).to_have_text("relu3_2 : 1")
    values = vgg16.maps("relu3_2")[1]
    y, x = (int(at) for at in np.unravel_index(values.argmax(), values.shape))
    step = "ArrowLeft" if x else "ArrowRight"
    big = vgg16.page.locator("#big")
    big.press(step)
    beside = x + (-1 if x else 1)
    expect(vgg16.page.locator("#reading")).to_contain_text(f"row {y}, column {beside}: ")
    held = float(big.get_attribute("data-value") or "nan")
    assert held == pytest.approx(float(values[y, beside]), abs=float(values.max()) / 510 * 1.001)


def test_colours_and_scale_can_be_changed(vgg16: Saved) -> None:
    vgg16.open(layers="relu3_2")
    vgg16.page.locator("#colour").select_option("magma")
    vgg16.page.locator("#norm").select_option("layer")
    expect(vgg16.page.locator(".wall canvas")).to_have_attribute("data-view", "magma layer")
    wall, values = vgg16.wall("relu3_2"), vgg16.maps("relu3_2")
    for k in np.flatnonzero(values.max(axis=(1, 2)) > 0)[:5]:
        share = float(values[k].max()) / float(values.max())
        levels = entries(quantised(values[k], signed=False).astype(np.float64), share, signed=False)
        assert np.array_equal(wall.colours(int(k)), painted(levels, "magma"))


def test_without_layers_the_explorers_are_saved(own: Saved) -> None:
    own.open()
    names = [node.get_attribute("data-layer") for node in own.page.locator(".layer").all()]
    assert names == ["dilated", "mean", "flat"]
    assert own.wall("flat").order == list(range(6))
    assert own.faults == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(vgg16: Saved, width: int, scheme: Any) -> None:
    vgg16.page.set_viewport_size({"width": width, "height": 900})
    vgg16.page.emulate_media(color_scheme=scheme)
    vgg16.open(layers="relu3_2,pool5")
    vgg16.page.locator(".wall").first.click(position={"x": 5, "y": 5})
    expect(vgg16.page.locator("#one")).to_be_visible()
    found = Axe().run(vgg16.page).response["violations"]
    assert {fault["id"] for fault in found if fault["impact"] in GRAVE} == set()
