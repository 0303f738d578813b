"""Networks whose every number a person can check on paper; the working stands beside each."""

from typing import Any

import pytest
import torch

from tests.net.networks import activations, layer, network

Nested = Any


def compute(x: Nested, *layers: dict[str, Any], **params: dict[str, Nested]) -> Nested:
    """The last layer's output for one input C×H×W, as nested lists; `params` by layer name."""
    image = torch.tensor(x, dtype=torch.float32)
    tensors = {
        name: {key: torch.tensor(value, dtype=torch.float32) for key, value in each.items()}
        for name, each in params.items()
    }
    net = network(image.shape, *layers)
    return activations(net, tensors, image[None])[len(layers) - 1][0].tolist()


GRID = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
EIGHT = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]


def test_convolution_is_cross_correlation_with_a_bias() -> None:
    # kernel [[1, 2], [3, 4]] not flipped, bias 10:
    # 1·1 + 2·2 + 4·3 + 5·4 + 10 = 47   2·1 + 3·2 + 5·3 + 6·4 + 10 = 57
    # 4·1 + 5·2 + 7·3 + 8·4 + 10 = 77   5·1 + 6·2 + 8·3 + 9·4 + 10 = 87
    result = compute(
        [GRID],
        layer("conv", filters=1, kernel=2),
        conv1={"weight": [[[[1, 2], [3, 4]]]], "bias": [10]},
    )
    assert result == [[[47, 57], [77, 87]]]


def test_convolution_sums_over_all_input_maps() -> None:
    # one cell of two maps: 2·3 + 5·7 + 1 = 42; second filter 2·(−1) + 5·0 + 0 = −2
    result = compute(
        [[[2]], [[5]]],
        layer("conv", filters=2, kernel=1),
        conv1={"weight": [[[[3]], [[7]]], [[[-1]], [[0]]]], "bias": [1, 0]},
    )
    assert result == [[[42]], [[-2]]]


def test_convolution_with_stride_skips_places() -> None:
    # sums of the 2×2 blocks: 1+2+5+6 = 14, 3+4+7+8 = 22, 9+10+13+14 = 46, 11+12+15+16 = 54
    result = compute(
        [EIGHT],
        layer("conv", filters=1, kernel=2, stride=2, bias=False),
        conv1={"weight": [[[[1, 1], [1, 1]]]]},
    )
    assert result == [[[14, 22], [46, 54]]]


def test_convolution_with_padding_sees_zeros_outside() -> None:
    # sum of the 3×3 neighbourhood, zeros outside: corner 1+2+4+5 = 12, edge 1+2+3+4+5+6 = 21, centre 45
    result = compute(
        [GRID],
        layer("conv", filters=1, kernel=3, padding=1, bias=False),
        conv1={"weight": [[[[1, 1, 1], [1, 1, 1], [1, 1, 1]]]]},
    )
    assert result == [[[12, 21, 16], [27, 45, 33], [24, 39, 28]]]


def test_convolution_with_padding_on_two_sides_only() -> None:
    # padding [left 1, right 0, top 0, bottom 1], kernel of ones 2×2:
    # row 0: 0+0+1+4 = 5, 1+2+4+5 = 12, 2+3+5+6 = 16; row 2: 0+0+7 = 7, 7+8 = 15, 8+9 = 17
    result = compute(
        [GRID],
        layer("conv", filters=1, kernel=2, padding=[1, 0, 0, 1], bias=False),
        conv1={"weight": [[[[1, 1], [1, 1]]]]},
    )
    assert result == [[[5, 12, 16], [11, 24, 28], [7, 15, 17]]]


def test_same_padding_of_an_even_kernel_puts_the_odd_cell_right_and_below() -> None:
    # kernel 2×2 of ones: one row below and one column to the right: 1+2+4+5 = 12, …, 3+6 = 9; 7+8 = 15, …, 9
    result = compute(
        [GRID],
        layer("conv", filters=1, kernel=2, padding="same", bias=False),
        conv1={"weight": [[[[1, 1], [1, 1]]]]},
    )
    assert result == [[[12, 16, 9], [24, 28, 15], [15, 17, 9]]]


def test_convolution_with_dilation_spreads_its_taps() -> None:
    # taps two apart see the corners: 1·1 + 3·2 + 7·3 + 9·4 = 64
    result = compute(
        [GRID],
        layer("conv", filters=1, kernel=2, dilation=2, bias=False),
        conv1={"weight": [[[[1, 2], [3, 4]]]]},
    )
    assert result == [[[64]]]


def test_convolution_in_two_groups_is_two_convolutions_side_by_side() -> None:
    # maps 1, 2 feed filter 0 (1·1 + 2·10 = 21), maps 3, 4 feed filter 1 (3·100 + 4·1000 = 4300)
    result = compute(
        [[[1]], [[2]], [[3]], [[4]]],
        layer("conv", filters=2, kernel=1, groups=2, bias=False),
        conv1={"weight": [[[[1]], [[10]]], [[[100]], [[1000]]]]},
    )
    assert result == [[[21]], [[4300]]]


def test_depthwise_convolution_gives_each_map_its_own_filters() -> None:
    # groups = 2 input maps, 4 filters: two a map: 3·1, 3·2, 5·3, 5·4
    result = compute(
        [[[3]], [[5]]],
        layer("conv", filters=4, kernel=1, groups=2, bias=False),
        conv1={"weight": [[[[1]]], [[[2]]], [[[3]]], [[[4]]]]},
    )
    assert result == [[[3]], [[6]], [[15]], [[20]]]


def test_locally_connected_layer_has_a_kernel_for_every_place() -> None:
    # place (0,0) sums 1+2+4+5 = 12, (0,1) takes the left column 2+5 = 7, (1,0) ten times its corner 10·8 = 80,
    # (1,1) nothing; biases 0, 1, 2, 3
    result = compute(
        [GRID],
        layer("local", filters=1, kernel=2),
        local1={
            "weight": [[[[[[1, 1], [1, 1]]], [[[1, 0], [1, 0]]]], [[[[0, 0], [0, 10]]], [[[0, 0], [0, 0]]]]]],
            "bias": [[[0, 1], [2, 3]]],
        },
    )
    assert result == [[[12, 8], [82, 3]]]


def test_linear_layer_is_one_dot_product_a_unit() -> None:
    # flatten gives (1, 2, 3, 4), map by map: 1·1 + 2·2 + 3·3 + 4·4 + 5 = 35; 4 − 1 − 1 = 2
    result = compute(
        [[[1, 2]], [[3, 4]]],
        layer("flatten"),
        layer("linear", units=2),
        linear1={"weight": [[1, 2, 3, 4], [-1, 0, 0, 1]], "bias": [5, -1]},
    )
    assert result == [35, 2]


LECTURE = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]


def test_max_pooling_of_the_lecture() -> None:
    # max of each 2×2 block: 1 1 5 6 → 6, 2 4 7 8 → 8, 3 2 1 2 → 3, 1 0 3 4 → 4
    assert compute([LECTURE], layer("maxpool", kernel=2, stride=2)) == [[[6, 8], [3, 4]]]


def test_average_pooling_of_the_lecture() -> None:
    # (1+1+5+6)/4 = 3.25, (2+4+7+8)/4 = 5.25, (3+2+1+2)/4 = 2, (1+0+3+4)/4 = 2
    assert compute([LECTURE], layer("avgpool", kernel=2, stride=2)) == [[[3.25, 5.25], [2, 2]]]


def test_padding_never_wins_a_max_pooling() -> None:
    # all values negative: the largest of each window is a true one, never the padding
    result = compute([[[-1, -2], [-3, -4]]], layer("maxpool", kernel=2, stride=2, padding=1))
    assert result == [[[-1, -2], [-3, -4]]]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # window (0,0) holds 1 and three cells of padding: 4/4 = 1 with them, 4/1 = 4 without
        (True, [[[1, 2], [3, 4]]]),
        (False, [[[4, 8], [12, 16]]]),
    ],
)
def test_average_pooling_counts_padding_or_not(counts: bool, expected: Nested) -> None:
    result = compute([[[4, 8], [12, 16]]], layer("avgpool", kernel=2, stride=2, padding=1, count_include_pad=counts))
    assert result == expected


def test_average_pooling_with_padding_on_one_side() -> None:
    # padding 1 on the left, stride 2: (0+2)/2 = 1, (4+6)/2 = 5; without counting it 2/1 = 2
    padded = {"kernel": [1, 2], "stride": [1, 2], "padding": [1, 0, 0, 0]}
    assert compute([[[2, 4, 6]]], layer("avgpool", **padded)) == [[[1, 5]]]
    assert compute([[[2, 4, 6]]], layer("avgpool", **padded, count_include_pad=False)) == [[[2, 5]]]


def test_ceil_mode_keeps_a_last_window_that_reaches_over_the_edge() -> None:
    # width 3, kernel 2, stride 2: floor gives one window (1, 2); ceil a second with 3 alone, and its mean is 3/1
    assert compute([[[1, 2, 3]]], layer("maxpool", kernel=[1, 2])) == [[[2]]]
    assert compute([[[1, 2, 3]]], layer("maxpool", kernel=[1, 2], ceil_mode=True)) == [[[2, 3]]]
    assert compute([[[1, 2, 3]]], layer("avgpool", kernel=[1, 2], ceil_mode=True)) == [[[1.5, 3]]]


def test_global_pooling_takes_the_whole_map() -> None:
    # (1 + … + 9)/9 = 5
    assert compute([GRID], layer("globalavgpool")) == [[[5]]]
    assert compute([GRID], layer("globalmaxpool")) == [[[9]]]


def test_pad_puts_a_border_of_its_value_around_the_map() -> None:
    # left 1, right 2, top 0, bottom 1
    assert compute([[[5]]], layer("pad", padding=[1, 2, 0, 1], value=7)) == [[[7, 5, 7, 7], [7, 7, 7, 7]]]


def test_local_response_normalisation_divides_by_the_neighbouring_channels() -> None:
    # size 3, alpha 3, beta 1, k 1: x/(1 + 3·(Σ of squares)/3); channels 1, 2, 3 (zeros beyond):
    # 1/(1+1+4) = 1/6, 2/(1+1+4+9) = 2/15, 3/(1+4+9) = 3/14
    result = compute([[[1]], [[2]], [[3]]], layer("lrn", size=3, alpha=3, beta=1, k=1))
    assert result == [[[pytest.approx(1 / 6)]], [[pytest.approx(2 / 15)]], [[pytest.approx(3 / 14)]]]


def test_batch_normalisation_uses_the_stored_statistics() -> None:
    # (7 − 1)/√(8 + 1)·2 + 3 = 7 with eps 1
    result = compute(
        [[[7]]],
        layer("batchnorm", eps=1),
        batchnorm1={"weight": [2], "bias": [3], "running_mean": [1], "running_var": [8]},
    )
    assert result == [[[7]]]


def test_scale_multiplies_and_shifts_each_channel() -> None:
    # 3·2 + 1 = 7, 5·(−1) + 0.5 = −4.5
    assert compute([[[3]], [[5]]], layer("scale"), scale1={"weight": [2, -1], "bias": [1, 0.5]}) == [[[7]], [[-4.5]]]


def test_add_and_mul_join_the_same_cell_of_their_inputs() -> None:
    # relu(−2, 3) = (0, 3); with the input: sum (−2, 6), product (0, 9); three inputs: −2 − 2 + 0 = −4, 3 + 3 + 3 = 9
    x = [[[-2, 3]]]
    assert compute(x, layer("relu"), layer("add", ["relu1", "input"])) == [[[-2, 6]]]
    assert compute(x, layer("relu"), layer("mul", ["relu1", "input"])) == [[[0, 9]]]
    assert compute(x, layer("relu"), layer("add", ["input", "input", "relu1"])) == [[[-4, 9]]]


def test_concat_stacks_maps_in_the_order_of_from() -> None:
    assert compute([[[-2]]], layer("relu"), layer("concat", ["relu1", "input"])) == [[[0]], [[-2]]]


def test_softmax_of_logarithms_gives_their_shares() -> None:
    # exp(ln 1), exp(ln 2), exp(ln 5) over 8
    logits = torch.tensor([1.0, 2.0, 5.0]).log().reshape(3, 1, 1).tolist()
    shares = [pytest.approx(share, rel=1e-6) for share in (1 / 8, 2 / 8, 5 / 8)]
    assert compute(logits, layer("flatten"), layer("softmax")) == shares
    assert compute(logits, layer("softmax")) == [[[share]] for share in shares]


@pytest.mark.parametrize(
    ("op", "fields", "x", "expected"),
    [
        ("relu", {}, [-1, 0, 2], [0, 0, 2]),
        ("relu6", {}, [-1, 5, 7], [0, 5, 6]),
        ("leakyrelu", {"slope": 0.25}, [-4, 2], [-1, 2]),
        ("elu", {"alpha": 2}, [-1000, 3], [-2, 3]),
        ("sigmoid", {}, [0], [0.5]),
        ("tanh", {}, [0, 100], [0, 1]),
        ("silu", {}, [0, 100], [0, 100]),
        ("gelu", {}, [0, 100], [0, 100]),
        ("hardsigmoid", {}, [-3, 0, 3], [0, 0.5, 1]),
        ("hardswish", {}, [-3, 1, 3], [0, pytest.approx(2 / 3), 3]),
        ("softplus", {"threshold": 1}, [5], [5]),
        ("dropout", {"p": 0.9}, [1, -2], [1, -2]),
    ],
)
def test_functions_of_one_value(op: str, fields: dict[str, Any], x: list[float], expected: list[Any]) -> None:
    # relu6 clips at 6; leaky −4·0.25; elu 2·(e^−1000 − 1) = −2; hardsigmoid x/6 + 1/2; hardswish 1·(1 + 3)/6 = 2/3;
    # softplus above its threshold is x itself
    assert compute([[x]], layer(op, **fields)) == [[expected]]


def test_prelu_has_a_slope_for_every_channel() -> None:
    # −4·0.5 = −2, −4·2 = −8; positive values stay
    result = compute([[[-4, 1]], [[-4, 1]]], layer("prelu"), prelu1={"weight": [0.5, 2]})
    assert result == [[[-2, 1]], [[-8, 1]]]


def test_selu_scales_by_its_published_constants() -> None:
    # Klambauer et al. 2017: λ = 1.0507009873554805, α = 1.6732632423543772; far below zero −λα = −1.7580993408473766
    assert compute([[[1, -100]]], layer("selu")) == [[[pytest.approx(1.05070099), pytest.approx(-1.75809934)]]]
