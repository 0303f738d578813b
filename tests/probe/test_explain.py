"""Explanations of numbers that a person can check on paper."""

import json
import math
import tracemalloc

import numpy as np
import pytest
import torch

from app.errors import NotFound, OverLimit
from app.net.analysis import analyze
from app.net.graph import build_network
from app.net.spec import LAYER_TYPES, parse_spec
from app.net.weights import Provenance, Weights
from app.probe.explain import EXPLAINERS, Box, Source, Window, Winner, explain

from .reference import compute

COUNTING = [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]  # 1×3×3


def test_every_op_of_the_grammar_is_explained():
    assert set(EXPLAINERS) == set(LAYER_TYPES)


# --- convolution


def test_conv_is_the_sum_of_patch_times_kernel_plus_bias():
    # rows 1–2, columns 0–1: 4·1 + 5·10 + 7·100 + 8·1000 = 8754, and 0.5
    conv = {"op": "conv", "filters": 1, "kernel": 2}
    explained = compute([conv], COUNTING, {"conv1": {"weight": [[[[1, 10], [100, 1000]]]], "bias": [0.5]}}).explain(
        "conv1", 0, 1, 0
    )
    assert explained.patch.tolist() == [[[4, 5], [7, 8]]]
    assert explained.kernel.tolist() == [[[1, 10], [100, 1000]]]
    assert explained.by_channel.tolist() == [8754]
    assert explained.products_sum == 8754
    assert explained.bias == 0.5
    assert explained.total == explained.value == 8754.5
    assert explained.relative_difference == 0
    assert explained.terms == 4
    assert explained.window == Window(top=1, left=0, height=2, width=2)
    assert explained.inputs == (Source("input", 0, 0),)
    assert explained.formula == "Σ input[c, i + 1, j] · weight[0, c, i, j] + bias[0]"


def test_padding_stride_and_uneven_sides_are_seen_in_the_window():
    # left 1, top 2, stride 2: cell (0, 0) lies on rows −2 … −1, all padding; cell (1, 1) on rows 0–1, columns 1–2
    conv = {"op": "conv", "filters": 1, "kernel": 2, "stride": 2, "padding": [1, 0, 2, 0], "bias": False}
    net = compute([conv], COUNTING, {"conv1": {"weight": [[[[1, 1], [1, 1]]]]}})
    corner = net.explain("conv1", 0, 0, 0)
    assert corner.window == Window(-2, -1, 2, 2, (2, 2), (1, 1), (1, 0, 2, 0))
    assert not corner.inside.any()
    assert corner.total == corner.value == 0
    assert corner.receptive_field.box == Box(-2, -1, -1, 0)
    assert corner.receptive_field.clipped is None
    edge = net.explain("conv1", 0, 1, 0)  # rows 0–1, columns −1–0: 1 + 4
    assert edge.inside.tolist() == [[False, True], [False, True]]
    assert edge.patch.tolist() == [[[0, 1], [0, 4]]]
    assert edge.total == 5
    assert edge.receptive_field.box == Box(0, -1, 1, 0)
    assert edge.receptive_field.clipped == Box(0, 0, 1, 0)
    assert edge.formula == "Σ input[c, i, j − 1] · weight[0, c, i, j]"


@pytest.mark.parametrize(
    ("y", "x", "box", "clipped"),
    [(0, 0, Box(-2, -2, 2, 2), Box(0, 0, 2, 2)), (2, 3, Box(0, 1, 4, 5), Box(0, 1, 2, 3))],
)
def test_a_receptive_field_is_clipped_at_every_edge(y, x, box, clipped):
    # 5×5 on a 3×4 image with padding 2
    seen = compute([{"op": "conv", "filters": 1, "kernel": 5, "padding": 2}], np.zeros((1, 3, 4))).explain(
        "conv1", 0, y, x
    )
    assert seen.receptive_field.box == box
    assert seen.receptive_field.clipped == clipped


def test_a_dilated_kernel_skips_cells():
    # taps at rows 0, 2 and columns 0, 2: 1 + 3 + 7 + 9
    conv = {"op": "conv", "filters": 1, "kernel": 2, "dilation": 2, "bias": False}
    explained = compute([conv], COUNTING, {"conv1": {"weight": [[[[1, 1], [1, 1]]]]}}).explain("conv1", 0)
    assert explained.patch.tolist() == [[[1, 3], [7, 9]]]
    assert (explained.window.height, explained.window.width) == (3, 3)
    assert explained.total == 20
    assert explained.formula == "Σ input[c, 2·i, 2·j] · weight[0, c, i, j]"


def test_a_grouped_filter_sees_the_channels_of_its_group():
    # four 1×1 maps 1, 2, 3, 4 and two groups: filter 2 is the first of the second group, 3·10 + 4·100
    conv = {"op": "conv", "filters": 4, "kernel": 1, "groups": 2, "bias": False}
    weight = [[[[1]], [[1]]], [[[2]], [[2]]], [[[10]], [[100]]], [[[3]], [[3]]]]
    explained = compute([conv], [[[1]], [[2]], [[3]], [[4]]], {"conv1": {"weight": weight}}).explain("conv1", 2)
    assert explained.inputs == (Source("input", 2, 3),)
    assert explained.by_channel.tolist() == [30, 400]
    assert explained.total == explained.value == 430
    assert explained.formula == "Σ input[c + 2, i, j] · weight[2, c, i, j]"


def test_a_locally_connected_value_uses_the_kernel_of_its_own_place():
    # 1×2 map, 1×1 kernels: 3·10 + 1 at the left, 5·100 + 2 at the right
    local = {"op": "local", "filters": 1, "kernel": 1}
    net = compute([local], [[[3, 5]]], {"local1": {"weight": [[[[[[10]]], [[[100]]]]]], "bias": [[[1, 2]]]}})
    left, right = net.explain("local1", 0, 0, 0), net.explain("local1", 0, 0, 1)
    assert (left.total, left.value, left.bias) == (31, 31, 1)
    assert (right.total, right.value, right.bias) == (502, 502, 2)
    assert right.formula == "Σ input[c, i, j + 1] · weight[0, 0, 1, c, i, j] + bias[0, 0, 1]"


# --- fully connected


def test_a_row_of_a_fully_connected_layer_has_the_shape_of_the_flattened_volume():
    # 2×1×2 volume (1, 2 | 3, 4), row 1 of W is 1, 10, 100, 1000: (1 + 20) + (300 + 4000) + bias 7
    layers = [{"op": "flatten"}, {"op": "dropout"}, {"op": "linear", "units": 2}]
    params = {"linear1": {"weight": [[0, 0, 0, 0], [1, 10, 100, 1000]], "bias": [0, 7]}}
    explained = compute(layers, [[[1, 2]], [[3, 4]]], params).explain("linear1", 1)
    assert explained.patch.tolist() == [[[1, 2]], [[3, 4]]]
    assert explained.kernel.tolist() == [[[1, 10]], [[100, 1000]]]
    assert explained.by_channel.tolist() == [21, 4300]
    assert explained.total == explained.value == 4328
    assert explained.inputs == (Source("input", 0, 1),)
    assert explained.window == Window(0, 0, 1, 2)
    assert explained.receptive_field.whole
    assert explained.formula == "Σ x[k] · weight[1, k] + bias[1], x = input (2×1×2) in order"


def test_a_fully_connected_layer_over_a_vector_has_single_terms():
    layers = [
        {"op": "flatten"},
        {"op": "linear", "units": 2, "bias": False},
        {"op": "relu"},
        {"op": "linear", "units": 1},
    ]
    params = {"linear1": {"weight": [[2], [-3]]}, "linear2": {"weight": [[5, 7]], "bias": [1]}}
    explained = compute(layers, [[[4]]], params).explain("linear2", 0)  # max(0, 8)·5 + max(0, −12)·7 + 1
    assert explained.by_channel.tolist() == [40, 0]
    assert explained.inputs == (Source("relu1", 0, 1),)
    assert explained.total == 41
    assert explained.formula.endswith("x = relu1 (2)")


# --- pooling

LECTURE_MAP = [[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]


@pytest.mark.parametrize(
    ("y", "x", "winner"),
    [(0, 0, Winner(1, 1, 6)), (0, 1, Winner(1, 3, 8)), (1, 0, Winner(2, 0, 3)), (1, 1, Winner(3, 3, 4))],
)
def test_the_winner_of_each_window_of_the_lecture(y, x, winner):
    explained = compute([{"op": "maxpool", "kernel": 2}], LECTURE_MAP).explain("maxpool1", 0, y, x)
    assert explained.winner == winner
    assert explained.total == explained.value == winner.value
    assert explained.kernel is None
    assert explained.bias is None


def test_on_a_tie_the_first_cell_wins_as_in_torch():
    pool, image = {"op": "maxpool", "kernel": [2, 3]}, [[[0, 5, 1], [5, 5, 2]]]
    _, place = torch.nn.functional.max_pool2d(torch.tensor([image], dtype=torch.float32), (2, 3), return_indices=True)
    winner = compute([pool], image).explain("maxpool1", 0).winner
    assert winner == Winner(0, 1, 5)
    assert winner.y * 3 + winner.x == place.item()


def test_padding_never_wins_a_maximum():
    pool = {"op": "maxpool", "kernel": 2, "stride": 2, "padding": 1}
    explained = compute([pool], [[[-7.0, -8], [-9, -10]]]).explain("maxpool1", 0)
    assert explained.winner == Winner(0, 0, -7)
    assert explained.patch.tolist() == [[[0, 0], [0, -7]]]
    assert explained.terms == 1


def test_a_global_maximum_may_be_anywhere():
    explained = compute([{"op": "globalmaxpool"}], LECTURE_MAP).explain("globalmaxpool1", 0)
    assert explained.winner == Winner(1, 3, 8)
    assert explained.receptive_field.box == Box(0, 0, 3, 3)


@pytest.mark.parametrize(("counted", "total", "terms"), [(True, 7 / 4, 4), (False, 7.0, 1)])
def test_a_mean_divides_by_the_cells_that_count(counted, total, terms):
    pool = {"op": "avgpool", "kernel": 2, "stride": 2, "padding": 1, "count_include_pad": counted}
    explained = compute([pool], [[[7, 1], [1, 1]]]).explain("avgpool1", 0)
    assert explained.total == explained.value == total
    assert explained.terms == terms
    assert explained.kernel.sum() == 1
    assert explained.formula == f"Σ input[0, i − 1, j − 1] / {terms}"


def test_in_ceil_mode_a_mean_leaves_out_what_lies_beyond_the_padding():
    # columns 2–3 of a row of three: column 3 is beyond the end, so 9 / 1
    pool = {"op": "avgpool", "kernel": [1, 2], "stride": 2, "ceil_mode": True}
    explained = compute([pool], [[[1, 2, 9]]]).explain("avgpool1", 0, 0, 1)
    assert explained.inside.tolist() == [[True, False]]
    assert explained.kernel.tolist() == [[[1, 0]]]
    assert explained.total == explained.value == 9


def test_a_global_mean_is_over_the_whole_map():
    explained = compute([{"op": "globalavgpool"}], COUNTING).explain("globalavgpool1", 0)
    assert explained.total == explained.value == 5
    assert explained.formula == "Σ input[0, i, j] / 9"


# --- functions and normalisation


@pytest.mark.parametrize(
    ("layer", "x", "total", "formula"),
    [
        ({"op": "relu"}, -2, 0, "max(0, x)"),
        ({"op": "relu"}, 3, 3, "max(0, x)"),
        ({"op": "relu6"}, 7, 6, "min(max(0, x), 6)"),
        ({"op": "leakyrelu", "slope": 0.5}, -4, -2, "x if x ≥ 0, else 0.5·x"),
        ({"op": "elu", "alpha": 2}, -math.log(2), -1, "x if x > 0, else 2·(exp(x) − 1)"),
        ({"op": "selu"}, 1, 1.0507009873554805, "1.0507·(x if x > 0, else 1.6733·(exp(x) − 1))"),
        ({"op": "sigmoid"}, math.log(3), 0.75, "1 / (1 + exp(−x))"),
        ({"op": "tanh"}, math.log(3) / 2, 0.5, "tanh(x)"),
        ({"op": "silu"}, math.log(3), 0.75 * math.log(3), "x / (1 + exp(−x))"),
        ({"op": "gelu"}, 1, 0.8413447460685429, "x · Φ(x), Φ the normal distribution"),
        ({"op": "hardsigmoid"}, 1.5, 0.75, "min(max(0, x + 3), 6) / 6"),
        ({"op": "hardswish"}, -1, -1 / 3, "x · min(max(0, x + 3), 6) / 6"),
        ({"op": "softplus"}, 0, math.log(2), "log(1 + exp(1·x)) / 1, x itself where 1·x > 20"),
        ({"op": "softplus", "threshold": 2}, 3, 3, "log(1 + exp(1·x)) / 1, x itself where 1·x > 2"),
        ({"op": "dropout"}, 3, 3, "x, as nothing is dropped outside training"),
    ],
)
def test_a_function_says_its_formula_and_the_value_before(layer, x, total, formula):
    explained = compute([layer], [[[x]]]).explain(f"{layer['op']}1", 0)
    assert explained.before == {"x": pytest.approx(x)}
    assert explained.total == pytest.approx(total, rel=1e-6)
    assert explained.value == pytest.approx(total, rel=1e-6)
    assert explained.formula == formula


def test_the_learned_slope_of_a_prelu_is_its_channels():
    explained = compute([{"op": "prelu"}], [[[-2]], [[-2]]], {"prelu1": {"weight": [0.5, 0.25]}}).explain("prelu1", 1)
    assert explained.total == explained.value == -0.5
    assert explained.formula == "x if x ≥ 0, else 0.25·x"


def test_batch_normalisation_is_a_factor_and_an_offset():
    # variance 3.75 + eps 0.25 = 4, factor 6/2 = 3, offset 1 − 5·3 = −14: 7·3 − 14 = 7
    params = {"batchnorm1": {"weight": [6], "bias": [1], "running_mean": [5], "running_var": [3.75]}}
    explained = compute([{"op": "batchnorm", "eps": 0.25}], [[[7]]], params).explain("batchnorm1", 0)
    assert explained.total == explained.value == 7
    assert explained.kernel.tolist() == [[[3]]]
    assert explained.bias == -14
    assert explained.before == {
        "x": 7,
        "factor": 3,
        "offset": -14,
        "mean": 5,
        "variance": 3.75,
        "eps": 0.25,
        "weight": 6,
        "bias": 1,
    }


def test_a_scale_is_a_factor_and_an_offset():
    params = {"scale1": {"weight": [1, 2], "bias": [3, 4]}}
    explained = compute([{"op": "scale"}], [[[9]], [[10]]], params).explain("scale1", 1)
    assert explained.total == explained.value == 24
    assert (explained.products_sum, explained.bias) == (20, 4)


def test_local_response_normalisation_divides_by_its_neighbours():
    # channels 1, 2, 3, 4 (size 4 reaches two back and one on); of channel 3: 2² + 3² + 4² = 29 (what follows is 0),
    # 1 + 4/4·29 = 30, to the power 0.5
    lrn = {"op": "lrn", "size": 4, "alpha": 4, "beta": 0.5, "k": 1}
    explained = compute([lrn], [[[1]], [[2]], [[3]], [[4]]]).explain("lrn1", 3)
    assert explained.inputs == (Source("input", 1, 3),)
    assert explained.before == {"x": 4, "squares": 29, "divisor": pytest.approx(math.sqrt(30))}
    assert explained.total == pytest.approx(4 / math.sqrt(30))
    assert explained.value == pytest.approx(explained.total, rel=1e-6)
    assert explained.formula == "x / (1 + 4 / 4 · Σ x[c]²)^0.5, c from 1 to 3"


def test_a_softmax_lists_the_largest_shares():
    # exp(log 1, log 2, log 5) = 1, 2, 5, of 8
    image = [[[0.0]], [[math.log(2)]], [[math.log(5)]]]
    explained = compute([{"op": "softmax"}], image).explain("softmax1", 1)
    assert explained.total == pytest.approx(2 / 8)
    assert [share.channel for share in explained.shares] == [2, 1, 0]
    assert [share.share for share in explained.shares] == pytest.approx([5 / 8, 2 / 8, 1 / 8])
    assert explained.before["sum"] == pytest.approx(8 / 5)


def test_a_softmax_lists_at_most_ten_shares():
    explained = compute([{"op": "softmax"}], np.zeros((12, 1, 1))).explain("softmax1", 11)
    assert [share.channel for share in explained.shares] == list(range(10))


# --- merges and moves

BRANCHES = [{"op": "relu", "name": "a", "from": "input"}, {"op": "tanh", "name": "b", "from": "input"}]


def test_a_sum_shows_the_value_of_every_input():
    explained = compute([*BRANCHES, {"op": "add", "from": ["a", "input", "a"]}], [[[1]], [[2]]]).explain("add1", 1)
    assert explained.inputs == (Source("a", 1, 1), Source("input", 1, 1), Source("a", 1, 1))
    assert explained.by_channel.tolist() == [2, 2, 2]
    assert explained.total == explained.value == 6
    assert explained.formula == "a + input + a"


def test_a_product_shows_the_value_of_every_input():
    explained = compute([*BRANCHES, {"op": "mul", "from": ["a", "input"]}], [[[3]]]).explain("mul1", 0)
    assert explained.patch.tolist() == [[[3]], [[3]]]
    assert explained.total == explained.value == 9
    assert explained.kernel is None
    assert explained.formula == "a · input"


def test_a_concatenation_says_which_input_and_which_channel():
    net = compute([*BRANCHES, {"op": "concat", "from": ["b", "a"]}], [[[1, 2]], [[3, 4]]])
    explained = net.explain("concat1", 3, 0, 1)
    assert explained.inputs == (Source("a", 1, 1),)
    assert explained.total == explained.value == 4
    assert explained.formula == "a[1, 0, 1]"


def test_a_value_of_a_flattened_volume_says_where_it_was_and_sees_what_it_saw():
    # 2×2×3, value 10 = (1·2 + 1)·3 + 1
    net = compute([{"op": "flatten"}, {"op": "relu"}], np.arange(12).reshape(2, 2, 3))
    explained = net.explain("flatten1", 10)
    assert explained.inputs == (Source("input", 1, 1),)
    assert (explained.window.top, explained.window.left) == (1, 1)
    assert explained.total == explained.value == 10
    assert explained.formula == "input[1, 1, 1]"
    assert explained.receptive_field.box == net.explain("relu1", 10).receptive_field.box == Box(1, 1, 1, 1)
    assert not explained.receptive_field.whole


def test_flattening_a_vector_moves_nothing():
    layers = [{"op": "flatten"}, {"op": "flatten"}]
    explained = compute(layers, [[[1, 2, 3]]]).explain("flatten2", 2)
    assert explained.formula == "flatten1[2]"
    assert explained.total == 3
    assert explained.receptive_field.box == Box(0, 2, 0, 2)


def test_a_border_holds_its_own_value():
    net = compute([{"op": "pad", "padding": [1, 0, 1, 0], "value": -2.5}], COUNTING)
    border, within = net.explain("pad1", 0, 0, 2), net.explain("pad1", 0, 2, 3)
    assert border.total == border.value == -2.5
    assert not border.inside.any()
    assert border.formula == "−2.5, the value of the border"
    assert within.total == within.value == 6
    assert within.formula == "input[0, 1, 2]"


def test_a_unit_where_branches_of_different_strides_meet_has_no_box():
    layers = [
        {"op": "maxpool", "name": "a", "kernel": 1, "stride": 2, "from": "input"},
        {"op": "maxpool", "name": "b", "kernel": 2, "stride": 1, "from": "input"},
        {"op": "add", "from": ["a", "b"]},
    ]
    assert compute(layers, [[[1, 2], [3, 4]]]).explain("add1", 0).receptive_field is None


# --- refusals


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((600, 0, 0), "channel 600 does not exist: conv1 has 6 maps, 0 to 5"),
        ((-1, 0, 0), "channel -1 does not exist: conv1 has 6 maps, 0 to 5"),
        ((0, 2, 0), "row 2 does not exist: conv1 has 2 rows, 0 to 1"),
        ((0, 0, 3), "column 3 does not exist: conv1 has 3 columns, 0 to 2"),
    ],
)
def test_a_place_that_does_not_exist_is_refused_with_the_range(place, message):
    net = compute([{"op": "conv", "filters": 6, "kernel": 1}], np.zeros((1, 2, 3)))
    with pytest.raises(NotFound) as caught:
        net.explain("conv1", *place)
    assert caught.value.detail == message


def test_a_vector_has_no_rows_or_columns():
    net = compute([{"op": "flatten"}], np.zeros((1, 2, 3)))
    with pytest.raises(NotFound, match="channel 6 does not exist: flatten1 has 6 values, 0 to 5"):
        net.explain("flatten1", 6)
    with pytest.raises(NotFound, match="column 1 does not exist"):
        net.explain("flatten1", 0, 0, 1)


@pytest.mark.parametrize("op", ["maxpool", "avgpool"])
def test_a_window_of_billions_of_cells_is_refused_before_it_is_made(op):
    pool = {"op": op, "kernel": 10**9, "padding": 5 * 10**8}
    network = build_network(parse_spec({"input": [1, 1, 1], "layers": [pool]}))
    weights = Weights({}, {}, Provenance("none"), "none")
    with pytest.raises(OverLimit) as caught:
        explain(
            network,
            weights,
            analyze(network),
            network.nodes[0],
            lambda _: torch.ones(1, 1, 1, 1),
            channel=0,
            max_cells=1000,
        )
    assert caught.value.limit == 1000


@pytest.mark.parametrize(
    "layer", [{"op": "linear", "units": 1}, {"op": "softmax"}, {"op": "relu"}], ids=lambda layer: layer["op"]
)
def test_only_what_is_listed_counts_against_the_limit(layer):
    net = compute([{"op": "flatten"}, layer], np.zeros((1, 4, 4)))
    name = f"{layer['op']}1"
    assert net.explain(name, 0, max_cells=16).total == net.explain(name, 0).total
    if layer["op"] == "relu":
        assert net.explain(name, 0, max_cells=1).terms == 1
    else:
        with pytest.raises(OverLimit, match="16 cells; at most 15"):
            net.explain(name, 0, max_cells=15)


# --- form and cost


def test_the_json_form_has_every_field():
    conv = {"op": "conv", "filters": 1, "kernel": 2, "padding": [1, 0, 0, 0]}
    net = compute(
        [conv, {"op": "maxpool", "kernel": 1}], COUNTING, {"conv1": {"weight": [[[[1, 1], [1, 1]]]], "bias": [1]}}
    )
    unit = json.loads(json.dumps(net.explain("conv1", 0).as_dict(), allow_nan=False))
    assert unit == {
        "layer": "conv1",
        "op": "conv",
        "channel": 0,
        "y": 0,
        "x": 0,
        "value": 6,
        "total": 6,
        "relative_difference": 0,
        "bias": 1,
        "terms": 4,
        "products_sum": 5,
        "window": {
            "top": 0,
            "left": -1,
            "height": 2,
            "width": 2,
            "stride": [1, 1],
            "dilation": [1, 1],
            "padding": [1, 0, 0, 0],
        },
        "inputs": [{"layer": "input", "channels": [0, 0]}],
        "patch": [[[0, 1], [0, 4]]],
        "kernel": [[[1, 1], [1, 1]]],
        "inside": [[False, True], [False, True]],
        "by_channel": [5],
        "winner": None,
        "before": None,
        "shares": None,
        "scale": None,
        "formula": "Σ input[c, i, j − 1] · weight[0, c, i, j] + bias[0]",
        "receptive_field": {
            "top": 0,
            "left": -1,
            "bottom": 1,
            "right": 0,
            "clipped": {"top": 0, "left": 0, "bottom": 1, "right": 0},
            "whole": False,
        },
    }
    pooled = net.explain("maxpool1", 0).as_dict()
    assert pooled["winner"] == {"y": 0, "x": 0, "value": 6}
    assert pooled["kernel"] is pooled["by_channel"] is pooled["bias"] is pooled["products_sum"] is None


def test_numbers_that_are_not_finite_become_null():
    big = 3e38  # twice this is more than float32 holds
    layers = [{"op": "add", "from": ["input", "input"]}, {"op": "relu"}, {"op": "maxpool", "kernel": 2}]
    net = compute(layers, [[[1.0, big], [2, 3]]])
    assert net.explain("add1", 0, 0, 1).as_dict()["value"] is None
    function = net.explain("relu1", 0, 0, 1)
    assert (function.value, function.total, function.relative_difference) == (math.inf, math.inf, 0)
    assert function.as_dict()["before"] == {"x": None}
    pooled = json.loads(json.dumps(net.explain("maxpool1", 0).as_dict(), allow_nan=False))
    assert pooled["winner"] == {"y": 0, "x": 1, "value": None}
    assert pooled["patch"] == [[[2, None], [4, 6]]]


def test_only_the_patch_is_copied():
    net = compute([{"op": "conv", "filters": 2, "kernel": 3, "padding": 1}], np.zeros((16, 128, 128)))
    net.explain("conv1", 1, 64, 64)
    tracemalloc.start()
    try:
        net.explain("conv1", 1, 64, 64)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024  # the input has 1 MB, the patch 1,152 bytes in float64
