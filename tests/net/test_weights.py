"""Where tensors come from: the shipped file, a seed, a caller's hand; and what is missing."""

import hashlib
from math import sqrt

import pytest
import torch
from safetensors import safe_open

from app.errors import Invalid
from app.net.analysis import analyze
from app.net.graph import build_network
from app.net.manifest import shipped_files
from app.net.presets import preset
from app.net.weights import WeightSource, given, seeded, shipped
from tests.net.networks import analysis, layer, network, random_params

VGG16 = build_network(preset("vgg16").spec)
PLENTY = 10**9


def shipped_vgg16() -> WeightSource:
    return shipped("vgg16", VGG16, analyze(VGG16))


def seeds(*layers: dict[str, object], size: tuple[int, int, int] = (3, 8, 8), seed: int = 0) -> WeightSource:
    return seeded(network(size, *layers), analysis(size, *layers), seed, PLENTY)


@pytest.mark.parametrize("name", sorted(shipped_files()))
def test_shipped_files_are_the_ones_of_the_manifest(name: str) -> None:
    file = shipped_files()[name]
    assert hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256


def test_every_tensor_of_the_shipped_file_has_its_layer() -> None:
    file = shipped_files()["vgg16"]
    with safe_open(str(file.path), framework="pt") as tensors:
        names = set(tensors.keys())
    assert names == {f"{prefix}.{each}" for prefix in file.tensors.values() for each in ("weight", "bias")}
    assert list(file.tensors) == [node.name for node in VGG16.nodes if node.layer.op == "conv"]


def test_shipped_vgg16_reaches_pool5_and_says_what_is_missing() -> None:
    missing = shipped_vgg16().missing
    assert missing == {
        "fc6": "weights not installed",
        "relu6": "waits for fc6: weights not installed",
        "fc7": "weights not installed",
        "relu7": "waits for fc7: weights not installed",
        "fc8": "weights not installed",
        "softmax": "waits for fc8: weights not installed",
    }
    provenance = shipped_vgg16().provenance
    assert (provenance.kind, provenance.licence) == ("shipped", "CC BY 4.0")
    assert provenance.install is None


def test_shipped_weights_are_the_files_values_in_float32_and_channels_last() -> None:
    weights = shipped_vgg16().load()
    file = shipped_files()["vgg16"]
    assert list(weights.params) == list(file.tensors)
    with safe_open(str(file.path), framework="pt") as tensors:
        for name, params in weights.params.items():
            kernel, bias = params["weight"], params["bias"]
            assert torch.equal(kernel.half(), tensors.get_tensor(f"{file.tensors[name]}.weight"))
            assert torch.equal(bias.half(), tensors.get_tensor(f"{file.tensors[name]}.bias"))
            assert kernel.dtype == bias.dtype == torch.float32
            assert kernel.is_contiguous(memory_format=torch.channels_last)


def test_shipped_weights_start_with_the_published_values() -> None:
    # the first kernel's slice for blue, the first in the published model, whose channels run blue, green, red
    blue = shipped_vgg16().load().params["conv1_1"]["weight"][0, 2]
    published = [[0.42947, 0.37347, -0.06136], [0.27476, 0.03868, -0.36722], [-0.05746, -0.26225, -0.35009]]
    torch.testing.assert_close(blue, torch.tensor(published), atol=3e-4, rtol=0)


def test_the_size_is_known_before_anything_is_loaded() -> None:
    source = shipped_vgg16()
    loaded = source.load()
    assert source.nbytes == sum(each.nbytes for params in loaded.params.values() for each in params.values())
    assert source.nbytes == 4 * 14_714_688  # the parameters of VGG-16's convolutions
    assert (loaded.digest, loaded.missing) == (source.digest, source.missing)


def test_a_file_that_does_not_fit_the_network_is_refused() -> None:
    other = build_network(preset("vgg16").spec.model_copy(update={"input": (4, 224, 224)}))
    with pytest.raises(Invalid, match=r"conv1_1\.weight: is 64×3×3×3") as caught:
        shipped("vgg16", other, analyze(other)).load()
    assert caught.value.expected == "64×4×3×3"


def test_seeded_weights_have_hes_variance_and_no_bias() -> None:
    params = seeds(layer("conv", filters=256, kernel=5), layer("flatten"), layer("linear", units=50)).load().params
    kernel, matrix = params["conv1"]["weight"], params["linear1"]["weight"]
    assert kernel.std().item() == pytest.approx(sqrt(2 / 75), rel=0.02)
    assert matrix.std().item() == pytest.approx(sqrt(2 / 4096), rel=0.02)
    assert kernel.mean().item() == pytest.approx(0, abs=0.005)
    assert not params["conv1"]["bias"].any()
    assert kernel.is_contiguous(memory_format=torch.channels_last)


def test_fan_in_counts_the_maps_of_one_group_and_one_place() -> None:
    grouped = seeds(layer("conv", filters=512, kernel=5, groups=8), size=(64, 8, 8)).load().params["conv1"]["weight"]
    assert grouped.std().item() == pytest.approx(sqrt(2 / (8 * 25)), rel=0.02)
    local = seeds(layer("local", filters=20, kernel=3), size=(4, 20, 20)).load().params["local1"]["weight"]
    assert local.std().item() == pytest.approx(sqrt(2 / 36), rel=0.02)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    conv = layer("conv", filters=4, kernel=3)
    one, same, other = seeds(conv), seeds(conv), seeds(conv, seed=1)
    assert torch.equal(one.load().params["conv1"]["weight"], same.load().params["conv1"]["weight"])
    assert not torch.equal(one.load().params["conv1"]["weight"], other.load().params["conv1"]["weight"])
    assert one.digest == same.digest != other.digest


def test_a_layers_seeded_weights_do_not_depend_on_the_layers_around_it() -> None:
    conv = layer("conv", name="second", filters=4, kernel=3)
    alone, behind = seeds(conv), seeds(layer("conv", filters=3, kernel=1), conv)
    assert torch.equal(alone.load().params["second"]["weight"], behind.load().params["second"]["weight"])


def test_layers_of_the_same_shape_are_seeded_differently() -> None:
    params = seeds(layer("conv", filters=3, kernel=3), layer("conv", filters=3, kernel=3)).load().params
    assert not torch.equal(params["conv1"]["weight"], params["conv2"]["weight"])


def test_seeding_leaves_torchs_own_generator_alone() -> None:
    state = torch.get_rng_state()
    seeds(layer("conv", filters=4, kernel=3)).load()
    assert torch.equal(state, torch.get_rng_state())


def test_normalisation_and_scale_start_as_the_identity_and_prelu_with_a_quarter() -> None:
    params = seeds(layer("batchnorm"), layer("scale"), layer("prelu")).load().params
    ones, zeros = torch.ones(3), torch.zeros(3)
    norm, scale = params["batchnorm1"], params["scale1"]
    assert all(torch.equal(each, ones) for each in (norm["weight"], norm["running_var"], scale["weight"]))
    assert all(torch.equal(each, zeros) for each in (norm["bias"], norm["running_mean"], scale["bias"]))
    assert torch.equal(params["prelu1"]["weight"], torch.full((3,), 0.25))


def test_layers_beyond_the_limit_are_missing_with_the_numbers() -> None:
    layers = [
        layer("conv", filters=2, kernel=1),  # 8 values
        layer("conv", filters=10, kernel=5),  # 510
        layer("relu"),
        layer("conv", "conv1", name="small", filters=1, kernel=1),  # 3
    ]
    source = seeded(network((3, 8, 8), *layers), analysis((3, 8, 8), *layers), 0, 100)
    assert source.missing == {
        "conv2": "510 parameters after 8 exceed the 100 seeded here",
        "relu1": "waits for conv2: 510 parameters after 8 exceed the 100 seeded here",
    }
    assert set(source.load().params) == {"conv1", "small"}
    assert source.nbytes == 4 * 11


def test_the_limit_holds_for_the_layers_together() -> None:
    # 12 + 12 + 12 values: two fit into 30
    layers = [layer("conv", filters=3, kernel=1) for _ in range(3)]
    source = seeded(network((3, 8, 8), *layers), analysis((3, 8, 8), *layers), 0, 30)
    assert source.missing == {"conv3": "12 parameters after 24 exceed the 30 seeded here"}


def test_a_trillion_parameters_are_declined_without_being_made() -> None:
    net = build_network(preset("sizes_fully_connected").spec)
    source = seeded(net, analyze(net), 0, 64_000_000)
    assert source.missing == {"hidden": "1,000,000,000,000 parameters after 0 exceed the 64,000,000 seeded here"}
    assert source.load().params == {}


def test_a_network_without_weights_says_so() -> None:
    source = seeds(layer("relu"), layer("maxpool", kernel=2))
    assert (source.provenance.kind, source.missing, source.load().params) == ("none", {}, {})


LAYERS = [layer("conv", filters=2, kernel=3), layer("relu"), layer("batchnorm")]


def test_given_weights_are_used_as_they_are() -> None:
    numbers = analysis((3, 8, 8), *LAYERS)
    params = random_params(numbers)
    weights = given(network((3, 8, 8), *LAYERS), numbers, params, note="by hand").load()
    for name, tensors in params.items():
        assert all(torch.equal(weights.params[name][key], each) for key, each in tensors.items())
    assert (weights.provenance.kind, weights.provenance.note, weights.missing) == ("given", "by hand", {})


def test_given_weights_of_another_type_become_float32() -> None:
    numbers = analysis((3, 8, 8), *LAYERS)
    doubles = random_params(numbers, dtype=torch.float64)
    params = given(network((3, 8, 8), *LAYERS), numbers, doubles).load().params
    assert {each.dtype for tensors in params.values() for each in tensors.values()} == {torch.float32}


def test_layers_that_are_not_given_are_missing_with_all_behind_them() -> None:
    numbers = analysis((3, 8, 8), *LAYERS)
    params = random_params(numbers)
    del params["batchnorm1"]
    assert given(network((3, 8, 8), *LAYERS), numbers, params).missing == {"batchnorm1": "weights not given"}


def test_given_weights_that_do_not_fit_are_all_told() -> None:
    numbers = analysis((3, 8, 8), *LAYERS)
    params = random_params(numbers)
    params["conv1"]["weight"] = torch.zeros(2, 3, 5, 5)
    del params["batchnorm1"]["running_mean"]
    params["batchnorm1"]["gamma"] = torch.zeros(2)
    params["conv2"] = {"weight": torch.zeros(1)}
    with pytest.raises(Invalid) as caught:
        given(network((3, 8, 8), *LAYERS), numbers, params)
    assert {(each.where, each.message) for each in caught.value.faults} == {
        ("conv1.weight", "is 2×3×5×5"),
        ("batchnorm1.running_mean", "is missing"),
        ("batchnorm1.gamma", "batchnorm has no such tensor"),
        ("conv2", "no layer of this name has weights"),
    }


def test_the_digest_of_given_weights_covers_values_and_names_but_not_order_or_layout() -> None:
    net, numbers = network((3, 8, 8), *LAYERS), analysis((3, 8, 8), *LAYERS)
    params = random_params(numbers)
    digest = given(net, numbers, params).digest
    shuffled = {name: dict(reversed(params[name].items())) for name in reversed(params)}
    kernel = params["conv1"]["weight"]
    shuffled["conv1"]["weight"] = kernel.contiguous(memory_format=torch.channels_last)
    assert given(net, numbers, shuffled).digest == digest
    changed = kernel.clone()
    changed[0, 0, 0, 0] += 1
    assert given(net, numbers, params | {"conv1": params["conv1"] | {"weight": changed}}).digest != digest
