"""One byte a value: the documented formula gives each value back to half a step, and zero exactly."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.probe.quantize import QuantizedMaps, quantize

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=40)
FLOATS = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


def values_of(maps: QuantizedMaps) -> np.ndarray:
    """The formula of docs/formats.md, in float64."""
    low, high = (side.astype(np.float64)[:, None, None] for side in (maps.low, maps.high))
    if maps.signed:
        return (maps.data.astype(np.float64) - 128) / 127 * np.maximum(np.abs(low), np.abs(high))
    return maps.data / 255 * high


def half_step(maps: QuantizedMaps) -> np.ndarray:
    low, high = (np.abs(side.astype(np.float64))[:, None, None] for side in (maps.low, maps.high))
    return (np.maximum(low, high) / 254 if maps.signed else high / 510) * (1 + 1e-4)


@given(hnp.arrays(np.float32, SHAPES, elements=FLOATS))
def test_signed_values_come_back_within_half_a_step(array: np.ndarray) -> None:
    maps = quantize(torch.from_numpy(array)[None], signed=True)
    assert (np.abs(values_of(maps) - array) <= half_step(maps) + 1e-30).all()
    assert (maps.data[array == 0] == 128).all()
    np.testing.assert_array_equal(maps.low, array.min(axis=(1, 2)))
    np.testing.assert_array_equal(maps.high, array.max(axis=(1, 2)))


@given(hnp.arrays(np.float32, SHAPES, elements=st.floats(0, 1e6, width=32, allow_subnormal=False)))
def test_values_from_zero_use_every_step(array: np.ndarray) -> None:
    maps = quantize(torch.from_numpy(array)[None], signed=False)
    assert (np.abs(values_of(maps) - array) <= half_step(maps) + 1e-30).all()
    assert (maps.data[array == 0] == 0).all()
    reached = maps.data.max(axis=(1, 2))
    assert (reached[maps.high > 1e-30] == 255).all()


def test_bytes_by_hand() -> None:
    """Largest magnitude 4: a step is 4/127; 1 is 31.75 steps, 32 rounded; −4 is 127 steps below zero's 128."""
    maps = quantize(torch.tensor([[[[-4.0, 0.0, 1.0, 4.0]]]]), signed=True)
    assert maps.data.tolist() == [[[1, 128, 160, 255]]]
    maps = quantize(torch.tensor([[[[0.0, 1.0, 2.0, 4.0]]]]), signed=False)
    assert maps.data.tolist() == [[[0, 64, 128, 255]]]  # 255/4 = 63.75 → 64, 127.5 → 128


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_memory_layout_makes_no_difference(layout: torch.memory_format) -> None:
    array = torch.randn(1, 70, 33, 47, generator=torch.Generator().manual_seed(1)).to(memory_format=layout)
    maps = quantize(array, signed=True)
    for channel in (0, 33, 69):
        alone = quantize(array[:, channel : channel + 1].contiguous(), signed=True)
        np.testing.assert_array_equal(maps.data[channel], alone.data[0])


def test_a_vector_is_maps_of_one_cell() -> None:
    maps = quantize(torch.tensor([[1.0, -2.0, 0.0]]), signed=True)
    assert maps.data.shape == (3, 1, 1)
    assert maps.data.ravel().tolist() == [255, 1, 128]


def test_dead_and_not_finite_maps_have_bytes_too() -> None:
    array = torch.zeros(1, 3, 2, 2)
    array[0, 1, 0, 0] = float("nan")
    array[0, 2] = torch.tensor([[float("inf"), 1.0], [-1.0, 0.0]])
    maps = quantize(array, signed=True)
    assert (maps.data[0] == 128).all()
    assert (maps.data[1] == 128).all()
    assert maps.data[2, 0, 0] == 255
    assert np.isfinite(maps.low).all()
    assert np.isfinite(maps.high).all()
