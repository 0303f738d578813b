"""The one call for a script: a photo in, activations out, nothing kept."""

import io

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load

from .api import FORM, npy, photo, png, problem, read_npy, read_u8

PHOTO = {"file": ("photo.png", png(photo(32, 32, seed=9)), "image/png")}
SLIDES = {"model": "slides", "layers": "relu1"}


@pytest.fixture(scope="module")
def kept(api):
    """The same photo through the same network as a run."""
    return api.run(api.image(PHOTO["file"][1]), "slides")


def test_one_layer_is_a_picture_unless_asked_otherwise(api):
    response = api.post(FORM, files=PHOTO, data=SLIDES)
    assert response.headers["content-type"] == "image/png"
    Image.open(io.BytesIO(response.content)).verify()


def test_values_are_those_of_a_run(api, kept):
    exact = api.layer(kept, "relu1")
    assert (read_npy(api.post(FORM, files=PHOTO, data=SLIDES | {"format": "npy"})) == exact).all()
    assert (read_npy(api.post(FORM, files=PHOTO, data=SLIDES | {"format": "npy", "map": "2"})) == exact[2]).all()
    _, low, high, signed = read_u8(api.post(FORM, files=PHOTO, data=SLIDES | {"format": "u8"}).content)
    assert (low == exact.min((1, 2))).all()
    assert (high == exact.max((1, 2))).all()
    assert not signed
    numbers = api.post(FORM, files=PHOTO, data=SLIDES | {"format": "json"}).json()
    assert numbers == api.get(f"/api/v1/runs/{kept['id']}/layers/relu1?format=json").json()


@pytest.mark.parametrize(("form", "read"), [(None, "npz"), ("npz", "npz"), ("safetensors", "safetensors")])
def test_several_layers_are_an_archive(api, kept, form, read):
    fields = {"model": "slides", "layers": "conv1, relu2"} | ({} if form is None else {"format": form})
    response = api.post(FORM, files=PHOTO, data=fields)
    arrays = dict(np.load(io.BytesIO(response.content))) if read == "npz" else load(response.content)
    assert set(arrays) == {"conv1", "relu2"}
    for name, array in arrays.items():
        assert (array == api.layer(kept, name)).all()


def test_an_array_is_used_as_it_is(api):
    lecture = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    file = {"file": ("typed.npy", npy(lecture), "application/x-npy")}
    response = api.post(FORM, files=file, data={"model": "maxpool_4x4", "layers": "pool", "format": "npy"})
    assert read_npy(response).tolist() == [[[6, 8], [3, 4]]]


def test_size_and_fit_are_taken(api):
    fields = SLIDES | {"size": "48", "fit": "stretch", "format": "npy"}
    assert read_npy(api.post(FORM, files=PHOTO, data=fields)).shape == (6, 44, 44)


def test_nothing_is_kept(api):
    data = png(photo(32, 32, seed=77))
    names = ["convscope_store_bytes", "convscope_cache_activations_bytes", "convscope_cache_rendered_bytes"]
    before = [api.metric(name) for name in names]
    for form in ("npy", "u8", "npz"):
        api.post(FORM, files={"file": ("p.png", data, "image/png")}, data=SLIDES | {"format": form})
    assert [api.metric(name) for name in names] == before


@pytest.mark.parametrize(
    ("fields", "status", "slug", "where"),
    [
        ({}, 422, "invalid-request", "layers"),
        ({"layers": ""}, 422, "invalid-request", "layers"),
        ({"layers": "relu9", "model": "slides"}, 404, "not-found", None),
        ({"layers": "fc6"}, 422, "layer-unavailable", "fc6"),
        ({"layers": "relu1", "model": "vgg17"}, 404, "not-found", "model"),
        (SLIDES | {"format": "exr"}, 422, "invalid-request", "format"),
        (SLIDES | {"layers": "conv1,relu1", "format": "png"}, 406, "not-acceptable", None),
        (SLIDES | {"size": "large"}, 422, "invalid-request", "size"),
        (SLIDES | {"size": "1000000"}, 422, "over-limit", "size"),
        (SLIDES | {"colour": "grey"}, 422, "invalid-request", "colour"),
        (SLIDES | {"map": "9"}, 404, "not-found", "map"),
    ],
)
def test_what_cannot_be_is_refused(api, fields, status, slug, where):
    body = problem(api.post(FORM, files=PHOTO, data=fields), status, slug)
    if where is not None:
        assert body["where"] == where


def test_a_call_without_a_photo_is_refused(api):
    problem(api.post(FORM, data=SLIDES, files={"other": b"x"}), 400, "bad-request")
    problem(api.post(FORM, content=PHOTO["file"][1], headers={"Content-Type": "image/png"}), 415, "unsupported-media")
    empty = {"file": ("empty.png", b"", "image/png")}
    problem(api.post(FORM, files=empty, data=SLIDES), 422, "invalid-image")
