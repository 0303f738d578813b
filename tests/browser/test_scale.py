"""Every way to colour values, and what the legend says of it, worked out with numpy from the arrays."""

import numpy as np
import pytest
from playwright.sync_api import expect

from .colours import Means, nearest, painted, quantised
from .explorer import Explorer, number, pixels

LAYER, AFTER = "conv3_2", "relu3_2"
VIEW: dict[str, object] = {"layer": LAYER, "map": 102, "y": 17, "x": 23}


def sequential(values: np.ndarray, low: float, high: float, gamma: float = 1) -> Means:
    """Levels of the values that the bytes stand for, on a scale from low to high bent by gamma."""
    held = quantised(values, signed=False) / 255 * float(values.max())
    share = np.clip((held - low) / (high - low), 0, 1)
    levels: Means = 255 * share**gamma
    return levels


def agrees(drawn: np.ndarray, levels: Means, colour: str) -> bool:
    """Equal, but where a level lies so near to a half that float32 may round it to the other side."""
    expected = painted(nearest(levels), colour)
    certain = np.abs(levels - np.floor(levels) - 0.5) > 1e-3
    return bool((drawn == expected).all(axis=-1)[certain].all()) and certain.mean() > 0.95


def scope(explorer: Explorer) -> str:
    return explorer.page.locator("#scale-scope").inner_text()


def test_a_fixed_range_is_the_same_for_every_map_and_says_what_it_cuts(explorer: Explorer) -> None:
    explorer.open(**VIEW, norm="fixed", low=50, high=400)
    values = explorer.maps(AFTER)
    wall = explorer.wall(LAYER)
    for k in (0, 102, 200):
        assert agrees(wall.colours(k), sequential(values[k], 50, 400), "viridis")
    cut = ((values[102] < 50) | (values[102] > 400)).mean()
    assert f"{100 * cut:.1f} % clipped" in scope(explorer)
    assert [number(text) for text in explorer.page.locator("#scale .lab").all_inner_texts()] == [50, 225, 400]


def test_fixed_starts_from_the_layer_s_range_and_takes_what_is_typed(explorer: Explorer) -> None:
    explorer.open(**VIEW)
    explorer.page.locator('#view-form input[value="fixed"]').check(force=True)
    explorer.ready()
    high = float(f"{explorer.maps(AFTER).max():.3g}")
    assert float(explorer.page.locator('#view-form input[name="high"]').input_value()) == high
    explorer.page.locator('#view-form input[name="high"]').fill("400")
    explorer.page.keyboard.press("Enter")
    explorer.ready()
    assert "high=400" in explorer.page.url
    assert agrees(explorer.wall(LAYER).colours(102), sequential(explorer.maps(AFTER)[102], 0, 400), "viridis")


@pytest.mark.parametrize("gamma", [0.5, 2])
def test_gamma_bends_the_scale_and_is_said(explorer: Explorer, gamma: float) -> None:
    explorer.open(**VIEW, gamma=gamma)
    values = explorer.maps(AFTER)
    wall = explorer.wall(LAYER)
    for k in (0, 102):
        assert agrees(wall.colours(k), sequential(values[k], 0, float(values[k].max()), gamma), "viridis")
    assert f"Gamma {gamma:.2f}." in scope(explorer)
    middle = explorer.page.locator("#scale .lab.middle").inner_text()
    assert number(middle) == pytest.approx(float(values[102].max()) * 0.5 ** (1 / gamma), abs=0.051)


def test_gamma_bends_both_sides_of_signed_maps(explorer: Explorer) -> None:
    explorer.open(**VIEW, gamma=0.5, show="before")
    values = explorer.maps(LAYER)[102]
    share = (quantised(values, signed=True) - 128) / 127
    levels = 128 + np.sign(share) * 127 * np.abs(share) ** 0.5
    assert agrees(explorer.wall(LAYER).colours(102), levels, "RdBu")


def test_the_blend_goes_part_of_the_way_from_map_to_layer(explorer: Explorer) -> None:
    explorer.open(**VIEW, blend=40)
    values = explorer.maps(AFTER)
    wall = explorer.wall(LAYER)
    for k in (0, 102):
        end = 0.6 * float(values[k].max()) + 0.4 * float(values.max())
        assert agrees(wall.colours(k), sequential(values[k], 0, end), "viridis")
    assert "between this map (60 %) and its layer (40 %)" in scope(explorer)


@pytest.mark.parametrize("colour", ["viridis", "magma", "cividis", "grey", "RdBu", "iceburn"])
def test_a_colour_map_that_does_not_suit_the_values_is_said(explorer: Explorer, colour: str) -> None:
    explorer.open(**VIEW, colour=colour)
    warning = explorer.page.locator("#scale-warning")
    if colour in {"RdBu", "iceburn"}:
        expect(warning).to_contain_text("half of its colours")
    else:
        expect(warning).to_be_hidden()


def test_the_layer_s_histogram_counts_all_of_its_values(explorer: Explorer) -> None:
    explorer.open(**VIEW)
    explorer.page.locator('input[name="hist"][value="layer"]').check(force=True)
    explorer.ready()
    values = explorer.maps(AFTER)
    # A value below half of its map's 255th is held as zero.
    ends = values.max(axis=(1, 2), keepdims=True).astype(np.float64)
    held = np.floor(np.divide(values, ends, where=ends > 0, out=np.zeros(values.shape)) * 255 + 0.5)
    expect(explorer.page.locator("#histogram-left")).to_have_text(f"{(held > 0).sum():,} values > 0, log count")
    expect(explorer.page.locator("#histogram-right")).to_have_text(f"{(held == 0).sum():,} zeros apart")
    assert "hist=layer" in explorer.page.url


def test_the_map_lies_over_the_photo_as_opaque_as_its_values(explorer: Explorer) -> None:
    explorer.open(**VIEW, overlay=60)
    canvas = explorer.page.locator("#overlay")
    assert canvas.evaluate("canvas => getComputedStyle(canvas).opacity") == "0.6"
    levels = quantised(explorer.maps(AFTER)[102], signed=False)
    shown = pixels(canvas)
    # conv3_2 has stride 4; the middle of cell i's field is pixel 4·i + 1.5, so pixels 4·i to 4·i + 3 are its own.
    expected = levels.repeat(4, axis=0).repeat(4, axis=1)
    assert np.abs(shown[..., 3].astype(int) - expected).max() <= 1
    strong = expected > 200
    assert np.abs(shown[strong][:, :3].astype(int) - painted(expected[strong], "viridis")).max() <= 2


def test_the_overlay_is_off_until_asked_for(explorer: Explorer) -> None:
    explorer.open(**VIEW)
    expect(explorer.page.locator("#overlay")).to_have_count(0)
    explorer.page.locator(".more summary").click()
    explorer.page.locator("#control-overlay").fill("50")
    expect(explorer.page.locator("#overlay")).to_be_visible()
    assert "overlay=50" in explorer.page.url
