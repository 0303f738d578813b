"""Numbers that stand in the lecture and in the papers."""

import tracemalloc
from time import perf_counter

import pytest

from app.net.analysis import Analysis, analyze
from app.net.graph import build_network
from app.net.presets import preset
from tests.net.networks import analysis, layer


def numbers(name: str) -> Analysis:
    return analyze(build_network(preset(name).spec))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("vgg11", 132_863_336), ("vgg13", 133_047_848), ("vgg16", 138_357_544), ("vgg19", 143_667_240)],
)
def test_vgg_has_its_published_parameters(name: str, parameters: int) -> None:
    assert numbers(name).parameters == parameters


def test_vgg16_has_15_47_billion_multiply_adds() -> None:
    # 15,346,630,656 in the convolutions and 25088·4096 + 4096·4096 + 4096·1000 = 123,633,664 in the classifier
    assert numbers("vgg16").multiply_adds == 15_346_630_656 + 123_633_664


@pytest.mark.parametrize(
    ("layer_name", "size", "stride", "padding"),
    [
        ("conv1_1", 3, 1, 1),
        ("pool1", 6, 2, 2),
        ("conv3_2", 32, 4, 14),
        ("conv5_3", 196, 16, 90),
        ("pool5", 212, 32, 90),
    ],
)
def test_vgg16_has_its_known_receptive_fields(layer_name: str, size: int, stride: int, padding: int) -> None:
    # size, by hand: every 3×3 adds 2·stride, every 2×2 pooling 1·stride; padding: every convolution adds its stride
    field = numbers("vgg16").layer(layer_name).receptive_field
    assert (field.size, field.stride, field.padding) == ((size,) * 2, (stride,) * 2, (padding,) * 2)


def test_vgg16_names_its_layers_as_the_field_does() -> None:
    names = [each.name for each in numbers("vgg16").layers]
    assert names[:5] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1"]
    assert names[-8:] == ["pool5", "flatten", "fc6", "relu6", "fc7", "relu7", "fc8", "softmax"]
    assert len(names) == 31 + 7


def test_row_2_fully_connected_has_a_trillion_parameters() -> None:
    assert numbers("sizes_fully_connected").parameters == 10**12


def test_row_3_locally_connected_has_a_hundred_million() -> None:
    local = numbers("sizes_local").layer("hidden")
    assert (local.parameters, local.output_shape) == (10**8, (1, 1000, 1000))


def test_row_4_convolutional_has_ten_thousand() -> None:
    assert numbers("sizes_conv").parameters == 10**4


def test_row_6_one_score_is_a_dot_product_of_3072() -> None:
    scores = numbers("linear").layer("scores")
    assert (scores.input_shape, scores.output_shape) == ((3072,), (10,))
    assert scores.parameter_shapes == {"weight": (10, 3072)}
    assert scores.products == 3072


def test_rows_7_and_8_one_filter_makes_one_map_of_75_dimensional_dot_products() -> None:
    conv = numbers("slide_one").layer("conv1")
    assert conv.output_shape == (1, 28, 28)
    assert (conv.products, conv.parameters) == (75, 76)


def test_rows_9_and_10_maps_stack_to_a_new_image() -> None:
    assert [each.output_shape for each in numbers("slides").layers] == [
        (6, 28, 28),
        (6, 28, 28),
        (10, 24, 24),
        (10, 24, 24),
    ]


def test_row_15_pooling_halves_the_maps_and_has_no_parameters() -> None:
    pooled = numbers("pooling")
    assert pooled.layers[0].input_shape == (64, 224, 224)
    assert pooled.layers[0].output_shape == (64, 112, 112)
    assert pooled.parameters == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kernel": 5}, "floor((32 + 0 + 0 − 5)/1) + 1 = 28"),
        ({"kernel": 3, "padding": 1, "stride": 2}, "floor((32 + 1 + 1 − 3)/2) + 1 = 16"),
        ({"kernel": 3, "dilation": 2}, "floor((32 + 0 + 0 − 2·(3 − 1) − 1)/1) + 1 = 28"),
        ({"kernel": [1, 3]}, "height floor((32 + 0 + 0 − 1)/1) + 1 = 32, width floor((32 + 0 + 0 − 3)/1) + 1 = 30"),
    ],
)
def test_the_formula_stands_with_its_numbers(fields: dict[str, object], expected: str) -> None:
    assert analysis((3, 32, 32), layer("conv", filters=1, **fields)).layers[0].formula == expected


def test_the_formula_of_ceil_mode_says_when_the_last_window_is_dropped() -> None:
    # 4 cells, kernel 1, stride 3: the windows start at 0 and 3; with stride 5 the second would start beyond
    first = analysis((1, 4, 4), layer("maxpool", kernel=1, stride=3, ceil_mode=True)).layers[0]
    assert first.formula == "ceil((4 + 0 + 0 − 1)/3) + 1 = 2"
    second = analysis((1, 4, 4), layer("maxpool", kernel=1, stride=5, ceil_mode=True)).layers[0]
    assert second.formula == "ceil((4 + 0 + 0 − 1)/5) + 1 − 1 = 1"


def test_a_trillion_parameters_are_counted_at_once_and_without_memory() -> None:
    spec = preset("sizes_fully_connected").spec
    analyze(build_network(spec))
    tracemalloc.start()
    start = perf_counter()
    analyze(build_network(spec))
    seconds = perf_counter() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert seconds < 0.1
