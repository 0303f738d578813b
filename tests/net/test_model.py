"""Models: ids made of content, presets, preprocessing, and what another input size leaves computable."""

import pytest
import torch

from app.errors import NotFound, Unavailable
from app.net.analysis import analyze
from app.net.graph import build_network
from app.net.model import Model, make_model, preset_model
from app.net.preprocessing import VGG, default_preprocessing
from app.net.presets import preset, preset_names
from app.net.spec import parse_spec
from app.net.weights import given
from tests.net.networks import activations, analysis, layer, network, random_params

PLENTY = 10**6


def model(*layers: dict[str, object], size: tuple[int, int, int] = (3, 8, 8), seed: int = 0) -> Model:
    net = network(size, *layers)
    return make_model(net, analyze(net), max_parameters=PLENTY, seed=seed)


CONV = layer("conv", filters=2, kernel=3)


def test_an_id_is_32_hexadecimal_digits_of_the_content() -> None:
    one = model(CONV)
    assert len(one.id) == 32
    assert set(one.id) <= set("0123456789abcdef")
    assert one.id == model(CONV | {"name": "conv1", "stride": 1}).id


def test_spec_seed_weights_and_preprocessing_each_change_the_id() -> None:
    net = network((3, 8, 8), CONV)
    numbers = analyze(net)
    by_hand = given(net, numbers, random_params(numbers))
    ids = {
        model(CONV).id,
        model(CONV | {"padding": 1}).id,
        model(CONV, seed=1).id,
        make_model(net, numbers, max_parameters=PLENTY, source=by_hand).id,
        make_model(net, numbers, max_parameters=PLENTY, preprocessing=VGG).id,
    }
    assert len(ids) == 5


def test_presets_have_ids_and_titles_of_their_own() -> None:
    models = [preset_model(name, PLENTY) for name in preset_names()]
    assert len({each.id for each in models}) == len({each.title for each in models}) == len(models)
    assert [each.name for each in models] == list(preset_names())


def test_the_first_presets_are_there() -> None:
    wanted = "vgg11 vgg13 vgg16 vgg19 slides linear two_layer slide_one pooling maxpool_4x4 avgpool_4x4"
    assert {*wanted.split(), "sizes_fully_connected", "sizes_local", "sizes_conv"} <= set(preset_names())


def test_an_unknown_preset_is_told_with_near_ones() -> None:
    with pytest.raises(NotFound) as caught:
        preset_model("vgg-16", PLENTY)
    assert "`vgg16`" in (caught.value.expected or "")


def test_only_vgg16_ships_with_weights() -> None:
    assert preset("vgg16").weights_file == "vgg16_features.safetensors"
    assert [name for name in preset_names() if preset(name).weights_file] == ["vgg16"]


def test_row_16_the_presets_example_pools_to_the_lectures_numbers() -> None:
    for name, expected in (("maxpool_4x4", [[6, 8], [3, 4]]), ("avgpool_4x4", [[3.25, 5.25], [2, 2]])):
        chosen = preset(name)
        x = torch.tensor([[chosen.example]])
        assert activations(build_network(chosen.spec), {}, x)[0][0, 0].tolist() == expected


def test_row_1_scores_are_matrix_products() -> None:
    for name, weights in (("linear", ["scores"]), ("two_layer", ["hidden", "scores"])):
        chosen = preset_model(name, PLENTY)
        params = chosen.source.load().params
        x = torch.randn(1, 3, 32, 32)
        expected = params[weights[0]]["weight"] @ x.flatten()
        for matrix in weights[1:]:
            expected = params[matrix]["weight"] @ expected.clamp(min=0)
        last = len(chosen.network.nodes) - 1
        torch.testing.assert_close(activations(chosen.network, params, x)[last][0], expected)


def test_preprocessing_travels_with_the_network() -> None:
    assert preset_model("vgg16", PLENTY).preprocessing == VGG
    assert VGG.mean == (123.68, 116.779, 103.939)
    assert VGG.scale == (1, 1, 1)
    assert model(CONV).preprocessing == default_preprocessing(3)


@pytest.mark.parametrize(("channels", "order"), [(1, "L"), (3, "RGB")])
def test_default_preprocessing_maps_pixels_to_minus_one_to_one(channels: int, order: str) -> None:
    steps = default_preprocessing(channels)
    assert (len(steps.mean), len(steps.scale), steps.order) == (channels, channels, order)
    for pixel, value in ((0, -1), (127.5, 0), (255, 1)):
        assert (pixel - steps.mean[0]) * steps.scale[0] == pytest.approx(value)


def test_a_photo_has_no_64_channels() -> None:
    steps = default_preprocessing(64)
    assert (steps.mean, steps.order) == ((), "array")


FLATTENED = [CONV, layer("flatten"), layer("linear", units=4), layer("relu")]


def test_all_layers_are_available_at_the_specs_own_size() -> None:
    made = model(*FLATTENED)
    assert made.unavailable(made.analysis) == {}


def test_another_size_takes_away_what_was_wired_for_this_one() -> None:
    made = model(*FLATTENED)
    assert made.unavailable(analyze(made.network, (3, 10, 12))) == {
        "linear1": "its weights are 4×72, an input of 3×10×12 needs 4×160",
        "relu1": "waits for linear1: its weights are 4×72, an input of 3×10×12 needs 4×160",
    }


def test_locally_connected_weights_hold_at_one_size_too() -> None:
    made = model(layer("local", filters=2, kernel=3))
    assert set(made.unavailable(analyze(made.network, (3, 9, 8)))) == {"local1"}


def test_missing_weights_stay_missing_at_another_size() -> None:
    made = preset_model("vgg16", PLENTY)
    other = made.unavailable(analyze(made.network, (3, 256, 256)))
    assert other == made.source.missing
    assert other["softmax"] == "waits for fc8: weights not installed"


def test_a_missing_layer_is_refused_naming_one_that_is_there() -> None:
    made = preset_model("vgg16", PLENTY)
    made.require("conv5_3")
    with pytest.raises(Unavailable, match="fc6: weights not installed") as caught:
        made.require("fc6")
    assert caught.value.expected == "a layer whose weights are there, such as conv5_3"


def test_a_network_is_titled_by_its_name_unless_told_otherwise() -> None:
    spec = parse_spec({"name": "mine", "input": [1, 4, 4], "layers": [{"op": "relu"}]})
    net = build_network(spec)
    assert make_model(net, analyze(net), max_parameters=0).title == "mine"
    assert make_model(net, analyze(net), max_parameters=0, title="My own").title == "My own"
    assert analysis((1, 4, 4), layer("relu")).layers[0].output_shape == (1, 4, 4)
