"""A layer's numbers: by hand, and against numpy on one map at a time in float64."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from app.render.statistics import MapStatistics, as_maps, layer_statistics

NAN, INF = np.nan, np.inf


def test_one_map_by_hand() -> None:
    layer = np.array([[[0, 3, 0], [1, 3, -1]]], dtype=np.float32)
    (one,) = layer_statistics(layer).maps
    # mean 6/6 = 1; deviations −1, 2, −1, 0, 2, −2: squares sum to 14.
    assert one == MapStatistics(-1.0, 3.0, (0, 1), 1.0, pytest.approx(math.sqrt(14 / 6)), 2 / 6, 0)


def test_the_layer_as_a_whole_by_hand() -> None:
    layer = np.array([[[0, 0]], [[2, 6]]], dtype=np.float32)
    summary = layer_statistics(layer).summary
    assert (summary.min, summary.max, summary.mean, summary.zeros, summary.dead) == (0.0, 6.0, 2.0, 0.5, 1)
    assert summary.std == pytest.approx(math.sqrt((4 + 4 + 0 + 16) / 4))


def test_only_maps_that_are_zero_everywhere_are_dead() -> None:
    layer = np.array([[[0.0]], [[-0.0]], [[1e-45]], [[NAN]]], dtype=np.float32)
    assert layer_statistics(layer).summary.dead == 2


def test_a_vector_is_maps_of_one_value() -> None:
    vector = np.array([4.0, 0.0, -2.0], dtype=np.float32)
    statistics = layer_statistics(vector)
    assert [one.max for one in statistics.maps] == [4.0, 0.0, -2.0]
    assert [one.argmax for one in statistics.maps] == [(0, 0)] * 3
    assert statistics.summary.dead == 1
    assert as_maps(vector).shape == (3, 1, 1)


def test_values_that_are_not_finite_are_counted_and_left_out() -> None:
    layer = np.array([[[NAN, 2.0, INF, 4.0, -INF, 0.0]]], dtype=np.float32)
    statistics = layer_statistics(layer)
    expected = MapStatistics(0.0, 4.0, (0, 3), 2.0, pytest.approx(math.sqrt(8 / 3)), 1 / 6, 3)
    assert statistics.maps == (expected,)
    assert (statistics.summary.mean, statistics.summary.non_finite) == (2.0, 3)


def test_a_map_of_nothing_finite_has_no_numbers() -> None:
    layer = np.array([[[NAN, INF]], [[1.0, 3.0]]], dtype=np.float32)
    statistics = layer_statistics(layer)
    assert statistics.maps[0] == MapStatistics(None, None, None, None, None, 0.0, 2)
    assert (statistics.summary.min, statistics.summary.max, statistics.summary.mean) == (1.0, 3.0, 2.0)
    assert statistics.summary.std == pytest.approx(1.0)


def test_a_layer_of_nothing_finite_has_no_numbers() -> None:
    summary = layer_statistics(np.full((2, 1, 2), NAN, dtype=np.float32)).summary
    assert (summary.min, summary.max, summary.mean, summary.std) == (None, None, None, None)
    assert (summary.zeros, summary.non_finite, summary.dead) == (0.0, 4, 0)


def test_sums_keep_what_float32_would_lose() -> None:
    # 2²⁴ + 1 is no float32: summed in float32, the ones would vanish.
    layer = np.ones((1, 1, 1001), dtype=np.float32)
    layer[0, 0, 0] = 2.0**24
    assert layer_statistics(layer).maps[0].mean == (2**24 + 1000) / 1001


@settings(max_examples=150, deadline=None)
@given(
    layer=arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=3, max_dims=3, max_side=7),
        elements=st.floats(-1e6, 1e6, width=32) | st.just(0.0),
    )
)
def test_every_map_has_numpy_s_numbers(layer: NDArray[np.float32]) -> None:
    statistics = layer_statistics(layer)
    for one, values in zip(statistics.maps, layer.astype(np.float64), strict=True):
        assert (one.min, one.max) == (values.min(), values.max())
        assert one.argmax == np.unravel_index(values.argmax(), values.shape)
        assert one.mean == pytest.approx(values.mean(), rel=1e-12, abs=1e-9)
        assert one.std == pytest.approx(values.std(), rel=1e-9, abs=1e-9)
        assert one.zeros == (values == 0).mean()
    whole, summary = layer.astype(np.float64), statistics.summary
    assert (summary.min, summary.max, summary.zeros) == (whole.min(), whole.max(), pytest.approx((whole == 0).mean()))
    assert summary.mean == pytest.approx(whole.mean(), rel=1e-9, abs=1e-9)
    assert summary.std == pytest.approx(whole.std(), rel=1e-6, abs=1e-6)
    assert summary.dead == sum(not one.any() for one in layer)


def test_a_layer_larger_than_a_block_has_the_same_numbers() -> None:
    rng = np.random.default_rng(3)
    layer = rng.normal(size=(9, 512, 512)).astype(np.float32)
    maps = layer_statistics(layer).maps
    assert [one.max for one in maps] == layer.max(axis=(1, 2)).tolist()
    np.testing.assert_allclose([one.mean for one in maps], layer.mean(axis=(1, 2), dtype=np.float64), atol=1e-12)
