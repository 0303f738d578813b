"""Figures over REST: their files open, their captions say what was run, wrong requests are refused."""

import io
from xml.etree import ElementTree

import numpy as np
import pypdf
import pytest

from app import __version__

from .api import FORM, Api, npy, problem

VALUES = np.random.default_rng(5).normal(size=(1, 6, 8)).astype(np.float32)


@pytest.fixture
def run(api: Api) -> dict:
    model = api.model(
        [1, 6, 8],
        {"op": "conv", "name": "conv1", "filters": 3, "kernel": 3},
        {"op": "flatten", "name": "flat"},
        name="drawn",
    )
    return api.run(api.array(VALUES), model)


def path(run: dict, layer: str, query: str) -> str:
    return f"/api/v1/runs/{run['id']}/layers/{layer}?{query}"


def words(svg: str) -> str:
    return " ".join(" ".join(ElementTree.fromstring(svg).itertext()).split())


def test_an_svg_says_what_was_run(api: Api, run: dict) -> None:
    answer = api.get(path(run, "conv1", "format=svg&map=1"))
    assert answer.headers["content-type"] == "image/svg+xml"
    text = words(answer.text)
    assert "conv1, map 1, of drawn" in text
    assert "Network drawn, layer conv1 (conv), 3×4×6." in text
    assert f"Image {run['image']}, seen as 1×6×8." in text
    assert f"Colours RdBu. Made with convscope {__version__}." in text
    values = api.layer(run, "conv1")[1]
    assert f"Values from {values.min():.6g} to {values.max():.6g}.".replace("-", "−") in text


def test_a_pdf_says_the_same(api: Api, run: dict) -> None:
    answer = api.get(path(run, "conv1", "format=pdf&map=1"))
    assert answer.headers["content-type"] == "application/pdf"
    (page,) = pypdf.PdfReader(io.BytesIO(answer.content), strict=True).pages
    assert "Network drawn, layer conv1 (conv), 3×4×6." in " ".join(page.extract_text().split())


def test_a_title_and_colours_are_the_callers(api: Api, run: dict) -> None:
    text = words(api.get(path(run, "conv1", "format=svg&title=A+%26+B&colormap=iceburn&normalize=layer")).text)
    assert text.startswith("A & B")
    assert "Colours iceburn." in text
    assert "All maps share one scale" in text


def test_a_sample_is_called_by_its_name(api: Api) -> None:
    (sample, _) = api.do(api.app.state.service.samples())[0]
    run = api.run(sample.id, "vgg16", size=32)
    assert f"Image {sample.name}, seen as 3×32×32, fit crop." in words(api.get(path(run, "relu1_1", "format=svg")).text)


def test_a_vector_is_drawn_too(api: Api, run: dict) -> None:
    for form in ("svg", "pdf"):
        assert api.get(path(run, "flat", f"format={form}")).status_code == 200


def test_a_figure_may_be_kept_for_ever(api: Api, run: dict) -> None:
    first, other = (api.get(path(run, "conv1", f"format=svg&title={title}")) for title in "ab")
    assert "immutable" in first.headers["cache-control"]
    assert first.headers["etag"] != other.headers["etag"]
    assert api.get(path(run, "conv1", "format=svg&title=a")).content == first.content


def test_the_one_call_draws_figures(api: Api) -> None:
    files = {"file": ("values.npy", npy(VALUES), "application/x-npy")}
    answer = api.post(FORM, files=files, data={"layers": "pool", "model": "maxpool_4x4", "format": "svg", "title": "T"})
    assert words(answer.text).startswith("T")


@pytest.mark.parametrize(
    ("query", "status", "slug", "where"),
    [
        ("format=svg&map=3", 404, "not-found", "map"),
        ("format=pdf&colormap=jet", 422, "invalid-request", "colormap"),
        ("format=svg&scale=0", 422, "invalid-request", "scale"),
        ("format=svg&title=%01", 422, "invalid-request", "title"),
        ("format=svg&title=", 422, "invalid-request", "title"),
        ("format=svg&title=" + "a" * 201, 422, "invalid-request", "title"),
        ("format=pdf&title=%E5%B1%A4", 422, "invalid-request", "title"),
        ("format=eps", 422, "invalid-request", "format"),
    ],
)
def test_a_wrong_request_is_refused_with_its_place(
    api: Api, run: dict, query: str, status: int, slug: str, where: str
) -> None:
    assert problem(api.get(path(run, "conv1", query)), status, slug)["where"] == where
