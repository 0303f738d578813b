"""Differences of two layers, worked out by hand: norms, ranks, equality, and which cell is compared with which."""

import numpy as np
import pytest

from app.net.analysis import analyze
from app.net.graph import build_network
from app.net.receptive import ReceptiveField
from app.net.spec import parse_spec
from app.probe.differences import Move, difference, is_inside, move, partners, region


def maps(*values: object) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def field(stride, size=1, padding=0, whole=False):
    return ReceptiveField((size, size), stride and (stride, stride), (padding, padding), whole)


def network(*layers):
    return build_network(parse_spec({"input": [1, 8, 8], "layers": list(layers)}))


# --- numbers

A = maps([[3, 0]], [[0, 4]], [[0, 0]], [[1, 1]])
B = maps([[3, 4]], [[3, 4]], [[0, 2]], [[1, 1]])


def test_norms_are_euclidean_over_the_layer_and_over_each_map():
    found = difference(A, B)
    assert found.norm == pytest.approx(np.sqrt(16 + 9 + 4))
    assert found.reference_norm == pytest.approx(np.sqrt(9 + 16 + 2))
    assert found.relative == pytest.approx(np.sqrt(29 / 27))
    assert found.max_abs == 4
    assert not found.equal


def test_maps_are_ranked_by_how_much_they_change():
    ranked = [(one.index, one.norm, one.relative, one.max_abs) for one in difference(A, B).maps]
    assert ranked == [(0, 4, 4 / 3, 4), (1, 3, 3 / 4, 3), (2, 2, np.inf, 2), (3, 0, 0, 0)]


def test_maps_that_change_alike_stay_in_their_order():
    same = maps([[1]], [[1]], [[1]])
    assert [one.index for one in difference(same, same + 1).maps] == [0, 1, 2]


def test_the_same_values_are_equal():
    found = difference(A, A.copy())
    assert found.equal
    assert (found.norm, found.relative, found.max_abs) == (0, 0, 0)
    assert not found.exceeds(0)


def test_one_bit_is_a_difference():
    other = A.copy()
    other[3, 0, 1] = np.nextafter(np.float32(1), np.float32(2))
    found = difference(A, other)
    assert not found.equal
    assert found.max_abs == 2.0**-23
    assert found.exceeds(0)
    assert not found.exceeds(1e-6)


def test_a_zero_of_the_other_sign_differs_in_its_bits_alone():
    found = difference(maps([[0.0]]), maps([[-0.0]]))
    assert found.norm == 0
    assert not found.equal


def test_a_layer_of_zeros_has_no_relative_difference_to_another():
    found = difference(maps([[0, 0]]), maps([[0, 1]]))
    assert found.relative == np.inf
    assert found.exceeds(1)
    assert difference(maps([[0, 0]]), maps([[0, 0]])).relative == 0


def test_values_that_are_not_finite_and_the_same_do_not_differ():
    values = maps([[np.inf, -np.inf, np.nan, 1]])
    assert difference(values, values.copy()).equal
    assert difference(values, values + maps([[0, 0, 0, 2]])).norm == 2


def test_a_value_that_became_nan_exceeds_every_tolerance_and_comes_first():
    found = difference(maps([[1, 2]], [[1, 1]], [[0, 0]]), maps([[1, 3]], [[1, np.nan]], [[0, 0]]))
    assert np.isnan(found.norm)
    assert found.exceeds(1)
    assert found.maps[0].index == 1


def test_sums_are_kept_in_float64():
    many = np.full((1, 2000, 2000), 1e-3, dtype=np.float32)
    step = float(np.float32(2e-3)) - float(np.float32(1e-3))
    assert difference(many, np.full_like(many, 2e-3)).norm == pytest.approx(2000 * step, rel=1e-12)


# --- which layer with which

CONV = {"op": "conv", "filters": 1, "kernel": 1}


def test_networks_of_the_same_ops_go_together_by_position():
    ours = network({**CONV, "name": "first"}, {"op": "relu"}, {**CONV, "name": "second"})
    theirs = network({**CONV, "name": "second"}, {"op": "relu"}, {**CONV, "name": "first"})
    assert partners(ours, theirs) == {0: 0, 1: 1, 2: 2}


def test_other_networks_go_together_by_name():
    ours = network(CONV, {"op": "relu"}, CONV)
    theirs = network({"op": "relu"}, CONV, {"op": "tanh"}, {"op": "maxpool", "kernel": 1, "name": "conv2"})
    assert partners(ours, theirs) == {0: 1, 1: 0, 2: 3}


# --- which cell with which


@pytest.mark.parametrize(
    ("stride", "shift", "expected"),
    [
        (1, (4, -2), Move((4.0, -2.0), (4, -2), True)),
        (4, (4, 8), Move((1.0, 2.0), (1, 2), True)),
        (8, (4, -4), Move((0.5, -0.5), (0, 0), False)),
        (8, (5, -5), Move((0.625, -0.625), (1, -1), False)),
        (2, (3, -3), Move((1.5, -1.5), (1, -1), False)),
        (8, (12, 0), Move((1.5, 0.0), (1, 0), False)),
        (8, (0, 0), Move((0.0, 0.0), (0, 0), True)),
    ],
)
def test_a_shift_is_undone_by_the_nearest_whole_cells(stride, shift, expected):
    assert move(field(stride), shift) == expected


@pytest.mark.parametrize("unmoved", [field(None), ReceptiveField((8, 8), (0, 0), (0, 0), whole=True)])
def test_cells_that_do_not_move_with_the_image_are_compared_as_they_are(unmoved):
    assert move(unmoved, (4, 0)) == Move(None, (0, 0), whole=False)
    assert move(unmoved, (0, 0)) == Move((0.0, 0.0), (0, 0), whole=True)


@pytest.mark.parametrize("shift", [(2, 0), (-2, 0), (0, 3), (1, -2), (-1, 1)])
def test_a_shifted_map_is_laid_on_itself(shift):
    values = np.arange(70, dtype=np.float32).reshape(1, 7, 10)
    padded = np.full((1, 27, 30), -1, dtype=np.float32)
    padded[:, 10:17, 10:20] = values
    moved = padded[:, 10 - shift[0] : 17 - shift[0], 10 - shift[1] : 20 - shift[1]]
    chosen = region(7, 10, field(1), shift)
    assert chosen is not None
    assert (chosen.height, chosen.width) == (7 - abs(shift[0]), 10 - abs(shift[1]))
    np.testing.assert_array_equal(chosen.of_a(values), chosen.of_b(moved))


def test_a_border_is_left_out_in_whole_cells():
    chosen = region(28, 28, field(8), border=17)
    assert chosen is not None
    assert (chosen.top, chosen.left, chosen.height, chosen.width) == (3, 3, 22, 22)
    chosen = region(28, 28, field(8), (8, 0), border=16)
    assert chosen is not None
    assert (chosen.top, chosen.height, chosen.width) == (2, 23, 24)


def test_nothing_may_be_left():
    assert region(4, 4, field(1), border=2) is None
    assert region(4, 4, field(1), (4, 0)) is None
    assert region(4, 4, field(1), (0, -3), border=1) is None


def test_cells_that_see_neither_padding_nor_what_moved_in_are_inside():
    """A 3×3 kernel padded by 1: the outermost cells see padding, one more each pixel moved."""
    conv = field(1, size=3, padding=1)
    for shift, border, inside in (((0, 0), 0, False), ((0, 0), 1, True), ((2, 0), 0, False), ((2, 0), 1, True)):
        chosen = region(8, 8, conv, shift, border)
        assert chosen is not None
        assert is_inside(chosen, conv, (8, 8), shift) is inside


@pytest.mark.parametrize(("layer", "inside"), [("conv4_1", True), ("conv4_2", False)])
def test_a_border_of_32_pixels_covers_vgg16_up_to_conv4_1(layer, inside):
    from app.net.presets import preset

    row = analyze(build_network(preset("vgg16").spec)).layer(layer)
    chosen = region(28, 28, row.receptive_field, (4, 0), 32)
    assert chosen is not None
    assert is_inside(chosen, row.receptive_field, (224, 224), (4, 0)) is inside
