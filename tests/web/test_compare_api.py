"""Variants and differences over REST: what comes back, and what is refused with which words."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from app.resources import resource_path

from .api import npy, photo, png, problem, read_npy, read_u8, serving

PIXELS = photo(32, 32)
IMAGES = "/api/v1/images"


@pytest.fixture(scope="module")
def image(api):
    return api.image(png(PIXELS))


@pytest.fixture(scope="module")
def pair(api, image):
    """A photo and the same moved by two pixels, both through the lecture's network."""
    moved = api.post(f"{IMAGES}/{image}/variants", json={"shift": [2, 0]}).json()
    return api.run(image, "slides"), api.run(moved["id"], "slides")


def variants(image):
    return f"{IMAGES}/{image}/variants"


def differences(a, b, query=""):
    return f"/api/v1/runs/{a['id']}/differences?to={b['id']}{query}"


def difference(a, b, layer, query=""):
    return f"/api/v1/runs/{a['id']}/layers/{layer}/difference?to={b['id']}{query}"


# --- variants


def test_a_variant_is_an_ordinary_image_that_says_where_it_comes_from(api, image):
    response = api.post(variants(image), json={"shift": [2, -1]})
    assert response.status_code == 201
    made = response.json()
    expected = {"kind": "photo", "format": "PNG", "shape": [3, 32, 32], "notes": ["moved 2 px down, 1 px left"]}
    assert expected.items() <= made.items()
    assert made["variant"] == {"of": image, "changes": [{"shift": [2, -1]}]}
    body = api.get(f"{IMAGES}/{made['id']}")
    assert body.headers["content-type"] == "image/png"
    rows, columns = np.clip(np.arange(32) - 2, 0, 31), np.clip(np.arange(32) + 1, 0, 31)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(body.content))), PIXELS[rows][:, columns])
    assert api.get(f"{IMAGES}/{made['id']}?format=json").json() == made


def test_the_same_request_gives_the_same_id(api, image):
    change = [{"noise": {"sigma": 10, "seed": 4}}, {"rotate": 5}]
    first, second = (api.post(variants(image), json=change).json() for _ in range(2))
    assert first == second
    assert api.post(variants(image), json=[change[1], change[0]]).json()["id"] != first["id"]
    assert api.post(variants(image), json=change[1]).json() == api.post(variants(image), json=[change[1]]).json()


def test_a_variant_of_an_array_is_one(api):
    values = np.random.default_rng(0).normal(size=(2, 5, 6)).astype(np.float32)
    made = api.post(variants(api.array(values)), json={"flip": "horizontal"}).json()
    assert (made["kind"], made["format"], made["shape"]) == ("array", "NPY", [2, 5, 6])
    np.testing.assert_array_equal(read_npy(api.get(f"{IMAGES}/{made['id']}")), values[:, :, ::-1])
    problem(api.post(variants(made["id"]), json={"blur": 1}), 422, "invalid-request")


def test_an_uploaded_image_is_no_variant_even_where_one_has_its_bytes(api):
    image = api.post(IMAGES, content=npy(np.ones((1, 3, 3))), headers={"Content-Type": "application/x-npy"}).json()
    assert image["variant"] is None
    assert api.post(variants(image["id"]), json={"flip": "vertical"}).json() == image


def test_a_variant_sent_back_is_still_known_as_one(api, image):
    made = api.post(variants(image), json={"flip": "vertical"}).json()
    kept = api.app.state.service.gallery.original(made["id"])
    assert api.post(IMAGES, content=kept, headers={"Content-Type": "image/png"}).json() == made


def test_a_photo_of_any_format_has_variants_of_its_upright_pixels(api):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS[:20]).save(file, "JPEG", exif=exif)
    image = api.image(file.getvalue(), "image/jpeg")
    made = api.post(variants(image), json={"flip": "horizontal"}).json()
    assert (made["width"], made["height"], made["format"]) == (20, 32, "PNG")
    upright = np.asarray(Image.open(file).transpose(Image.Transpose.ROTATE_270))
    body = api.get(f"{IMAGES}/{made['id']}")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(body.content))), np.fliplr(upright))


def test_a_sample_has_variants(api):
    sample = api.image(resource_path("samples", "chelsea.png").read_bytes())
    made = api.post(variants(sample), json={"size": 64}).json()
    assert made["shape"] == [3, 64, 64]
    assert made["variant"]["of"] == sample


def test_a_variant_is_there_after_a_restart(settings):
    with serving(settings) as api:
        made = api.post(variants(api.image(png(PIXELS))), json={"blur": 2}).json()
    with serving(settings) as api:
        assert api.get(f"{IMAGES}/{made['id']}?format=json").json() == made


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "0"),
        ([], "body"),
        (5, "0"),
        (None, None),
        ({"crop": [0, 0, 33, 10]}, "0.crop"),
        ({"crop": [0, 0, 10]}, None),
        ({"shift": [32, 0]}, "0.shift"),
        ({"shift": [0.5, 0]}, "0.shift.0"),
        ({"flip": "diagonal"}, "0.flip"),
        ({"rotate": 361}, "0.rotate"),
        ({"noise": {"sigma": 0}}, "0.noise.sigma"),
        ({"blur": 1, "scale": 2}, "0"),
        ({"zoom": 2}, "0.zoom"),
        ([{"blur": 1}] * 9, "body"),
        ([{"blur": 1}, {"crop": [0, 0, 33, 10]}], "1.crop"),
    ],
)
def test_a_change_that_cannot_be_is_refused(api, image, body, where):
    answer = problem(api.post(variants(image), json=body), 422, "invalid-request")
    if where is not None:
        assert answer["where"] == where


def test_a_variant_over_a_limit_names_it(api, image):
    assert problem(api.post(variants(image), json={"size": 1025}), 422, "over-limit")["limit"] == 1024
    answer = problem(api.post(variants(image), json=[{"scale": 16}] * 3), 422, "over-limit")
    assert answer["limit"] == 16_000_000


def test_a_variant_of_more_bytes_than_an_upload_is_refused(settings):
    with serving(settings.model_copy(update={"max_upload_bytes": 5_000})) as api:
        answer = problem(api.post(variants(api.image(png(PIXELS))), json={"scale": 4}), 422, "over-limit")
        assert answer["limit"] == 5_000


@pytest.mark.parametrize("unknown", ["0" * 32, "x", "é" * 32])
def test_a_variant_of_nothing_is_not_found(api, unknown):
    problem(api.post(variants(unknown), json={"blur": 1}), 404, "not-found")


def test_a_change_that_is_no_json_is_refused(api, image):
    kind = {"Content-Type": "application/json"}
    problem(api.post(variants(image), content=b"{", headers=kind), 400, "bad-request")
    problem(api.post(variants(image), content=b"x", headers={"Content-Type": "text/plain"}), 415, "unsupported-media")


# --- two runs


def test_a_run_is_equal_to_itself(api, pair):
    answer = api.get(differences(pair[0], pair[0])).json()
    assert answer["equal"]
    assert answer["first"] is None
    assert answer["input"]["equal"]
    assert [(layer["name"], layer["state"], layer["equal"], layer["relative"]) for layer in answer["layers"]] == [
        (name, "compared", True, 0) for name in ("conv1", "relu1", "conv2", "relu2")
    ]


def test_numbers_are_those_of_the_layers(api, pair):
    a, b = pair
    answer = api.get(differences(a, b, "&maps=3")).json()
    assert (answer["a"], answer["b"], answer["matched_by"]) == (a["id"], b["id"], "position")
    assert (answer["first"], answer["equal"]) == ("conv1", False)
    for layer in answer["layers"]:
        x, y = (api.layer(run, layer["name"]).astype(np.float64) for run in pair)
        assert layer["relative"] == pytest.approx(np.linalg.norm(y - x) / np.linalg.norm(x))
        assert layer["reference_norm"] == pytest.approx(np.linalg.norm(x))
        norms = np.linalg.norm((y - x).reshape(len(x), -1), axis=1)
        assert [one["index"] for one in layer["maps"]] == np.argsort(-norms, kind="stable")[:3].tolist()
        assert layer["maps"][0]["norm"] == pytest.approx(norms.max())
        assert layer["region"] == {"top": 0, "left": 0, "height": x.shape[1], "width": x.shape[2]}


def test_moved_back_the_photos_differ_only_where_something_moved_in(api, pair):
    a, b = pair
    answer = api.get(differences(a, b, "&shift=2,0&tolerance=1e-5")).json()
    assert answer["shift"] == [2, 0]
    assert answer["input"]["equal"]
    assert answer["input"]["region"] == {"top": 0, "left": 0, "height": 30, "width": 32}
    assert answer["first"] is None
    assert all(layer["inside"] and layer["move"]["whole"] for layer in answer["layers"])


def test_an_edited_run_differs_from_its_edit_on(api, pair):
    base = pair[0]
    run = api.run(base["image"], base["model"], edits=[{"layer": "conv2", "channel": 3, "scale": 0}])
    answer = api.get(differences(base, run)).json()
    assert answer["first"] == "conv2"
    assert [layer["equal"] for layer in answer["layers"]] == [True, True, False, False]
    assert answer["layers"][2]["maps"][0]["index"] == 3
    assert answer["layers"][2]["maps"][0]["relative"] == 1


def test_the_tolerance_decides_which_layer_is_the_first(api, pair):
    answer = api.get(differences(*pair, "&tolerance=1")).json()
    over = [layer["name"] for layer in answer["layers"] if layer["relative"] > 1]
    assert answer["first"] == (over[0] if over else None)


def test_networks_of_other_layers_go_together_by_name(api, pair):
    other = api.model([3, 32, 32], {"op": "conv", "filters": 6, "kernel": 5}, {"op": "tanh"}, name="other")
    run = api.run(pair[0]["image"], other)
    answer = api.get(differences(pair[0], run)).json()
    assert answer["matched_by"] == "name"
    assert [(layer["name"], layer["state"]) for layer in answer["layers"]] == [
        ("conv1", "compared"),
        ("relu1", "missing"),
        ("conv2", "missing"),
        ("relu2", "missing"),
    ]
    assert answer["only_in_b"] == ["tanh1"]
    assert not answer["equal"]
    problem(api.get(difference(pair[0], run, "relu1")), 404, "not-found")


def test_another_size_is_another_shape(api, pair):
    larger = api.run(pair[0]["image"], "slides", size=40)
    answer = api.get(differences(pair[0], larger)).json()
    assert {layer["state"] for layer in (answer["input"], *answer["layers"])} == {"other shape"}
    assert answer["layers"][0]["reason"] == "6×28×28 here, 6×36×36 there"
    assert answer["first"] is None
    assert "6×36×36" in problem(api.get(difference(pair[0], larger, "conv1")), 422, "invalid-request")["detail"]


def test_layers_without_weights_are_listed_with_the_reason(api, image):
    run = api.run(image, "vgg16", size=32)
    layers = {layer["name"]: layer for layer in api.get(differences(run, run)).json()["layers"]}
    assert layers["pool5"]["equal"]
    assert (layers["fc6"]["state"], layers["fc6"]["relative"]) == ("unavailable", None)
    assert layers["fc6"]["reason"]
    problem(api.get(difference(run, run, "fc6")), 422, "layer-unavailable")


# --- one layer


def test_the_difference_of_a_layer_is_b_less_a_in_every_form(api, pair):
    x, y = (api.layer(run, "relu1") for run in pair)
    exact = read_npy(api.get(difference(*pair, "relu1")))
    np.testing.assert_array_equal(exact, y - x)
    assert (read_npy(api.get(difference(*pair, "relu1", "&map=2"))) == exact[2]).all()
    data, low, high, signed = read_u8(api.get(difference(*pair, "relu1", "&format=u8")).content)
    assert signed
    assert (low == exact.min((1, 2))).all()
    assert (high == exact.max((1, 2))).all()
    assert (data[exact == 0] == 128).all()
    picture = Image.open(io.BytesIO(api.get(difference(*pair, "relu1", "&format=png&map=2&scale=2")).content))
    assert picture.size == (56, 56)
    wall = api.get(difference(*pair, "relu1", "&format=png&normalize=layer"))
    assert wall.headers["content-type"] == "image/png"


def test_a_layer_s_numbers_list_every_map(api, pair):
    answer = api.get(difference(*pair, "relu1", "&format=json")).json()
    assert sorted(one["index"] for one in answer["maps"]) == list(range(6))
    within = next(layer for layer in api.get(differences(*pair)).json()["layers"] if layer["name"] == "relu1")
    assert answer == within


def test_the_difference_has_the_cells_that_both_saw(api, pair):
    x, y = (api.layer(run, "conv1") for run in pair)
    moved = read_npy(api.get(difference(*pair, "conv1", "&shift=2,0&border=1")))
    np.testing.assert_array_equal(moved, y[:, 3:27, 1:27] - x[:, 1:25, 1:27])
    shown = read_npy(api.get(difference(*pair, "input", "&shift=2,0")))
    assert shown.shape == (3, 30, 32)
    assert not shown.any()


@pytest.mark.parametrize(
    ("rest", "query", "status", "slug", "where"),
    [
        ("differences", "", 422, "invalid-request", "to"),
        ("differences", "to=nobody", 404, "not-found", None),
        ("differences", "to={b}&shift=1", 422, "invalid-request", "shift"),
        ("differences", "to={b}&shift=a,b", 422, "invalid-request", "shift"),
        ("differences", "to={b}&border=-1", 422, "invalid-request", "border"),
        ("differences", "to={b}&tolerance=nan", 422, "invalid-request", "tolerance"),
        ("differences", "to={b}&maps=5000", 422, "invalid-request", "maps"),
        ("differences", "to={b}&form=png", 422, "invalid-request", "form"),
        ("layers/conv1/difference", "", 422, "invalid-request", "to"),
        ("layers/conv1/difference", "to={b}&format=exr", 422, "invalid-request", "format"),
        ("layers/conv1/difference", "to={b}&format=png&map=6", 404, "not-found", "map"),
        ("layers/conv1/difference", "to={b}&format=png&colormap=jet", 422, "invalid-request", "colormap"),
        ("layers/conv1/difference", "to={b}&border=20", 422, "invalid-request", "layer"),
        ("layers/conv1/difference", "to={b}&shift=28,0", 422, "invalid-request", "layer"),
        ("layers/conv9/difference", "to={b}", 404, "not-found", "layer"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(api, pair, rest, query, status, slug, where):
    a, b = pair
    body = problem(api.get(f"/api/v1/runs/{a['id']}/{rest}?{query.format(b=b['id'])}"), status, slug)
    if where is not None:
        assert body["where"] == where


def test_a_run_that_nobody_started_is_not_found(api, pair):
    for rest in ("differences", "layers/conv1/difference"):
        problem(api.get(f"/api/v1/runs/{'0' * 32}/{rest}?to={pair[0]['id']}"), 404, "not-found")


def test_a_comparison_may_be_kept_for_ever(api, pair):
    for url in (differences(*pair), difference(*pair, "conv1"), difference(*pair, "conv1", "&format=json")):
        first = api.get(url)
        assert "immutable" in first.headers["cache-control"]
        assert api.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert api.get(differences(*pair)).headers["etag"] != api.get(differences(*pair, "&border=1")).headers["etag"]


def test_values_that_are_not_finite_are_null(api):
    double = api.model([1, 1, 2], {"op": "add", "from": ["input", "input"]}, name="double")
    a, b = (api.run(api.array(np.array([[value, 1.0]])), double) for value in (1.0, 3e38))
    response = api.get(differences(a, b))
    layer = json.loads(response.content)["layers"][0]
    assert layer["norm"] is None
    assert layer["maps"][0]["max_abs"] is None
    assert response.json()["first"] == "add1"
    assert read_npy(api.get(difference(a, b, "add1"))).tolist() == [[[np.inf, 0.0]]]
    for form in ("u8", "png", "json"):
        assert api.get(difference(a, b, "add1", f"&format={form}")).status_code == 200
