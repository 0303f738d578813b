"""Entries of the lookup table, worked out by hand and against the definition of the u8 format."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from app.render.tone import Tone


def maps(*rows: list[float]) -> NDArray[np.float32]:
    """One map of a single row for each list."""
    return np.array(rows, dtype=np.float32)[:, np.newaxis, :]


def entries(tone: Tone, *rows: list[float]) -> list[list[int]]:
    return tone.entries(maps(*rows))[:, 0].tolist()  # type: ignore[no-any-return]


def test_unsigned_values_run_from_zero_not_from_the_least_value() -> None:
    # 5/10·255 = 127.5 rounds up.
    assert entries(Tone(signed=False), [5.0, 10.0, 7.5]) == [[128, 255, 191]]


def test_signed_values_have_zero_at_128_and_equal_sides() -> None:
    # 127/4 = 31.75 a unit: −2 is 128 − 63.5 = 64.5, rounded up.
    assert entries(Tone(signed=True), [-4.0, -2.0, 0.0, 1.0, 2.0]) == [[1, 65, 128, 160, 192]]


def test_each_map_has_its_own_scale() -> None:
    assert entries(Tone(signed=False), [1.0, 2.0], [10.0, 40.0]) == [[128, 255], [64, 255]]


def test_a_layer_has_one_scale() -> None:
    assert entries(Tone(signed=False, normalize="layer"), [1.0, 2.0], [10.0, 40.0]) == [[6, 13], [64, 255]]


def test_a_signed_layer_s_scale_is_its_largest_magnitude() -> None:
    assert entries(Tone(signed=True, normalize="layer"), [1.0, 2.0], [-4.0, 0.0]) == [[160, 192], [1, 128]]


def test_a_given_limit_ends_the_scale_and_what_lies_beyond_takes_the_last_entry() -> None:
    assert entries(Tone(signed=False, limit=10.0), [5.0, 20.0]) == [[128, 255]]
    assert entries(Tone(signed=True, limit=10.0), [-20.0, 20.0, 10.0]) == [[1, 255, 255]]


def test_a_negative_value_in_unsigned_data_is_entry_zero() -> None:
    assert entries(Tone(signed=False), [-3.0, 6.0]) == [[0, 255]]


@pytest.mark.parametrize(("signed", "zero"), [(False, 0), (True, 128)])
def test_a_dead_map_takes_the_entry_of_zero(signed: bool, zero: int) -> None:
    for normalize in ("map", "layer"):
        assert entries(Tone(signed=signed, normalize=normalize), [0.0, 0.0]) == [[zero, zero]]


def test_a_constant_map_is_at_the_end_of_its_own_scale() -> None:
    assert entries(Tone(signed=False), [3.0, 3.0]) == [[255, 255]]
    assert entries(Tone(signed=True), [-3.0, -3.0]) == [[1, 1]]


def test_values_near_the_smallest_float_do_not_overflow() -> None:
    assert entries(Tone(signed=False), [0.0, 1e-45]) == [[0, 0]]
    assert entries(Tone(signed=False), [0.0, 1e-30]) == [[0, 255]]
    assert entries(Tone(signed=True), [-3e38, 3e38]) == [[1, 255]]


@pytest.mark.parametrize(("signed", "expected"), [(False, [0, 0, 255, 255]), (True, [128, 1, 255, 255])])
def test_values_that_are_not_finite_are_shown_and_decide_nothing(signed: bool, expected: list[int]) -> None:
    assert entries(Tone(signed=signed), [np.nan, -np.inf, np.inf, 2.0]) == [expected]


def test_a_map_of_nothing_finite_is_zero_everywhere_but_at_infinities() -> None:
    assert entries(Tone(signed=False), [np.nan, np.nan]) == [[0, 0]]


@settings(max_examples=200, deadline=None)
@given(
    values=arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=3, max_dims=3, max_side=5),
        elements=st.floats(-(2.0**40), 2.0**40, width=32, allow_subnormal=False).filter(
            lambda x: x == 0 or abs(x) > 1e-20
        ),
    ),
    signed=st.booleans(),
)
def test_an_entry_stands_for_its_value_within_half_a_step(values: NDArray[np.float32], signed: bool) -> None:
    if not signed:
        values = np.abs(values)
    found = Tone(signed=signed).entries(values).astype(np.float64)
    reach = np.abs(values).max(axis=(1, 2), keepdims=True).astype(np.float64)
    shown = (found - 128) / 127 * reach if signed else found / 255 * reach
    half_step = reach / (2 * (127 if signed else 255))
    assert (np.abs(shown - values) <= half_step * (1 + 1e-4)).all()
    assert (found[values == 0] == (128 if signed else 0)).all()
    assert not signed or found.min() >= 1
