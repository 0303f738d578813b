"""Edits over REST: an edited run beside the unedited one, what it shares, and what is refused with which words."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from .api import photo, png, problem, read_npy, read_u8

PIXELS = photo(32, 32)
LAYERS = [
    {"op": "conv", "filters": 4, "kernel": 3},
    {"op": "relu"},
    {"op": "conv", "filters": 4, "kernel": 3},
    {"op": "relu"},
]


@pytest.fixture(scope="module")
def base(api):
    return api.run(api.image(png(PIXELS)), api.model([3, 32, 32], *LAYERS, name="edited"))


def edited(api, base, *edits):
    return api.run(base["image"], base["model"], edits=list(edits))


def path(run, layer, query=""):
    return f"/api/v1/runs/{run['id']}/layers/{layer}{query}"


def test_an_edited_run_says_what_it_is_made_of(api, base):
    run = edited(api, base, {"layer": "relu1", "channel": 2, "scale": 0})
    assert run["id"] != base["id"]
    assert run["base"] == base["id"]
    assert run["edits"] == [{"layer": "relu1", "channel": 2, "scale": 0, "kernel": None, "bias": None}]
    assert [layer["edited"] for layer in run["layers"]] == [False, True, True, True]
    assert api.get(f"/api/v1/runs/{run['id']}").json()["edits"] == run["edits"]


def test_an_unedited_run_says_so(base):
    assert base["base"] is None
    assert base["edits"] == []
    assert not any(layer["edited"] for layer in base["layers"])


def test_no_edits_and_a_factor_of_one_are_the_unedited_run(api, base):
    assert edited(api, base)["id"] == base["id"]
    assert edited(api, base, {"layer": "conv1", "channel": 0, "scale": 1})["id"] == base["id"]


def test_the_unedited_run_is_there_when_only_the_edited_one_was_asked_for(api):
    image = api.image(png(photo(32, 32, seed=9)))
    run = api.run(image, "slides", edits=[{"layer": "conv1", "channel": 0, "scale": 0}])
    assert api.get(f"/api/v1/runs/{run['base']}").json()["image"] == image


def test_a_map_switched_off_is_zero_and_what_follows_is_what_torch_gives(api, base):
    run = edited(api, base, {"layer": "relu1", "channel": 2, "scale": 0})
    relu = torch.from_numpy(api.layer(base, "relu1"))[None].clone()
    relu[:, 2] = 0
    assert (api.layer(run, "relu1") == relu[0].numpy()).all()
    weight = torch.from_numpy(read_npy(api.get(f"/api/v1/models/{base['model']}/layers/conv2/filters?format=npy")))
    np.testing.assert_allclose(api.layer(run, "conv2"), F.conv2d(relu, weight)[0], rtol=1e-4, atol=1e-5)


def test_a_kernel_and_a_bias_written_in_by_hand(api, base):
    kernel = [[[0, 0, 0], [0, channel == 1, 0], [0, 0, 0]] for channel in range(3)]
    kernel = [[[float(value) for value in row] for row in rows] for rows in kernel]
    run = edited(api, base, {"layer": "conv1", "channel": 0, "kernel": kernel, "bias": 0.5})
    image = read_npy(api.get(f"/api/v1/runs/{run['id']}/input?format=npy"))
    np.testing.assert_allclose(api.layer(run, "conv1")[0], image[1, 1:-1, 1:-1] + 0.5, atol=1e-6)
    assert (api.layer(run, "conv1")[1:] == api.layer(base, "conv1")[1:]).all()
    unit = api.get(path(run, "conv1", "/units/0/4/5")).json()
    assert unit["kernel"] == kernel
    assert unit["bias"] == 0.5
    assert unit["total"] == pytest.approx(image[1, 5, 6] + 0.5)


def test_the_model_s_own_kernels_stay(api, base):
    filters = f"/api/v1/models/{base['model']}/layers/conv1/filters?format=npy"
    before = api.get(filters).content
    run = edited(api, base, {"layer": "conv1", "channel": 0, "kernel": np.zeros((3, 3, 3)).tolist()})
    assert not api.layer(run, "conv1")[0].any()
    assert api.get(filters).content == before


@pytest.mark.parametrize("form", ["npy", "u8", "png", "json"])
def test_layers_before_the_edit_are_the_same_bytes(api, base, form):
    run = edited(api, base, {"layer": "conv2", "channel": 1, "scale": -3})
    query = f"?format={form}"
    assert api.get(path(run, "relu1", query)).content == api.get(path(base, "relu1", query)).content
    assert api.get(path(run, "conv2", query)).content != api.get(path(base, "conv2", query)).content


def test_only_what_follows_an_edit_is_computed(api):
    base = api.run(api.image(png(photo(32, 32, seed=11))), api.model([3, 32, 32], *LAYERS, name="counted"))
    api.layer(base, "relu2")
    before = api.metric("convscope_layers_computed")
    run = edited(api, base, {"layer": "conv2", "channel": 0, "bias": 1})
    assert [layer["state"] for layer in run["layers"]] == ["computed", "computed", "waiting", "waiting"]
    api.layer(run, "relu2")
    assert api.metric("convscope_layers_computed") == before + 2


def test_a_layer_turned_negative_keeps_its_sign_in_bytes(api, base):
    run = edited(api, base, {"layer": "relu2", "channel": 0, "scale": -1})
    assert run["layers"][3]["signed"]
    data, low, _, signed = read_u8(api.get(path(run, "relu2", "?format=u8")).content)
    assert signed
    assert low[0] == api.layer(run, "relu2")[0].min() < 0
    assert (data[0] <= 128).all()


def test_a_scaled_number_is_its_factor_times_the_sum(api, base):
    run = edited(api, base, {"layer": "conv2", "channel": 1, "scale": 0.5})
    unit, plain = (api.get(path(one, "conv2", "/units/1/2/3")).json() for one in (run, base))
    assert unit["scale"] == 0.5
    assert unit["total"] == 0.5 * (unit["products_sum"] + unit["bias"]) == 0.5 * plain["total"]
    assert unit["value"] == api.layer(run, "conv2")[1, 2, 3]
    assert unit["formula"].startswith("0.5 · (")
    assert plain["scale"] is None


OFF = {"layer": "conv1", "channel": 0, "scale": 0}


@pytest.mark.parametrize(
    ("edits", "where", "expected"),
    [
        (None, "edits", None),
        ("conv1", "edits", None),
        ([5], "edits.0", None),
        ([{"channel": 0, "scale": 0}], "edits.0.layer", None),
        ([{"layer": "conv1", "scale": 0}], "edits.0.channel", None),
        ([OFF | {"colour": 1}], "edits.0.colour", None),
        ([OFF | {"channel": -1}], "edits.0.channel", None),
        ([OFF | {"channel": "0"}], "edits.0.channel", None),
        ([OFF | {"scale": "0"}], "edits.0.scale", None),
        ([OFF | {"scale": float("nan")}], "edits.0.scale", None),
        ([OFF | {"scale": float("-inf")}], "edits.0.scale", None),
        ([OFF | {"scale": 1e30}], "edits.0.scale", None),
        ([OFF | {"bias": 1e30}], "edits.0.bias", None),
        ([OFF | {"kernel": [[1, 2], [3]]}], "edits.0.kernel", "nested lists of one shape"),
        ([OFF | {"kernel": ["a"]}], "edits.0.kernel", "nested lists of numbers"),
        ([OFF | {"kernel": [[[float("nan")]]]}], "edits.0.kernel", "numbers from −1,000,000 to 1,000,000"),
        ([OFF | {"kernel": [[[1.0]]]}], "edits[0] (conv1).kernel", "3×3×3 (C_in/groups×kH×kW)"),
        ([OFF | {"layer": "conv9"}], "edits[0] (conv9).layer", "`conv2` or `conv1`"),
        ([OFF | {"layer": "\ud800"}], None, None),
        ([OFF | {"layer": "é" * 5000}], "edits[0].layer", None),
        ([OFF | {"channel": 4}], "edits[0] (conv1).channel", "0 to 3"),
        ([OFF, OFF], "edits[1] (conv1).scale", "each field of a channel once"),
        ([{"layer": "conv1", "channel": 0}], "edits[0] (conv1).scale", "scale, kernel or bias"),
        ([{"layer": "relu1", "channel": 0, "bias": 1}], "edits[0] (relu1).bias", "scale"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(api, base, edits, where, expected):
    request = {"image": base["image"], "model": base["model"], "edits": edits}
    response = api.post("/api/v1/runs", content=json.dumps(request), headers={"Content-Type": "application/json"})
    body = problem(response, 422, "invalid-request")
    if where is not None:
        assert body["where"] == where
    if expected is not None:
        assert body["expected"] == expected


def test_too_many_edits_name_the_limit(api, base):
    request = {"image": base["image"], "model": base["model"], "edits": [OFF] * 65}
    assert problem(api.post("/api/v1/runs", json=request), 422, "over-limit")["limit"] == 64


def test_an_edit_of_a_layer_without_weights_is_refused_as_the_layer_is(api):
    request = {"image": api.image(png(PIXELS)), "model": "vgg16", "edits": [OFF | {"layer": "fc8"}]}
    body = problem(api.post("/api/v1/runs", json=request), 422, "layer-unavailable")
    run = api.run(request["image"], "vgg16")
    assert body["detail"] == problem(api.get(path(run, "fc8")), 422, "layer-unavailable")["detail"]
