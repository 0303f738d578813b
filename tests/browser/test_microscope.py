"""One number explained: what is printed is what the API says, and what torch computes from the same arrays."""

import subprocess
import sys
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, expect
from torch.nn import functional

from .explorer import Explorer, Floats, array, number

FOUR_DECIMALS = 5.1e-5


def open_microscope(explorer: Explorer, **query: object) -> Locator:
    explorer.page.goto("/?" + "&".join(f"{name}={value}" for name, value in query.items()) + "&explain=1")
    return settled(explorer)


def settled(explorer: Explorer) -> Locator:
    microscope = explorer.page.locator(".ms")
    expect(microscope).to_have_attribute("data-state", "ready", timeout=60_000)
    return microscope


def steps(microscope: Locator) -> dict[str, float]:
    """The result column: its labels and numbers."""
    names = microscope.locator(".ms-steps dt").all_inner_texts()
    return dict(zip(names, map(number, microscope.locator(".ms-steps dd").all_inner_texts()), strict=True))


def shown(microscope: Locator) -> float:
    return number(microscope.locator(".ms-value").inner_text())


def kernels(explorer: Explorer, layer: str) -> Floats:
    return array(explorer.api.get(f"/api/v1/models/{explorer.run['model']}/layers/{layer}/filters?format=npy"))


def network_input(explorer: Explorer) -> Floats:
    return array(explorer.api.get(f"/api/v1/runs/{explorer.run['id']}/input?format=npy"))


def test_a_convolution_prints_the_api_s_numbers(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=67, x=85)
    unit = explorer.unit("conv1_1", 45, 67, 85)
    printed = steps(microscope)
    assert printed["Σ of 27 products"] == pytest.approx(unit["products_sum"], abs=FOUR_DECIMALS)
    assert printed["+ bias of filter 45"] == pytest.approx(unit["bias"], abs=FOUR_DECIMALS)
    assert printed["= before ReLU"] == pytest.approx(unit["total"], abs=FOUR_DECIMALS)
    sums = [number(text) for text in microscope.locator(".ms-sum .ms-strong").all_inner_texts()]
    assert sums == pytest.approx(unit["by_channel"], abs=FOUR_DECIMALS)
    kernel = [
        number(cell.get_attribute("title") or "")
        for cell in microscope.locator('[aria-label^="Kernel"] .ms-cell').all()
    ]
    assert kernel == pytest.approx(np.ravel(unit["kernel"]), abs=5.1e-7)


def test_a_convolution_s_total_is_torch_s(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv3_2", map=102, y=17, x=23)
    inputs = torch.from_numpy(explorer.maps("relu3_1"))[None]
    weight = torch.from_numpy(kernels(explorer, "conv3_2"))[102:103]
    bias = explorer.unit("conv3_2", 102, 17, 23)["bias"]
    expected = functional.conv2d(inputs.double(), weight.double(), padding=1)[0, 0, 17, 23].item() + bias
    assert steps(microscope)["= before ReLU"] == pytest.approx(expected, rel=1e-6)
    assert microscope.locator(".ms-agrees").count() == 1


def test_every_printed_sum_and_count_of_a_deep_convolution(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv3_2", map=102, y=17, x=23)
    sums = np.array(explorer.unit("conv3_2", 102, 17, 23)["by_channel"])
    head = microscope.locator(".ms-strip-head").inner_text()
    assert f"{(sums > 0).sum()} positive" in head
    assert f"{(sums == 0).sum()} exactly zero" in head
    assert f"{(sums < 0).sum()} negative" in head
    opened = [int(k) for k in microscope.locator(".ms-channel .ms-label b").all_inner_texts()]
    order = np.argsort(-sums)
    assert opened == [*order[:3].tolist(), int(order[-1])]
    printed = [number(text) for text in microscope.locator(".ms-channel-foot b").all_inner_texts()]
    assert printed == pytest.approx(sums[opened], abs=FOUR_DECIMALS)


def test_a_bar_opens_its_channel(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv3_2", map=102, y=17, x=23)
    strip = microscope.locator(".ms-strip-bars")
    strip.focus()
    for _ in range(4):
        strip.press("ArrowRight")
    fifth = int(np.argsort(-np.array(explorer.unit("conv3_2", 102, 17, 23)["by_channel"]))[4])
    expect(strip).to_have_attribute("aria-valuenow", "5")
    strip.press("Enter")
    expect(microscope.locator(f'.ms-channel[data-channel="{fifth}"]')).to_be_visible()
    expect(microscope.locator(".ms-foot")).to_contain_text("5 of 256 channels open")


def test_the_walk_adds_product_after_product(explorer: Explorer) -> None:
    explorer.page.emulate_media(reduced_motion="reduce")
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=67, x=85)
    unit = explorer.unit("conv1_1", 45, 67, 85)
    products = np.ravel(np.array(unit["patch"]) * np.array(unit["kernel"]))
    step = microscope.get_by_role("button", name="Step through")
    for taken in (1, 2, 3):
        step.click()
        readout = microscope.locator(".ms-readout")
        expect(readout).to_contain_text(f"Σ of {taken} of 27 products")
        assert number(readout.inner_text().split(": ")[1]) == pytest.approx(products[:taken].sum(), abs=FOUR_DECIMALS)
    expect(microscope.locator(".ms-linked")).to_have_count(3)


def test_padding_is_shown_as_such(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=0, x=0)
    patch = microscope.locator('[aria-label="Patch, Red"]')
    inside = np.array(explorer.unit("conv1_1", 45, 0, 0)["inside"])
    padded = ["ms-padding" in (cell.get_attribute("class") or "") for cell in patch.locator(".ms-cell").all()]
    assert padded == (~inside).ravel().tolist()
    assert padded.count(True) == 5


def test_arrows_move_the_window_and_the_address(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=67, x=85)
    explorer.page.keyboard.press("ArrowRight")
    expect(microscope.locator(".ms-title")).to_contain_text("column 86")
    explorer.page.keyboard.press("ArrowDown")
    expect(microscope.locator(".ms-title")).to_contain_text("row 68")
    settled(explorer)
    assert steps(microscope)["= before ReLU"] == pytest.approx(
        explorer.unit("conv1_1", 45, 68, 86)["total"], abs=FOUR_DECIMALS
    )
    assert "y=68&x=86" in explorer.page.url


def test_the_window_stops_at_the_edge(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=0, x=0)
    explorer.page.keyboard.press("ArrowUp")
    explorer.page.keyboard.press("ArrowRight")
    expect(microscope.locator(".ms-title")).to_contain_text("row 0, column 1")


def test_a_number_is_followed_up_to_the_photo_s_pixel(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_2", map=10, y=67, x=85)
    top = int(np.argmax(explorer.unit("conv1_2", 10, 67, 85)["by_channel"]))
    microscope.locator('.ms-channel [role="grid"]').first.locator(".ms-cell").nth(4).click()
    expect(microscope.locator(".ms-title")).to_contain_text(f"conv1_1 : {top}")
    settled(explorer)
    assert shown(microscope) == pytest.approx(explorer.maps("relu1_1")[top, 67, 85], abs=FOUR_DECIMALS)
    microscope.locator('[aria-label="Patch, Green"] .ms-cell').nth(4).click()
    expect(microscope.locator(".ms-title")).to_contain_text("input : 1")
    settled(explorer)
    assert shown(microscope) == pytest.approx(network_input(explorer)[1, 67, 85], abs=FOUR_DECIMALS)
    microscope.get_by_role("button", name="Back to relu1_2 : 10").click()
    expect(microscope.locator(".ms-title")).to_contain_text("conv1_2 : 10")


def test_the_winner_of_a_pooling_window_is_marked(explorer: Explorer) -> None:
    values = _live_pool(explorer)
    winner = explorer.unit("pool3", *values)["winner"]
    microscope = settled(explorer)
    marked = microscope.locator(".ms-winner")
    assert (marked.get_attribute("data-y"), marked.get_attribute("data-x")) == (
        str(winner["y"] - 2 * values[1]),
        str(winner["x"] - 2 * values[2]),
    )
    maps = torch.from_numpy(explorer.maps("relu3_3"))[None]
    expected = functional.max_pool2d(maps, 2)[0, values[0], values[1], values[2]].item()
    assert shown(microscope) == pytest.approx(expected, abs=FOUR_DECIMALS)


def _live_pool(explorer: Explorer) -> tuple[int, int, int]:
    """Open pool3 where its largest value lies."""
    explorer.open(layer="conv3_2", map=102)
    maps = explorer.maps("pool3")
    channel, y, x = (int(i) for i in np.unravel_index(maps.argmax(), maps.shape))
    open_microscope(explorer, layer="pool3", map=channel, y=y, x=x)
    return channel, y, x


def test_all_terms_stand_in_the_table(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=67, x=85)
    microscope.get_by_role("button", name="All as table").click()
    products = [number(row.locator("td").last.inner_text()) for row in microscope.locator("tbody tr").all()]
    unit = explorer.unit("conv1_1", 45, 67, 85)
    expected = np.ravel(np.array(unit["patch"]) * np.array(unit["kernel"]))
    assert products == pytest.approx(expected[np.argsort(-np.abs(expected))], abs=FOUR_DECIMALS)
    assert sum(products) == pytest.approx(unit["products_sum"], abs=27 * FOUR_DECIMALS)


@pytest.mark.parametrize("layer", ["conv1_1", "pool3"])
def test_the_copied_python_runs_and_agrees(explorer: Explorer, layer: str) -> None:
    explorer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    microscope = open_microscope(explorer, layer=layer, map=45, y=6, x=8)
    microscope.get_by_role("button", name="Copy as Python").click()
    expect(microscope.locator(".ms-status")).to_have_text("Python copied.")
    script = explorer.page.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    value = float(ran.stdout.split()[-1])
    assert value == pytest.approx(explorer.unit(layer, 45, 6, 8)["value"], rel=1e-6)


def test_escape_closes_and_back_opens_again(explorer: Explorer) -> None:
    microscope = open_microscope(explorer, layer="conv1_1", map=45, y=67, x=85)
    explorer.page.keyboard.press("Escape")
    expect(microscope).to_have_count(0)
    explorer.ready()
    explorer.page.go_back()
    settled(explorer)


EVERY_OP: list[dict[str, Any]] = [
    {"op": "conv", "name": "rect", "filters": 6, "kernel": [3, 5], "padding": [2, 1, 0, 1], "stride": [1, 2]},
    {"op": "batchnorm", "name": "norm"},
    {"op": "gelu", "name": "act"},
    {"op": "conv", "name": "grouped", "filters": 6, "kernel": 3, "padding": 2, "dilation": 2, "groups": 3},
    {"op": "add", "name": "sum", "from": ["act", "grouped"]},
    {"op": "lrn", "name": "local_norm"},
    {"op": "avgpool", "name": "mean", "kernel": 3, "stride": 2, "padding": 1},
    {"op": "maxpool", "name": "largest", "kernel": 3, "stride": 2, "padding": 1, "from": ["local_norm"]},
    {"op": "concat", "name": "both", "from": ["mean", "largest"]},
    {"op": "pad", "name": "border", "padding": 1},
    {"op": "local", "name": "places", "filters": 2, "kernel": 5, "stride": 3},
    {"op": "softplus", "name": "soft"},
    {"op": "conv", "name": "big", "filters": 4, "kernel": 11, "padding": 5, "from": ["input"]},
    {"op": "globalmaxpool", "name": "most", "from": ["big"]},
    {"op": "globalavgpool", "name": "average", "from": ["big"]},
    {"op": "mul", "name": "product", "from": ["most", "average"]},
    {"op": "flatten", "name": "vector", "from": ["soft"]},
    {"op": "linear", "name": "scores", "units": 7},
    {"op": "softmax", "name": "shares"},
]
HEADS = [layer["name"] for layer in EVERY_OP if layer["name"] not in {"norm", "act", "soft"}]


@pytest.fixture(scope="module")
def every_op(api: httpx.Client) -> str:
    """The id of a seeded network that has every kind of layer, skip connections included."""
    answer = api.post("/api/v1/models", json={"spec": {"name": "every-op", "input": [3, 24, 20], "layers": EVERY_OP}})
    return str(answer.raise_for_status().json()["id"])


@pytest.mark.parametrize("layer", HEADS)
def test_every_operation_shows_what_its_layer_holds(explorer: Explorer, every_op: str, layer: str) -> None:
    microscope = open_microscope(explorer, model=every_op, layer=layer, map=1, y=0, x=0)
    held, text = microscope.locator(".ms-holds").inner_text().split(" holds")
    block = next(block for block in explorer.data["blocks"] if layer in block["layers"])
    assert held in block["layers"]
    values = explorer.maps(held)
    expected = float(values[1] if values.ndim == 1 else values[1, 0, 0])
    assert number(text.strip()) == pytest.approx(expected, abs=FOUR_DECIMALS)
    assert microscope.locator(".ms-agrees").count() == 1
