"""Edit and see: what the page shows after a change is what the API computes for a run with that edit."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from .colours import painted, quantised
from .explorer import Bytes, Explorer, Floats, array, number

BLOCK, MAP = "conv4_2", 7
BELOW = "conv4_3"
SOBEL_X = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def edited_run(explorer: Explorer, *edits: dict[str, Any]) -> str:
    """The id of the page's run with edits, asked for over the API."""
    run = explorer.run
    body = {"image": run["image"], "model": run["model"], "size": run["size"], "fit": run["fit"], "edits": edits}
    return str(explorer.api.post("/api/v1/runs", json=body).raise_for_status().json()["id"])


def maps_of(explorer: Explorer, run: str, layer: str) -> Floats:
    return array(explorer.api.get(f"/api/v1/runs/{run}/layers/{layer}?format=npy"))


def button(explorer: Explorer, name: str) -> Locator:
    return explorer.page.locator("#inspector, .edit-bar, #edit-panel").get_by_role("button", name=name, exact=True)


def probe_value(explorer: Explorer) -> float:
    return number(explorer.page.locator("#probe-value").inner_text())


def look_at(explorer: Explorer, block: str) -> None:
    explorer.page.locator(f"#block-{block}").evaluate("node => node.scrollIntoView()")
    explorer.ready()


def tiles(values: Floats, maps: list[int]) -> list[Bytes]:
    return [painted(quantised(values[k], signed=False), "viridis") for k in maps]


def strongest(values: Floats, count: int = 4) -> list[int]:
    return [int(k) for k in np.argsort(-values.max(axis=(1, 2)))[:count]]


def test_a_map_switched_off_changes_every_layer_below(explorer: Explorer) -> None:
    explorer.open(layer=BLOCK, map=MAP, y=9, x=4)
    button(explorer, "Switch off").click()
    explorer.ready()
    run = edited_run(explorer, {"layer": BLOCK, "channel": MAP, "scale": 0})
    assert probe_value(explorer) == 0
    off = explorer.page.locator(f'.off-tile[data-edit="{BLOCK}:{MAP}"]')
    expect(off).to_be_visible()
    expect(off.locator("path")).to_have_count(1)
    look_at(explorer, BELOW)
    after, before = maps_of(explorer, run, "relu4_3"), explorer.maps("relu4_3")
    maps = strongest(np.abs(after - before))
    wall = explorer.wall(BELOW)
    for k, tile in zip(maps, tiles(after, maps), strict=True):
        assert np.array_equal(wall.colours(k), tile)


def test_switching_on_again_leaves_no_trace(explorer: Explorer) -> None:
    explorer.open(layer=BLOCK, map=MAP, y=9, x=4)
    value = probe_value(explorer)
    button(explorer, "Switch off").click()
    explorer.ready()
    button(explorer, "Switch on").click()
    explorer.ready()
    assert probe_value(explorer) == value
    expect(explorer.page.locator("#edit-bar")).to_be_hidden()
    expect(explorer.page.locator(".off-tile")).to_have_count(0)
    assert "edits" not in explorer.page.url


def test_a_scale_is_typed_and_back_undoes_it(explorer: Explorer) -> None:
    explorer.open(layer=BLOCK, map=MAP, y=9, x=4)
    value = probe_value(explorer)
    field = explorer.page.get_by_label("Scale of this map")
    field.fill("0.45")
    field.press("Enter")
    expect(explorer.page.locator(".edit-chips")).to_contain_text("conv4_2 : 7 × 0.45")
    explorer.ready()
    assert probe_value(explorer) == pytest.approx(0.45 * value, abs=1e-4)
    explorer.page.go_back()
    expect(explorer.page.locator("#edit-bar")).to_be_hidden()
    explorer.ready()
    assert probe_value(explorer) == value
    expect(field).to_have_value("1")


def test_an_address_with_edits_opens_with_them(explorer: Explorer) -> None:
    explorer.open(layer=BELOW, map=3, y=9, x=4, edits="conv4_2:7:x0;conv1_1:3:ksobel-x:b0.5")
    kernel = [SOBEL_X] * 3
    run = edited_run(
        explorer,
        {"layer": BLOCK, "channel": MAP, "scale": 0},
        {"layer": "conv1_1", "channel": 3, "kernel": kernel, "bias": 0.5},
    )
    after = maps_of(explorer, run, "relu4_3")
    assert probe_value(explorer) == pytest.approx(float(after[3, 9, 4]), abs=5.1e-5)
    chips = explorer.page.locator(".edit-chips li")
    expect(chips).to_have_count(2)
    expect(chips.nth(1)).to_contain_text("conv1_1 : 3 Sobel x, bias 0.5")
    chips.nth(0).get_by_role("button", name="Take back").click()
    expect(chips).to_have_count(1)
    button(explorer, "Undo").click()
    expect(chips).to_have_count(2)
    button(explorer, "Reset").click()
    expect(explorer.page.locator("#edit-bar")).to_be_hidden()


def test_a_kernel_is_edited_by_filter_and_by_hand(explorer: Explorer) -> None:
    explorer.open(layer="conv1_1", map=3, y=100, x=90, show="before")
    button(explorer, "Edit kernel").click()
    panel = explorer.page.locator("#edit-panel")
    trained = explorer.unit("conv1_1", 3, 100, 90)
    cells = panel.locator(".kernel-cell")
    expect(cells).to_have_count(9)
    shown = [float(cell.input_value()) for cell in cells.all()]
    assert shown == pytest.approx(np.ravel(trained["kernel"][0]), rel=1e-4)
    button(explorer, "Sobel x").click()
    explorer.ready()
    panel.get_by_label("The same for all slices").uncheck()
    panel.get_by_label("Slice over input channel").fill("2")
    panel.get_by_label("Row 0, column 1").fill("4.5")
    panel.get_by_label("Bias").fill("-1")
    expect(explorer.page.locator(".edit-chips")).to_contain_text("bias −1")
    explorer.ready()
    last = [[-1, 4.5, 1], *SOBEL_X[1:]]
    run = edited_run(explorer, {"layer": "conv1_1", "channel": 3, "kernel": [SOBEL_X, SOBEL_X, last], "bias": -1})
    assert probe_value(explorer) == pytest.approx(float(maps_of(explorer, run, "conv1_1")[3, 100, 90]), abs=5.1e-5)
    assert "k2=-1,4.5,1,-2,0,2,-1,0,1" in explorer.page.url


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("Sobel y", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
        ("Gaussian", np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16),
        ("Box blur", np.full((3, 3), 1 / 9)),
        ("Laplacian", [[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        ("Sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("Identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    ],
)
def test_classic_filters_are_those_of_the_books(explorer: Explorer, name: str, kernel: Any) -> None:
    explorer.open(layer="conv1_1", map=3, y=100, x=90, edit=1)
    button(explorer, name).click()
    expect(explorer.page.locator(".edit-chips")).to_contain_text(name)
    cells = explorer.page.locator(".kernel-cell").all()
    assert [float(cell.input_value()) for cell in cells] == pytest.approx(np.ravel(kernel), abs=1e-5)


def test_the_difference_is_b_minus_a_ranked_by_change(explorer: Explorer) -> None:
    explorer.open(layer=BELOW, map=3, y=9, x=4, edits="conv4_2:7:x0")
    button(explorer, "Difference").click()
    explorer.ready()
    run = edited_run(explorer, {"layer": BLOCK, "channel": MAP, "scale": 0})
    change = maps_of(explorer, run, "relu4_3") - explorer.maps("relu4_3")
    assert probe_value(explorer) == pytest.approx(float(change[3, 9, 4]), abs=5.1e-5)
    wall = explorer.wall(BELOW)
    norms = np.sqrt((change.astype(np.float64) ** 2).sum(axis=(1, 2)))
    # The page ranks by its bytes: a byte is 1/254 of a map's range, so the ranks agree where the norms are apart.
    assert norms[wall.order[:24]].tolist() == pytest.approx(np.sort(norms)[::-1][:24], rel=0.02)
    for k in wall.order[:4]:
        assert np.array_equal(wall.colours(k), painted(quantised(change[k], signed=True), "RdBu"))
    button(explorer, "Difference").click()
    explorer.ready()
    assert explorer.wall(BELOW).order[:3] == [0, 1, 2]


def test_an_edit_that_does_not_fit_is_said_and_the_page_stays(explorer: Explorer) -> None:
    explorer.page.on("console", lambda _message: None)
    explorer.open(layer=BELOW, map=3, y=9, x=4, edits="conv4_2:7:kword")
    message = explorer.page.locator("#edit-bar [role=alert]")
    expect(message).to_contain_text("There is no filter word of 3×3")
    assert probe_value(explorer) == pytest.approx(float(explorer.maps("relu4_3")[3, 9, 4]), abs=5.1e-5)
    button(explorer, "Reset").click()
    expect(explorer.page.locator("#edit-bar")).to_be_hidden()


def test_edits_by_keyboard_alone(explorer: Explorer) -> None:
    explorer.open(layer="conv1_1", map=3, y=100, x=90)
    explorer.page.locator("#edit-kernel").focus()
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator("#edit-panel")).to_be_visible()
    explorer.page.locator('#edit-panel button[value="zero"]').focus()
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator(".edit-chips")).to_contain_text("Zero")
    explorer.page.keyboard.press("Escape")
    expect(explorer.page.locator("#edit-panel")).to_be_hidden()
    expect(explorer.page.locator("#edit-kernel")).to_be_focused()
