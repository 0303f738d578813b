"""What the walk over a network says, and the places and reasons of what does not fit."""

from time import perf_counter
from typing import Any

import pytest

from app.errors import NotFound, SpecError
from app.net.analysis import analyze
from app.net.fields import MAX_SOURCES
from tests.net.networks import analysis, layer, network


def refused(size: tuple[int, int, int], *layers: dict[str, Any]) -> SpecError:
    with pytest.raises(SpecError) as caught:
        analysis(size, *layers)
    return caught.value


def test_a_kernel_larger_than_its_input_is_told_with_the_formula_and_what_fits() -> None:
    error = refused((3, 9, 9), layer("conv", filters=4, kernel=5), layer("conv", filters=4, kernel=7, name="second"))
    assert error.detail == (
        "layers[1] (second): kernel 7×7 does not fit its input 5×5 (floor((5 + 0 + 0 − 7)/1) + 1 = −1)"
    )
    assert error.expected == "a kernel of at most 5×5, or padding of at least 1"
    assert error.where == "layers[1] (second).kernel"


@pytest.mark.parametrize(
    "fields",
    [{"kernel": 9}, {"kernel": [2, 9], "dilation": 2}, {"kernel": 7, "padding": [1, 0, 0, 0]}, {"kernel": [12, 3]}],
)
def test_the_kernel_and_the_padding_that_are_offered_fit(fields: dict[str, Any]) -> None:
    size = (1, 5, 6)
    expected = refused(size, layer("conv", filters=1, **fields)).expected
    assert expected is not None
    kernel, padding = expected.removeprefix("a kernel of at most ").split(", or padding of at least ")
    smaller = [int(side) for side in kernel.split("×")]
    wider = [int(each) for each in padding.removesuffix(" [height, width]").strip("[]").split(",")] * 2
    assert analysis(size, layer("conv", filters=1, **fields | {"kernel": smaller})).layers[0].output_shape
    assert analysis(size, layer("conv", filters=1, **fields | {"padding": wider[:2]})).layers[0].output_shape


def test_groups_that_do_not_divide_are_told_with_those_that_do() -> None:
    error = refused((6, 9, 9), layer("conv", filters=12, kernel=3, groups=4))
    assert error.detail == "layers[0] (conv1): groups 4 must divide both the 6 input maps and the 12 filters"
    assert error.expected == "groups of 1, 2, 3 or 6"
    assert error.where == "layers[0] (conv1).groups"


def test_a_linear_layer_on_maps_asks_for_a_flatten() -> None:
    error = refused((512, 7, 7), layer("linear", units=10))
    assert error.detail == "layers[0] (linear1): linear takes a vector, its input is 512×7×7"
    assert error.expected == "a flatten before it (would give 25,088)"


@pytest.mark.parametrize("op", ["conv", "local", "maxpool", "avgpool", "globalavgpool", "globalmaxpool", "pad", "lrn"])
def test_layers_on_maps_refuse_a_vector(op: str) -> None:
    fields = {"conv": {"filters": 1, "kernel": 1}, "local": {"filters": 1, "kernel": 1}, "pad": {"padding": 1}}
    fields |= {"maxpool": {"kernel": 1}, "avgpool": {"kernel": 1}}
    error = refused((3, 2, 2), layer("flatten"), layer(op, **fields.get(op, {})))
    assert error.detail == f"layers[1] ({op}1): {op} takes maps (C×H×W), its input is a vector of 12"


def test_inputs_of_different_shape_cannot_be_added_or_multiplied() -> None:
    for op in ("add", "mul"):
        error = refused((3, 9, 9), layer("conv", filters=6, kernel=3), layer(op, ["input", "conv1"]))
        assert error.detail == f"layers[1] ({op}1): {op} takes inputs of one shape, these are 3×9×9 and 6×7×7"


def test_maps_of_different_size_cannot_be_stacked() -> None:
    error = refused((3, 9, 9), layer("maxpool", kernel=3), layer("concat", ["input", "maxpool1"]))
    assert error.detail == (
        "layers[1] (concat1): concat stacks maps of one height and width, these are 3×9×9 and 3×3×3"
    )
    assert (
        refused((3, 2, 2), layer("flatten"), layer("concat", ["flatten1", "input"])).where == "layers[1] (concat1).from"
    )


def test_joining_layers_take_two_or_more_and_all_others_one() -> None:
    assert "add takes two or more inputs" in refused((3, 9, 9), layer("add", "input")).detail
    assert "relu takes one input, `from` names 2" in refused((3, 9, 9), layer("relu", ["input", "input"])).detail


def test_same_padding_with_a_stride_is_refused() -> None:
    error = refused((3, 9, 9), layer("conv", filters=1, kernel=3, padding="same", stride=[1, 2]))
    assert error.where == "layers[0] (conv1).padding"
    assert error.expected == "stride 1, or padding in numbers"


def test_pooling_is_padded_by_half_a_kernel_at_most() -> None:
    error = refused((3, 9, 9), layer("maxpool", kernel=3, padding=2))
    assert error.detail == "layers[0] (maxpool1): padding 2 is more than half of the maxpool kernel 3"
    assert error.expected == "padding of at most 1"


def test_a_pooling_window_that_could_see_padding_alone_is_refused() -> None:
    # taps at −1 and 1 of an input of one cell: nothing to take the largest of
    error = refused((1, 1, 1), layer("maxpool", kernel=2, padding=1, dilation=2, stride=1))
    assert error.expected == "no padding, or dilation of at most 1"


def test_concatenation_without_end_is_refused() -> None:
    layers = [layer("concat", ["input", "input"])]
    layers += [layer("concat", [f"concat{number}"] * MAX_SOURCES) for number in range(1, 5)]
    assert refused((1, 2, 2), *layers).limit == 10**9


@pytest.mark.parametrize("size", [(3, 0, 5), (3, 5), (3, 5, 5, 5), (-1, 5, 5), (3, 5, 10**9 + 1)])
def test_an_input_size_that_is_none_is_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(SpecError) as caught:
        analyze(network((3, 5, 5), layer("relu")), size)
    assert caught.value.where == "input"


def test_a_network_is_analysed_for_another_size_on_request() -> None:
    net = network((3, 8, 8), layer("conv", filters=2, kernel=3), layer("flatten"), layer("linear", units=4))
    numbers = analyze(net, (3, 10, 12))
    assert [each.output_shape for each in numbers.layers] == [(2, 8, 10), (160,), (4,)]
    assert numbers.input_shape == (3, 10, 12)


def test_a_layers_numbers_by_hand() -> None:
    # 4 filters of 2 maps a group: weights 4·2·3·5, bias 4; output 7×7 (9 + 2 − 5 + 1 wide, 9 − 3 + 1 high)
    net = analysis((4, 9, 9), layer("conv", filters=4, kernel=[3, 5], padding=[0, 1], groups=2), layer("relu"))
    conv, relu = net.layers
    assert (conv.output_shape, conv.parameters, conv.products) == ((4, 7, 7), 124, 30)
    assert conv.multiply_adds == 30 * 4 * 49
    assert (conv.inputs, relu.inputs) == (("input",), ("conv1",))
    assert (conv.input_shape, relu.input_shape) == ((4, 9, 9), (4, 7, 7))
    assert (relu.parameters, relu.multiply_adds, relu.formula) == (0, 0, None)
    assert net.activation_bytes == 4 * 2 * 196
    assert (net.parameters, net.multiply_adds) == (124, 5880)


def test_all_inputs_of_a_joining_layer_are_told() -> None:
    joined = analysis((2, 4, 4), layer("conv", filters=3, kernel=1), layer("concat", ["input", "conv1"])).layers[1]
    assert joined.input_shapes == ((2, 4, 4), (3, 4, 4))
    assert joined.output_shape == (5, 4, 4)


@pytest.mark.parametrize(
    ("layers", "signed"),
    [
        ([layer("relu")], False),
        ([layer("relu"), layer("maxpool", kernel=2), layer("avgpool", kernel=1), layer("lrn")], False),
        ([layer("relu"), layer("pad", padding=1, value=0.5)], False),
        ([layer("relu"), layer("pad", padding=1, value=-0.5)], True),
        ([layer("relu"), layer("add", ["relu1", "input"])], True),
        ([layer("relu"), layer("mul", ["relu1", "relu1"])], False),
        ([layer("relu"), layer("flatten"), layer("dropout"), layer("softmax")], False),
        ([layer("relu"), layer("flatten"), layer("linear", units=2)], True),
        ([layer("relu"), layer("scale")], True),
        ([layer("globalmaxpool")], True),
        ([layer("flatten")], True),
    ],
)
def test_signs_follow_the_layer_and_its_inputs(layers: list[dict[str, Any]], signed: bool) -> None:
    assert analysis((1, 4, 4), *layers).layers[-1].signed is signed


@pytest.mark.parametrize(
    ("fields", "operations"),
    [
        (layer("conv", filters=5, kernel=3, padding=1), 5 * 8 * 8 * 4 * 9),  # as its multiply-adds
        (layer("maxpool", kernel=[2, 4], stride=2), 4 * 4 * 3 * 8),  # 8 cells for each of 4 maps of 4×3
        (layer("avgpool", kernel=8), 4 * 64),
        (layer("globalavgpool"), 4 * 64),
        (layer("lrn", size=3), 256 * 3),
        (layer("lrn", size=10**9), 256 * 8),  # all four channels, and as many zeros
        (layer("relu"), 256),
        (layer("add", ["input", "input", "input"]), 256 * 3),
    ],
)
def test_work_is_counted_where_nothing_is_multiplied_too(fields: dict[str, Any], operations: int) -> None:
    assert analysis((4, 8, 8), fields).layers[0].operations == operations


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        (layer("conv", filters=5, kernel=3, padding=[1, 2, 3, 4]), 4 * 11 * 15),
        (layer("conv", filters=1, kernel=2, dilation=1000, padding="same"), 4 * 1008 * 1008),
        (layer("maxpool", kernel=[1, 10**6], ceil_mode=True), 4 * 8 * 10**6),  # one window far beyond the edge
        (layer("local", filters=5, kernel=3), 4 * 64 + 36 * 36),  # the input, and 36 values for each of 36 places
        (layer("lrn", size=3), (4 + 3) * 64),
        (layer("relu"), 0),
    ],
)
def test_memory_that_computing_takes_beside_input_and_output_is_known(fields: dict[str, Any], values: int) -> None:
    assert analysis((4, 8, 8), fields).layers[0].scratch_bytes == 4 * values


def test_layers_are_found_by_name() -> None:
    numbers = analysis((1, 4, 4), layer("relu"), layer("tanh"))
    assert numbers.layer("tanh1") is numbers.layers[1]
    with pytest.raises(NotFound) as caught:
        numbers.layer("tanh2")
    assert caught.value.expected == "`tanh1`"


def test_the_largest_network_of_the_grammar_is_analysed_in_seconds() -> None:
    layers = [layer("relu", name=f"r{index}") for index in range(MAX_SOURCES)]
    last = [f"r{index}" for index in range(MAX_SOURCES)]
    layers += [layer("add", last, name=f"a{index}") for index in range(1000 - MAX_SOURCES)]
    start = perf_counter()
    assert len(analysis((1, 4, 4), *layers).layers) == 1000
    assert perf_counter() - start < 5
