"""Images over REST: what is taken, what comes back, and what is refused with which words."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from .api import NPY, npy, photo, png, problem, read_npy

IMAGES = "/api/v1/images"
PIXELS = photo(6, 8)


def test_a_photo_may_come_as_a_form_or_as_raw_bytes_and_has_one_id(api):
    raw = api.post(IMAGES, content=png(PIXELS), headers={"Content-Type": "image/png"})
    form = api.post(IMAGES, files={"file": ("any.png", png(PIXELS), "image/png")})
    assert raw.status_code == form.status_code == 201
    assert raw.json() == form.json()
    expected = {"kind": "photo", "width": 8, "height": 6, "shape": [3, 6, 8], "format": "PNG", "frames": 1, "notes": []}
    assert expected.items() <= raw.json().items()
    assert raw.json()["bytes"] == len(png(PIXELS))


def test_other_bytes_have_another_id(api):
    assert api.image(png(PIXELS)) != api.image(png(PIXELS ^ 1))


def test_a_png_comes_back_with_its_pixels(api):
    response = api.get(f"{IMAGES}/{api.image(png(PIXELS))}")
    assert response.headers["content-type"] == "image/png"
    assert (np.asarray(Image.open(io.BytesIO(response.content))) == PIXELS).all()


def test_a_jpeg_comes_back_as_one(api):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG")
    response = api.get(f"{IMAGES}/{api.image(buffer.getvalue(), 'image/jpeg')}")
    assert response.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(response.content)).size == (8, 6)


def test_a_thumbnail_fits_its_side_and_is_never_larger(api):
    image = api.image(png(photo(40, 80)))
    sizes = {
        side: Image.open(io.BytesIO(api.get(f"{IMAGES}/{image}?max_side={side}").content)).size for side in (20, 4096)
    }
    assert sizes == {20: (20, 10), 4096: (80, 40)}


def test_what_is_known_of_an_image_can_be_asked_for(api):
    response = api.post(IMAGES, content=png(PIXELS), headers={"Content-Type": "image/png"})
    assert api.get(f"{IMAGES}/{response.json()['id']}?format=json").json() == response.json()


@pytest.mark.parametrize(
    ("values", "shape"), [(np.arange(12.0).reshape(3, 4), [1, 3, 4]), (np.ones((2, 3, 4)), [2, 3, 4])]
)
def test_an_array_is_kept_as_it_is(api, values, shape):
    response = api.post(IMAGES, content=npy(values), headers=NPY)
    assert response.status_code == 201
    assert response.json()["kind"] == "array"
    assert response.json()["shape"] == shape
    assert (read_npy(api.get(f"{IMAGES}/{response.json()['id']}")) == values).all()


def test_an_array_may_come_as_a_form(api):
    form = {"file": ("a.npy", npy([[1.0]]), "application/x-npy")}
    assert api.post(IMAGES, files=form).json()["id"] == api.array([[1.0]])


def _saved(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90°
    return _saved(Image.fromarray(PIXELS), "JPEG", exif=exif)


def _animated() -> bytes:
    frames = [Image.fromarray(photo(6, 8, seed)) for seed in range(3)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


UNUSUAL = {
    "animated": (_animated, "first of 3 frames", (8, 6)),
    "turned by EXIF": (_turned, "turned by EXIF", (6, 8)),
    "CMYK": (lambda: _saved(Image.new("CMYK", (8, 6)), "JPEG"), "CMYK converted", (8, 6)),
    "transparent": (lambda: _saved(Image.new("RGBA", (8, 6)), "PNG"), "transparency flattened on white", (8, 6)),
    "palette with transparency": (
        lambda: _saved(Image.new("P", (8, 6)), "PNG", transparency=0),
        "transparency flattened on white",
        (8, 6),
    ),
    "16 bits": (lambda: _saved(Image.new("I;16", (8, 6)), "PNG"), "16 bits a value reduced to 8", (8, 6)),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_an_unusual_photo_is_taken_and_what_was_done_is_said(api, kind):
    make, note, (width, height) = UNUSUAL[kind]
    response = api.post(IMAGES, content=make(), headers={"Content-Type": "image/*"})
    assert response.status_code == 201
    assert any(note in each for each in response.json()["notes"])
    assert (response.json()["width"], response.json()["height"]) == (width, height)


def test_one_pixel_is_a_photo(api):
    assert api.get(f"{IMAGES}/{api.image(png(photo(1, 1)))}?format=json").json()["shape"] == [3, 1, 1]


def test_the_bytes_say_what_an_image_is_and_not_its_label(api):
    response = api.post(IMAGES, content=png(PIXELS), headers={"Content-Type": "image/jpeg"})
    assert response.json()["format"] == "PNG"


def _huge_header() -> bytes:
    """A PNG that says it has 100,000×100,000 pixels, in a few bytes."""
    size = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size) + _chunk(b"IDAT", zlib.compress(b"\0" * 100))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


NOT_PHOTOS = {
    "empty": (b"", 422, "invalid-image"),
    "text": (b"hello, world", 422, "invalid-image"),
    "truncated": (png(photo(64, 64))[:-200], 422, "invalid-image"),
    "header alone": (png(PIXELS)[:40], 422, "invalid-image"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 422, "invalid-image"),
    "an array": (npy([[1.0]]), 415, "unsupported-media"),
}


@pytest.mark.parametrize("kind", NOT_PHOTOS)
def test_what_is_no_photo_is_refused(api, kind):
    data, status, slug = NOT_PHOTOS[kind]
    before = api.metric("convscope_store_bytes")
    problem(api.post(IMAGES, content=data, headers={"Content-Type": "image/png"}), status, slug)
    assert api.metric("convscope_store_bytes") == before


def test_a_huge_photo_is_refused_from_its_header_with_the_limit(api):
    body = problem(api.post(IMAGES, content=_huge_header(), headers={"Content-Type": "image/png"}), 413, "too-large")
    assert body["limit"] == 50_000_000
    assert "10,000,000,000 pixels" in body["detail"]


def _header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


NOT_ARRAYS = {
    "empty": b"",
    "text": b"hello",
    "truncated": npy(np.ones((3, 4, 4)))[:-1],
    "trailing": npy([[1.0]]) + b"\0",
    "objects": _header("(1, 1)", "|O") + b"cos\nsystem\n",
    "one axis": npy([1.0]),
    "four axes": npy([[[[1.0]]]]),
    "no cells": npy(np.ones((3, 0, 4))),
    "not a number": npy([[np.nan]]),
    "infinite": npy([[np.inf]]),
}


@pytest.mark.parametrize("kind", NOT_ARRAYS)
def test_what_is_no_array_of_maps_is_refused(api, kind):
    problem(api.post(IMAGES, content=NOT_ARRAYS[kind], headers=NPY), 422, "invalid-image")


def test_a_huge_array_is_refused_from_its_header_with_the_limit(api):
    body = problem(api.post(IMAGES, content=_header("(3, 1000000, 1000000)"), headers=NPY), 413, "too-large")
    assert body["limit"] == 16_000_000


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-www-form-urlencoded"])
def test_a_body_of_another_kind_is_refused_and_the_right_ones_are_named(api, kind):
    body = problem(api.post(IMAGES, content=png(PIXELS), headers={"Content-Type": kind}), 415, "unsupported-media")
    assert "image/*" in body["expected"]
    assert "application/x-npy" in body["expected"]


def test_a_body_without_a_type_is_refused(api):
    problem(api.post(IMAGES, content=png(PIXELS)), 415, "unsupported-media")


@pytest.mark.parametrize(
    "options",
    [
        {"files": {"photo": ("a.png", png(PIXELS), "image/png")}},
        {"data": {"file": "a.png"}, "files": {"other": b""}},
        {"content": b"no parts", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"no boundary", "headers": {"Content-Type": "multipart/form-data"}},
    ],
    ids=["another field", "text field", "no parts", "no boundary"],
)
def test_a_form_without_a_file_is_refused(api, options):
    problem(api.post(IMAGES, **options), 400, "bad-request")


STRANGE_IDS = ["0" * 32, "x", "a" * 5000, "..", "%2e%2e%2fmodels", "%00", "é" * 32, "%F0%9F%90%B1", "A" * 32]


@pytest.mark.parametrize("image", STRANGE_IDS)
def test_an_id_that_nobody_was_given_is_not_found(api, image):
    response = api.get(f"{IMAGES}/{image}")
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


@pytest.mark.parametrize("query", ["max_side=0", "max_side=-1", "max_side=1e9", "max_side=5000", "format=tiff"])
def test_a_thumbnail_of_no_possible_size_is_refused(api, query):
    body = problem(api.get(f"{IMAGES}/{api.image(png(PIXELS))}?{query}"), 422, "invalid-request")
    assert body["where"] == query.split("=")[0]
