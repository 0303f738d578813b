"""Every pixel of a wall of maps comes from the layer's numbers by one colour table."""

import numpy as np
import pytest

from .colours import entries, painted, quantised, reduced
from .explorer import Explorer


def some_maps(values: np.ndarray) -> list[int]:
    alive = np.flatnonzero(np.abs(values).max(axis=(1, 2)) > 0)
    return [int(k) for k in alive[:: max(1, len(alive) // 6)]]


def test_maps_after_relu_are_viridis_of_their_own_range(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102)
    wall = explorer.wall("conv3_2")
    values = explorer.maps("relu3_2")
    for k in some_maps(values):
        expected = painted(quantised(values[k], signed=False), "viridis")
        assert np.array_equal(wall.colours(k), expected)


def test_maps_before_relu_are_diverging_with_zero_in_the_middle(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, show="before")
    wall = explorer.wall("conv3_2")
    values = explorer.maps("conv3_2")
    for k in some_maps(values):
        expected = painted(quantised(values[k], signed=True), "RdBu")
        assert np.array_equal(wall.colours(k), expected)


def test_small_maps_are_enlarged_by_whole_factors(explorer: Explorer) -> None:
    explorer.open(layer="conv5_3", map=0)
    wall = explorer.wall("conv5_3")
    values = explorer.maps("relu5_3")
    assert wall.tile == 28
    for k in some_maps(values):
        expected = painted(quantised(values[k], signed=False), "viridis", enlarge=2)
        assert np.array_equal(wall.colours(k), expected)


def test_large_maps_are_reduced_by_the_mean_of_their_values(explorer: Explorer) -> None:
    explorer.open(layer="conv1_1", map=45)
    wall = explorer.wall("conv1_1")
    values = explorer.maps("relu1_1")
    for k in some_maps(values):
        means = reduced(quantised(values[k], signed=False), 4)
        expected = painted(entries(means, 1.0, signed=False), "viridis")
        assert np.array_equal(wall.colours(k), expected)


@pytest.mark.parametrize("show", ["after", "before"])
def test_layer_normalisation_shares_one_range(explorer: Explorer, show: str) -> None:
    explorer.open(layer="conv3_2", map=102, norm="layer", show=show)
    wall = explorer.wall("conv3_2")
    signed = show == "before"
    values = explorer.maps("conv3_2" if signed else "relu3_2")
    reach = np.abs(values).max()
    for k in some_maps(values):
        share = float(np.abs(values[k]).max() / reach)
        levels = quantised(values[k], signed=signed).astype(np.float64)
        expected = painted(entries(levels, share, signed=signed), "RdBu" if signed else "viridis")
        assert np.array_equal(wall.colours(k), expected)


def test_network_normalisation_shares_the_largest_value_of_all_layers(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, norm="network")
    wall = explorer.wall("conv3_2")
    shown = [block["after"] for block in explorer.data["blocks"] if block["available"] and not block["folded"]]
    reach = max(float(explorer.maps(layer).max()) for layer in shown)
    values = explorer.maps("relu3_2")
    for k in some_maps(values):
        levels = quantised(values[k], signed=False).astype(np.float64)
        expected = painted(entries(levels, float(values[k].max()) / reach, signed=False), "viridis")
        assert np.array_equal(wall.colours(k), expected)


def test_dead_maps_are_hatched_and_no_other(explorer: Explorer) -> None:
    explorer.open(layer="conv5_3", map=0)
    wall = explorer.wall("conv5_3")
    values = explorer.maps("relu5_3")
    dead = [int(k) for k in np.flatnonzero(values.max(axis=(1, 2)) == 0)]
    assert dead, "the cat photo leaves maps of relu5_3 without a single value"
    for k in wall.order:
        opaque = (wall[k][..., 3] == 255).mean()
        assert (opaque < 0.5) == (k in dead), f"map {k}"


def test_hiding_dead_maps_leaves_the_others_in_order(explorer: Explorer) -> None:
    explorer.open(layer="conv5_3", map=0, dead="hide")
    wall = explorer.wall("conv5_3")
    alive = np.flatnonzero(explorer.maps("relu5_3").max(axis=(1, 2)) > 0)
    assert wall.order == alive[: len(wall.order)].tolist()


def test_sorting_by_the_largest_value_orders_the_wall(explorer: Explorer) -> None:
    explorer.open(layer="conv5_3", map=0, sort="max")
    wall = explorer.wall("conv5_3")
    largest = explorer.maps("relu5_3").max(axis=(1, 2))
    assert (np.diff(largest[wall.order]) <= 0).all()
    assert wall.order[0] == int(largest.argmax())


def test_a_chosen_colour_map_replaces_the_usual_one(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102, colour="magma")
    wall = explorer.wall("conv3_2")
    values = explorer.maps("relu3_2")
    expected = painted(quantised(values[102], signed=False), "magma")
    assert np.array_equal(wall.colours(102), expected)
