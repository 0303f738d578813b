"""Networks over REST: presets, networks of one's own, their arithmetic and kernels, and how faults are told."""

import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from .api import problem, read_npy

MODELS = "/api/v1/models"
CONV = {"op": "conv", "filters": 4, "kernel": 3}


def test_the_list_has_every_preset_with_its_totals(api):
    presets = {row["name"]: row for row in api.get(MODELS).json()}
    assert presets["vgg16"]["parameters"] == 138_357_544
    assert presets["vgg16"]["multiply_adds"] == 15_470_264_320
    assert presets["vgg16"]["weights"]["kind"] == "shipped"
    assert presets["slides"]["input"] == [3, 32, 32]


def test_vgg16_is_the_whole_network_and_says_what_is_not_installed(api):
    model = api.get(f"{MODELS}/vgg16").json()
    layers = {layer["name"]: layer for layer in model["layers"]}
    assert model["totals"]["parameters"] == 138_357_544
    assert layers["pool5"]["output_shape"] == [512, 7, 7]
    assert layers["pool5"]["available"]
    assert layers["pool5"]["receptive_field"] == {
        "size": [212, 212],
        "stride": [32, 32],
        "padding": [90, 90],
        "whole": False,
    }
    assert not layers["fc6"]["available"]
    assert layers["fc6"]["reason"] == "weights not installed"
    assert layers["fc7"]["reason"].startswith("weights not installed")
    assert model["weights"]["install"] is None
    assert model["weights"]["licence"]


def test_a_preset_answers_to_its_id_as_well(api):
    model = api.get(f"{MODELS}/slides").json()
    assert api.get(f"{MODELS}/{model['id']}").json() == model
    assert model["preset"]


def test_a_network_of_ones_own_is_kept_under_the_digest_of_what_it_is(api):
    spec = {"name": "mine", "input": [3, 8, 8], "layers": [CONV, {"op": "relu"}]}
    first = api.post(MODELS, json={"spec": spec})
    again = api.post(
        MODELS, json={"spec": {**spec, "layers": [{**CONV, "stride": 1, "name": "conv1"}, {"op": "relu"}]}}
    )
    seeded = api.post(MODELS, json={"spec": spec, "weights": {"init": "kaiming", "seed": 1}})
    assert first.status_code == again.status_code == seeded.status_code == 201
    assert first.json()["id"] == again.json()["id"] != seeded.json()["id"]
    assert api.get(f"{MODELS}/{first.json()['id']}").json() == first.json()
    assert [layer["name"] for layer in first.json()["layers"]] == ["conv1", "relu1"]
    assert first.json()["totals"] == {
        "parameters": 4 * 3 * 3 * 3 + 4,
        "multiply_adds": 6 * 6 * 4 * 27,
        "activation_bytes": 4 * 2 * 6 * 6 * 4,
    }


def test_a_spec_that_an_answer_holds_can_be_sent_again(api):
    model = api.get(f"{MODELS}/slides").json()
    assert api.post(MODELS, json={"spec": model["spec"]}).json()["id"] == model["id"]


def test_the_arithmetic_of_a_network_too_large_to_run_is_answered_in_a_moment(api):
    spec = {"input": [1, 1000, 1000], "layers": [{"op": "flatten"}, {"op": "linear", "units": 10**6, "bias": False}]}
    started = time.perf_counter()
    response = api.post("/api/v1/analyses", json={"spec": spec})
    assert response.status_code == 200
    assert response.json()["totals"]["parameters"] == 10**12
    assert time.perf_counter() - started < 1  # milliseconds where nothing else runs; allocating would take minutes


def test_an_analysis_keeps_nothing(api):
    before = api.metric("convscope_store_bytes")
    api.post("/api/v1/analyses", json={"spec": {"input": [3, 9, 9], "layers": [CONV]}})
    assert api.metric("convscope_store_bytes") == before


def _layers(*layers, input_=(3, 8, 8)):
    return {"input": list(input_), "layers": list(layers)}


FAULTS = {
    "unknown field": (_layers({**CONV, "kernal": 3}), "layers[0] (conv).kernal", "kernel"),
    "unknown op": (_layers({"op": "convolution"}), "layers[0] (convolution).op", "conv"),
    "bad value": (_layers({**CONV, "filters": "4"}), "layers[0] (conv).filters", "integer"),
    "truth as number": (_layers({**CONV, "kernel": True}), "layers[0] (conv).kernel", "integer"),
    "kernel larger than input": (_layers({**CONV, "kernel": 9}), "layers[0] (conv1).kernel", "8×8"),
    "groups that do not divide": (_layers({**CONV, "groups": 2}), "layers[0] (conv1).groups", "groups of 1"),
    "a cycle": (
        _layers({"op": "relu", "name": "a", "from": "b"}, {"op": "relu", "name": "b"}),
        "layers[0] (a).from",
        None,
    ),
    "itself": (_layers({"op": "relu", "name": "a", "from": "a"}), "layers[0] (a).from", None),
    "unknown name": (
        _layers({"op": "relu", "name": "relu"}, {"op": "relu", "from": "rely"}),
        "layers[1] (relu1).from",
        "relu",
    ),
    "two of a name": (_layers({"op": "relu", "name": "a"}, {"op": "relu", "name": "a"}), "layers[1] (a).name", None),
    "linear on maps": (
        _layers({"op": "linear", "units": 2}),
        "layers[0] (linear1)",
        "flatten before it (would give 192)",
    ),
    "unequal sum": (
        _layers(CONV, {"op": "add", "from": ["conv1", "input"]}),
        "layers[1] (add1).from",
        "4×6×6",
    ),
    "no layers": (_layers(), "layers", None),
    "no input": ({"layers": [CONV]}, "input", None),
    "negative input": (_layers(CONV, input_=(3, -1, 8)), "input", None),
    "a number": (3, None, None),
    "a list": ([], None, None),
}


@pytest.mark.parametrize("route", [MODELS, "/api/v1/analyses"])
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_a_spec_is_told_with_its_place_and_what_would_fit(api, kind, route):
    spec, where, expected = FAULTS[kind]
    response = api.post(route, json={"spec": spec})
    body = problem(response, 422, "invalid-spec" if isinstance(spec, dict) else "invalid-request")
    if where is not None:
        assert body["where"] == where
        assert body["errors"][0]["where"] == where
    if expected is not None:
        assert expected in body.get("expected", "")


def test_every_fault_is_told_at_once(api):
    body = problem(
        api.post(MODELS, json={"spec": _layers({**CONV, "kernal": 3}, {"op": "relu", "slope": 1})}), 422, "invalid-spec"
    )
    assert [fault["where"] for fault in body["errors"]] == ["layers[0] (conv).kernal", "layers[1] (relu).slope"]


def test_a_million_layers_are_refused_by_their_number(api):
    data = b'{"spec": {"input": [3, 8, 8], "layers": [' + b"0," * (10**6 - 1) + b"0]}}"
    headers = {"Content-Type": "application/json"}
    body = problem(api.post("/api/v1/analyses", content=data, headers=headers), 422, "invalid-spec")
    assert body["limit"] == 1000
    assert body["where"] == "layers"
    assert "1,000,000" in body["detail"]


def test_layers_without_room_for_their_weights_say_so(api):
    model = api.post(MODELS, json={"spec": _layers({"op": "flatten"}, {"op": "linear", "units": 10**6})}).json()
    linear = model["layers"][1]
    assert not linear["available"]
    assert "193,000,000 parameters" in linear["reason"]
    assert "64,000,000" in linear["reason"]


OTHER_BODIES = {
    "not JSON": (b"{", "application/json", 400, "bad-request"),
    "not UTF-8": (b"\xff", "application/json", 400, "bad-request"),
    "too deep": (b"[" * 100_000, "application/json", 400, "bad-request"),
    "nothing": (b"", "application/json", 422, "invalid-request"),
    "no spec": (b"{}", "application/json", 422, "invalid-request"),
    "a pattern": (b'{"pattern": "CONV-RELU", "input": [3, 32, 32]}', "application/json", 422, "invalid-request"),
    "uploaded weights": (b'{"spec": {}, "weights": "abc"}', "application/json", 422, "invalid-request"),
    "ONNX": (b"\x08\x07", "application/onnx", 415, "unsupported-media"),
    "a form": (b"spec=1", "application/x-www-form-urlencoded", 415, "unsupported-media"),
}


@pytest.mark.parametrize("route", [MODELS, "/api/v1/analyses"])
@pytest.mark.parametrize("kind", OTHER_BODIES)
def test_what_is_no_specification_is_refused(api, kind, route):
    data, media_type, status, slug = OTHER_BODIES[kind]
    problem(api.post(route, content=data, headers={"Content-Type": media_type}), status, slug)


def test_a_fault_of_json_is_told_with_its_place(api):
    data = b'{"spec":\n  {"input": [3, 8 8]}}'
    body = problem(api.post(MODELS, content=data, headers={"Content-Type": "application/json"}), 400, "bad-request")
    assert body["detail"] == "The body is not JSON: Expecting ',' delimiter at character 27."


@pytest.mark.parametrize("model", ["vgg17", "0" * 32, "a" * 5000, "%00", "é" * 32])
def test_a_network_that_nobody_made_is_not_found(api, model):
    response = api.get(f"{MODELS}/{model}")
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"
    assert "vgg16" in response.json()["expected"]


# --- kernels


def test_kernels_come_exactly_and_in_numbers(api):
    model = api.model([4, 8, 8], {**CONV, "filters": 6, "groups": 2, "kernel": [3, 2]})
    path = f"{MODELS}/{model}/layers/conv1/filters"
    kernels = read_npy(api.get(f"{path}?format=npy"))
    assert kernels.shape == (6, 2, 3, 2)
    assert (read_npy(api.get(f"{path}?format=npy&filter=4")) == kernels[4:5]).all()
    numbers = api.get(f"{path}?format=json").json()
    assert numbers["shape"] == [6, 2, 3, 2]
    fifth = kernels[5].astype(np.float64)
    assert numbers["filters"][5] == {
        "index": 5,
        "min": fifth.min(),
        "max": fifth.max(),
        "mean": pytest.approx(fifth.mean()),
        "std": pytest.approx(fifth.std()),
        "norm": pytest.approx(np.sqrt((fifth**2).sum())),
    }


@pytest.mark.parametrize("query", ["", "?format=png&filter=63", "?colormap=grey&scale=3&filter=0"])
def test_kernels_come_as_pictures(api, query):
    response = api.get(f"{MODELS}/vgg16/layers/conv1_1/filters{query}")
    assert response.headers["content-type"] == "image/png"
    Image.open(io.BytesIO(response.content)).verify()


def test_a_row_of_a_linear_layer_is_a_picture_of_what_was_flattened(api):
    row = read_npy(api.get(f"{MODELS}/linear/layers/scores/filters?format=npy&filter=7")).reshape(3, 32, 32)
    answer = api.get(f"{MODELS}/linear/layers/scores/filters?format=png&filter=7&scale=1")
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    expected = 128 + 127 * row / abs(row).max()
    assert picture.shape == (32, 32, 3)
    assert abs(picture.transpose(2, 0, 1) - expected).max() <= 0.5 + 1e-4


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("vgg16/layers/fc6/filters", 422, "layer-unavailable"),
        ("vgg16/layers/relu1_1/filters", 422, "invalid-request"),
        ("vgg16/layers/conv9_9/filters", 404, "not-found"),
        ("vgg16/layers/conv1_1/filters?format=npy&filter=64", 404, "not-found"),
        ("vgg16/layers/conv1_1/filters?format=png&filter=64", 404, "not-found"),
        ("vgg16/layers/conv1_1/filters?filter=-1", 422, "invalid-request"),
        ("vgg16/layers/conv1_1/filters?format=exr", 422, "invalid-request"),
        ("vgg16/layers/conv1_1/filters?colormap=jet", 422, "invalid-request"),
        ("vgg16/layers/conv1_1/filters?color=grey", 422, "invalid-request"),
        ("two_layer/layers/scores/filters?format=png", 406, "not-acceptable"),
        ("nothing/layers/conv1_1/filters", 404, "not-found"),
    ],
)
def test_kernels_that_are_not_there_are_refused(api, path, status, slug):
    problem(api.get(f"{MODELS}/{path}"), status, slug)


def test_missing_weights_name_a_layer_that_has_them(api):
    body = problem(api.get(f"{MODELS}/vgg16/layers/fc6/filters"), 422, "layer-unavailable")
    assert body["expected"] == "a layer whose weights are there, such as conv5_3"


def test_numbers_that_json_does_not_have_are_told_as_a_fault(api):
    data = json.dumps({"spec": _layers({"op": "dropout", "p": float("nan")})})
    body = problem(api.post(MODELS, content=data, headers={"Content-Type": "application/json"}), 422, "invalid-spec")
    assert body["where"] == "layers[0] (dropout).p"
