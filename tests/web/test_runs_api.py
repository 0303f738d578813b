"""Runs over REST: arithmetic at once, values layer by layer in every format, archives, single numbers."""

import io
import json
import math
import zipfile

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.numpy import load

from .api import npy, photo, png, problem, read_npy, read_u8, serving

PIXELS = photo(32, 32)
MIXED = [
    {"op": "conv", "filters": 6, "kernel": 3, "stride": 2, "padding": 1},
    {"op": "relu"},
    {"op": "maxpool", "kernel": 2},
    {"op": "flatten"},
    {"op": "linear", "units": 10},
    {"op": "softmax"},
]


@pytest.fixture(scope="module")
def run(api):
    """A photo of the network's own size through one layer of every common kind."""
    return api.run(api.image(png(PIXELS)), api.model([3, 32, 32], *MIXED, name="mixed"))


@pytest.fixture(scope="module")
def values(api, run):
    """Every layer's values, by torch called directly on the input and the weights that the API gives."""
    weights = {
        name: torch.from_numpy(read_npy(api.get(f"/api/v1/models/{run['model']}/layers/{name}/filters?format=npy")))
        for name in ("conv1", "linear1")
    }
    image = torch.from_numpy(read_npy(api.get(f"/api/v1/runs/{run['id']}/input?format=npy")))[None]
    conv = F.conv2d(image, weights["conv1"], stride=2, padding=1)
    pool = F.max_pool2d(F.relu(conv), 2)
    linear = F.linear(pool.flatten(1), weights["linear1"])
    outputs = {
        "conv1": conv,
        "relu1": F.relu(conv),
        "maxpool1": pool,
        "flatten1": pool.flatten(1),
        "linear1": linear,
        "softmax1": F.softmax(linear, 1),
    }
    return {name: output[0].numpy() for name, output in outputs.items()}


def path(run, layer, query=""):
    return f"/api/v1/runs/{run['id']}/layers/{layer}{query}"


# --- the run itself


def test_a_run_is_laid_out_before_anything_is_computed(api):
    before = api.metric("convscope_layers_computed")
    run = api.run(api.image(png(photo(32, 32, seed=5))), "slides")
    assert [(layer["name"], layer["shape"], layer["state"]) for layer in run["layers"]] == [
        ("conv1", [6, 28, 28], "waiting"),
        ("relu1", [6, 28, 28], "waiting"),
        ("conv2", [10, 24, 24], "waiting"),
        ("relu2", [10, 24, 24], "waiting"),
    ]
    assert [layer["signed"] for layer in run["layers"]] == [True, False, True, False]
    assert run["input"]["shape"] == [3, 32, 32]
    assert api.metric("convscope_layers_computed") == before


def test_the_same_run_has_the_same_id_however_it_is_asked_for(api, run):
    image, model = run["image"], run["model"]
    assert api.run(image, model)["id"] == run["id"]
    assert api.run(image, model, size=32, fit="crop")["id"] == run["id"]
    assert api.run(image, model, fit="stretch")["id"] != run["id"]


def test_a_run_tells_which_layers_are_there(api):
    run = api.run(api.image(png(photo(32, 32, seed=6))), "slides")
    api.layer(run, "relu1")
    states = {layer["name"]: layer["state"] for layer in api.get(f"/api/v1/runs/{run['id']}").json()["layers"]}
    assert states == {"conv1": "computed", "relu1": "computed", "conv2": "waiting", "relu2": "waiting"}


def test_a_photo_of_the_right_size_is_not_resampled(api, run):
    tensor = read_npy(api.get(f"/api/v1/runs/{run['id']}/input?format=npy"))
    assert tensor.shape == (3, 32, 32)
    np.testing.assert_allclose(tensor, PIXELS.transpose(2, 0, 1) / 127.5 - 1, atol=1e-6)
    picture = api.get(f"/api/v1/runs/{run['id']}/input?format=png")
    assert (np.asarray(Image.open(io.BytesIO(picture.content)).convert("RGB")) == PIXELS).all()


def test_vgg16_takes_the_means_of_its_training_off(api):
    run = api.run(api.image(png(photo(224, 224))), "vgg16")
    tensor = read_npy(api.get(f"/api/v1/runs/{run['id']}/input"))
    expected = photo(224, 224).transpose(2, 0, 1) - np.array([123.68, 116.779, 103.939])[:, None, None]
    np.testing.assert_allclose(tensor, expected, atol=1e-4)


def test_an_array_is_used_exactly_as_it_is(api):
    values = np.random.default_rng(0).normal(0, 100, (3, 20, 30)).astype(np.float32)
    run = api.run(api.array(values), "slides")
    assert run["input"]["shape"] == [3, 20, 30]
    assert (read_npy(api.get(f"/api/v1/runs/{run['id']}/input")) == values).all()
    assert run["layers"][0]["shape"] == [6, 16, 26]


def test_the_typed_in_map_of_the_lecture_is_pooled(api):
    lecture = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    run = api.run(api.array(lecture), "maxpool_4x4")
    assert api.layer(run, "pool").tolist() == [[[6, 8], [3, 4]]]


@pytest.mark.parametrize(
    ("fit", "size", "shape"),
    [
        ("crop", 48, [3, 48, 48]),
        ("pad", 48, [3, 48, 48]),
        ("stretch", 48, [3, 48, 48]),
        ("native", None, [3, 40, 60]),
        ("native", 48, [3, 40, 60]),
    ],
)
def test_size_and_fit_decide_what_the_network_sees(api, fit, size, shape):
    image = api.image(png(photo(40, 60)))
    run = api.run(image, "slides", fit=fit, **({} if size is None else {"size": size}))
    assert run["input"]["shape"] == shape
    assert read_npy(api.get(f"/api/v1/runs/{run['id']}/input")).shape == tuple(shape)


def test_layers_whose_weights_do_not_fit_another_size_say_so_and_the_rest_is_computed(api, run):
    other = api.run(run["image"], run["model"], size=48)
    layers = {layer["name"]: layer for layer in other["layers"]}
    assert layers["flatten1"]["available"]
    assert not layers["linear1"]["available"]
    assert "10×384" in layers["linear1"]["reason"]
    assert "10×864" in layers["linear1"]["reason"]
    assert "linear1" in layers["softmax1"]["reason"]
    assert api.layer(other, "flatten1").shape == (864,)
    body = problem(api.get(path(other, "softmax1")), 422, "layer-unavailable")
    assert body["expected"] == "an input of 3×32×32"


# --- layers


def test_every_layer_is_what_torch_computes(api, run, values):
    for name, expected in values.items():
        computed = api.layer(run, name)
        assert computed.dtype == np.float32
        np.testing.assert_allclose(computed, expected, rtol=1e-5, atol=1e-5)


def test_one_map_is_a_slice_of_its_layer(api, run):
    maps = api.layer(run, "relu1")
    assert (read_npy(api.get(path(run, "relu1", "?format=npy&map=3"))) == maps[3]).all()


@pytest.mark.parametrize("name", ["conv1", "relu1", "maxpool1", "linear1", "softmax1"])
def test_bytes_give_every_value_back_within_half_a_step(api, run, name):
    exact = api.layer(run, name).reshape(-1, *(api.layer(run, name).shape[1:] or (1, 1))).astype(np.float64)
    response = api.get(path(run, name, "?format=u8"))
    assert response.headers["content-type"] == "application/vnd.convscope.u8"
    data, low, high, signed = read_u8(response.content)
    assert data.shape == exact.shape
    assert (low == exact.min((1, 2))).all()
    assert (high == exact.max((1, 2))).all()
    assert signed == (name in ("conv1", "linear1"))
    if signed:
        step = np.maximum(np.abs(low), np.abs(high)).astype(np.float64) / 127
        decoded = (data.astype(np.float64) - 128) * step[:, None, None]
        assert (data[exact == 0] == 128).all()
    else:
        step = high.astype(np.float64) / 255
        decoded = data * step[:, None, None]
    assert (np.abs(decoded - exact) <= step[:, None, None] * 0.5001 + 1e-12).all()


def test_statistics_are_those_of_the_values(api, run):
    maps = api.layer(run, "relu1").astype(np.float64)
    answer = api.get(path(run, "relu1", "?format=json")).json()
    assert answer["shape"] == list(maps.shape)
    assert answer["summary"]["max"] == maps.max()
    assert answer["summary"]["mean"] == pytest.approx(maps.mean())
    assert answer["summary"]["std"] == pytest.approx(maps.std())
    assert answer["summary"]["zeros"] == pytest.approx((maps == 0).mean())
    assert answer["summary"]["dead"] == int((maps.reshape(6, -1) == 0).all(1).sum())
    for index, one in enumerate(answer["maps"]):
        assert one["index"] == index
        assert one["max"] == maps[index].max()
        assert maps[index][tuple(one["argmax"])] == maps[index].max()
        assert one["zeros"] == pytest.approx((maps[index] == 0).mean())


def test_a_map_is_enlarged_by_whole_factors(api, run):
    small, large = (
        np.asarray(
            Image.open(io.BytesIO(api.get(path(run, "conv1", f"?format=png&map=2&scale={k}")).content)).convert("RGB")
        )
        for k in (1, 5)
    )
    assert small.shape == (16, 16, 3)
    assert (large == small.repeat(5, 0).repeat(5, 1)).all()


def test_all_maps_are_one_picture(api, run):
    response = api.get(path(run, "relu1", "?format=png&normalize=layer&colormap=magma"))
    assert response.headers["content-type"] == "image/png"
    width, height = Image.open(io.BytesIO(response.content)).size
    assert width * height >= 6 * 16 * 16


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ("?format=exr", 422, "invalid-request"),
        ("?format=png&map=6", 404, "not-found"),
        ("?format=npy&map=6", 404, "not-found"),
        ("?format=png&map=-1", 422, "invalid-request"),
        ("?format=png&scale=0", 422, "invalid-request"),
        ("?format=png&scale=1000000", 422, "invalid-request"),
        ("?format=png&colormap=jet", 422, "invalid-request"),
        ("?format=png&normalize=photo", 422, "invalid-request"),
        ("?fromat=png", 422, "invalid-request"),
        ("?map=99999999999999999999", 404, "not-found"),
    ],
)
def test_a_form_that_a_layer_does_not_have_is_refused(api, run, query, status, slug):
    problem(api.get(path(run, "relu1", query)), status, slug)


def test_a_picture_over_the_limit_names_it(api):
    run = api.run(api.image(png(photo(400, 400))), "slides", size=400)
    body = problem(api.get(path(run, "conv1", "?format=png&scale=64")), 422, "over-limit")
    assert body["limit"] == 16_000_000


def test_an_unknown_layer_names_its_like(api, run):
    body = problem(api.get(path(run, "maxpool2")), 404, "not-found")
    assert "maxpool1" in body["expected"]


def test_a_layer_without_weights_says_so(api):
    run = api.run(api.image(png(PIXELS)), "vgg16", size=224)
    for query in ("", "?format=u8", "?format=png", "?format=json"):
        body = problem(api.get(path(run, "fc6", query)), 422, "layer-unavailable")
        assert "weights not installed" in body["detail"]
        assert body["expected"] == "a layer whose weights are there, such as conv5_3"


# --- archives


def test_an_npz_has_every_layer(api, run):
    response = api.get(f"/api/v1/runs/{run['id']}/archive")
    assert response.headers["content-type"] == "application/x-npz"
    assert response.headers["content-disposition"] == f'attachment; filename="mixed-{run["id"][:8]}.npz"'
    arrays = np.load(io.BytesIO(response.content))
    assert arrays.files == [layer["name"] for layer in run["layers"]]
    for name in arrays.files:
        assert (arrays[name] == api.layer(run, name)).all()


def test_safetensors_hold_the_layers_asked_for(api, run):
    response = api.get(f"/api/v1/runs/{run['id']}/archive?format=safetensors&layers=relu1, input")
    tensors = load(response.content)
    assert set(tensors) == {"relu1", "input"}
    assert (tensors["relu1"] == api.layer(run, "relu1")).all()
    assert (tensors["input"] == read_npy(api.get(f"/api/v1/runs/{run['id']}/input"))).all()


def test_frames_of_bytes_follow_each_other(api, run):
    response = api.get(f"/api/v1/runs/{run['id']}/archive?format=u8&layers=maxpool1,relu1")
    frames = [api.get(path(run, name, "?format=u8")).content for name in ("maxpool1", "relu1")]
    assert response.content == b"".join(frames)


@pytest.mark.parametrize("name", ["日本の網", 'a "quoted"; name', "../up", "Ünit"])
def test_any_name_of_a_network_makes_a_file_name(api, name):
    run = api.run(api.image(png(PIXELS)), api.model([3, 32, 32], {"op": "relu"}, name=name))
    response = api.get(f"/api/v1/runs/{run['id']}/archive")
    assert response.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(response.content)).namelist() == ["relu1.npy"]
    file = response.headers["content-disposition"].removeprefix('attachment; filename="').removesuffix('"')
    assert not set(file) & set('/";\\')


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ("layers=relu9", 404, "not-found"),
        ("layers=", 422, "invalid-request"),
        ("layers=,", 422, "invalid-request"),
        ("format=tar", 422, "invalid-request"),
    ],
)
def test_an_archive_of_nothing_that_is_there_is_refused(api, run, query, status, slug):
    problem(api.get(f"/api/v1/runs/{run['id']}/archive?{query}"), status, slug)


def test_an_archive_of_a_layer_without_weights_is_refused_before_it_starts(api):
    run = api.run(api.image(png(PIXELS)), "vgg16", size=32)
    problem(api.get(f"/api/v1/runs/{run['id']}/archive?layers=conv1_1,fc8"), 422, "layer-unavailable")


# --- one number


def test_one_number_is_the_sum_of_its_products(api, run):
    value = api.layer(run, "conv1")[4, 7, 9]
    unit = api.get(path(run, "conv1", "/units/4/7/9")).json()
    image = read_npy(api.get(f"/api/v1/runs/{run['id']}/input"))
    kernel = read_npy(api.get(f"/api/v1/models/{run['model']}/layers/conv1/filters?format=npy"))[4]
    patch = image[:, 13:16, 17:20]  # stride 2, padding 1
    assert unit["run"] == run["id"]
    assert unit["value"] == value
    assert unit["patch"] == patch.tolist()
    assert unit["kernel"] == kernel.tolist()
    products = patch.astype(np.float64) * kernel
    assert unit["by_channel"] == pytest.approx(products.sum((1, 2)).tolist())
    assert unit["total"] == pytest.approx(products.sum() + unit["bias"])
    assert unit["total"] == pytest.approx(value, rel=1e-5)
    assert unit["receptive_field"]["top"] == 13
    assert unit["receptive_field"]["left"] == 17


def test_one_number_of_every_layer_is_explained(api, run, values):
    for name, expected in values.items():
        place = (1, 2, 3)[: expected.ndim]
        unit = api.get(path(run, name, "/units/" + "/".join(map(str, place)))).json()
        assert unit["value"] == api.layer(run, name)[place]
        assert unit["total"] == pytest.approx(float(expected[place]), rel=1e-5, abs=1e-6)


def test_a_winner_is_where_the_pooled_value_was(api, run):
    winner = api.get(path(run, "maxpool1", "/units/0/3/3")).json()["winner"]
    assert 6 <= winner["y"] <= 7
    assert 6 <= winner["x"] <= 7
    assert (
        api.layer(run, "relu1")[0, winner["y"], winner["x"]] == winner["value"] == api.layer(run, "maxpool1")[0, 3, 3]
    )


def test_a_row_of_weights_has_the_shape_of_the_volume(api, run):
    unit = api.get(path(run, "linear1", "/units/9")).json()
    assert np.shape(unit["kernel"]) == np.shape(unit["patch"]) == (6, 8, 8)
    assert unit["inputs"] == [{"layer": "maxpool1", "channels": [0, 5]}]
    assert unit == api.get(path(run, "linear1", "/units/9/0/0")).json()


@pytest.mark.parametrize(
    ("place", "status", "slug", "words"),
    [
        ("conv1/units/6/0/0", 404, "not-found", "channel 6 does not exist: conv1 has 6 maps, 0 to 5"),
        ("conv1/units/0/16/0", 404, "not-found", "row 16 does not exist: conv1 has 16 rows, 0 to 15"),
        ("conv1/units/0/0/16", 404, "not-found", "column 16 does not exist: conv1 has 16 columns, 0 to 15"),
        ("conv1/units/-1/0/0", 404, "not-found", "channel -1 does not exist"),
        ("linear1/units/10", 404, "not-found", "channel 10 does not exist: linear1 has 10 values, 0 to 9"),
        ("conv1/units/99999999999999999999999/0/0", 404, "not-found", "does not exist"),
        ("conv1/units/one/0/0", 422, "invalid-request", "integer"),
        ("conv9/units/0/0/0", 404, "not-found", "conv9"),
    ],
)
def test_a_number_that_is_not_there_is_refused_with_the_range(api, run, place, status, slug, words):
    assert words in problem(api.get(path(run, place)), status, slug)["detail"]


def test_a_number_that_is_not_there_is_refused_before_anything_is_computed(api):
    run = api.run(api.image(png(photo(32, 32, seed=31))), "slides")
    before = api.metric("convscope_layers_computed")
    problem(api.get(path(run, "relu2", "/units/10/0/0")), 404, "not-found")
    assert api.metric("convscope_layers_computed") == before


def test_a_number_made_from_too_many_values_names_the_limit(settings):
    with serving(settings.model_copy(update={"max_unit_cells": 74})) as api:
        run = api.run(api.image(png(PIXELS)), "slides")
        assert problem(api.get(path(run, "conv1", "/units/0/0/0")), 422, "over-limit")["limit"] == 74
        assert api.get(path(run, "relu1", "/units/0/0/0")).status_code == 200


def test_vgg16_explains_a_number_of_its_last_layers(api):
    run = api.run(api.image(png(photo(224, 224))), "vgg16")
    unit = api.get(path(run, "conv5_3", "/units/100/7/7")).json()
    assert unit["terms"] == 512 * 9
    assert unit["total"] == pytest.approx(unit["value"], rel=1e-4, abs=1e-3)
    field = unit["receptive_field"]
    assert field["bottom"] - field["top"] + 1 == 196
    assert math.isfinite(unit["relative_difference"])


# --- refusals


@pytest.mark.parametrize(
    ("change", "status", "slug", "where"),
    [
        ({"image": "0" * 32}, 404, "not-found", None),
        ({"image": "\ud800"}, 404, "not-found", None),
        ({"image": 5}, 422, "invalid-request", "image"),
        ({"model": "vgg17"}, 404, "not-found", "model"),
        ({"model": None}, 422, "invalid-request", "model"),
        ({"fit": "squeeze"}, 422, "invalid-request", "fit"),
        ({"size": 0}, 422, "invalid-request", "size"),
        ({"size": -5}, 422, "invalid-request", "size"),
        ({"size": 2.5}, 422, "invalid-request", "size"),
        ({"size": 10**9}, 422, "over-limit", "size"),
        ({"edits": None}, 422, "invalid-request", "edits"),
        ({"model": "pooling"}, 422, "invalid-request", None),
    ],
)
def test_a_run_that_cannot_be_is_refused(api, run, change, status, slug, where):
    request = {"image": run["image"], "model": "slides"} | change
    body = problem(
        api.post("/api/v1/runs", content=json.dumps(request), headers={"Content-Type": "application/json"}),
        status,
        slug,
    )
    if where is not None:
        assert body["where"] == where
    if slug == "over-limit":
        assert body["limit"] == 1024


def test_a_network_for_other_channels_names_what_it_takes(api):
    body = problem(
        api.post("/api/v1/runs", json={"image": api.array(np.ones((4, 8, 8))), "model": "slides"}),
        422,
        "invalid-request",
    )
    assert "4 channels" in body["detail"]
    assert "3×H×W" in body["expected"]


def test_an_input_too_small_for_its_network_names_the_layer(api):
    body = problem(
        api.post("/api/v1/runs", json={"image": api.array(np.ones((3, 6, 6))), "model": "slides"}), 422, "invalid-spec"
    )
    assert body["where"] == "layers[2] (conv2).kernel"


@pytest.mark.parametrize("run_id", ["0" * 32, "a" * 5000, "%00", "é" * 32])
@pytest.mark.parametrize(
    "rest", ["", "/input", "/layers/conv1", "/archive", "/layers/conv1/units/0/0/0", "/layers/conv1/units/0"]
)
def test_a_run_that_nobody_started_is_not_found(api, run_id, rest):
    response = api.get(f"/api/v1/runs/{run_id}{rest}")
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


# --- what caches may keep

KEPT = [
    "/input",
    "/layers/relu1?format=npy",
    "/layers/relu1?format=u8",
    "/layers/relu1?format=png",
    "/layers/relu1?format=json",
    "/layers/relu1/units/0/0/0",
]


@pytest.mark.parametrize("rest", KEPT)
def test_what_is_derived_may_be_kept_for_ever(api, run, rest):
    url = f"/api/v1/runs/{run['id']}{rest}"
    first = api.get(url)
    assert "immutable" in first.headers["cache-control"]
    tag = first.headers["etag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}'):
        again = api.get(url, headers={"If-None-Match": held})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
    assert api.get(url, headers={"If-None-Match": '"other"'}).content == first.content


def test_every_form_has_a_tag_of_its_own(api, run):
    tags = [api.get(f"/api/v1/runs/{run['id']}{rest}").headers["etag"] for rest in KEPT]
    assert len(set(tags)) == len(tags)


def test_what_is_refused_may_not_be_kept(api, run):
    response = api.get(path(run, "conv1", "/units/6/0/0"))
    assert "etag" not in response.headers
    assert "immutable" not in response.headers.get("cache-control", "")


def test_a_run_as_it_stands_may_not_be_kept(api, run):
    assert "immutable" not in api.get(f"/api/v1/runs/{run['id']}").headers.get("cache-control", "")


def test_a_layer_of_numbers_that_are_not_finite_is_still_told(api):
    image = api.array(np.array([[3e38, 1.0]]))
    run = api.run(image, api.model([1, 1, 2], {"op": "add", "from": ["input", "input"]}, {"op": "relu"}))
    answer = api.get(path(run, "relu1", "?format=json")).json()
    assert answer["summary"]["non_finite"] == 1
    for query in ("?format=u8", "?format=png", "/units/0/0/0"):
        assert api.get(path(run, "relu1", query)).status_code == 200
    assert npy(api.layer(run, "relu1")) == npy([[[np.inf, 2.0]]])
