"""The compare page over HTTP: what an address makes, and what it says where that cannot be."""

import json
import re
from typing import Any, cast

import pytest

from .api import Api, photo, png

HTML = {"Accept": "text/html"}


def page(api: Api, **query: object) -> tuple[int, str, dict[str, Any]]:
    """Status, HTML and the data in it."""
    answer = api.get("/compare", params={name: str(value) for name, value in query.items()}, headers=HTML)
    found = re.search(r'id="page-data">(.*?)</script>', answer.text, re.DOTALL)
    return answer.status_code, answer.text, cast(dict[str, Any], json.loads(found[1])) if found else {}


def test_a_bare_address_compares_a_sample_with_itself_moved(api: Api) -> None:
    status, _, data = page(api)
    assert status == 200
    assert (data["view"]["right"], data["shift"]) == (4, [0, 4])
    assert data["view"]["image"] == data["a"]["run"]["image"]


def test_the_second_picture_is_an_ordinary_image(api: Api) -> None:
    _, _, data = page(api, model="slides", right=2, noise=5)
    answer = api.get(f"/api/v1/images/{data['b']['run']['image']}", params={"format": "json"})
    assert answer.status_code == 200
    assert answer.json()["width"] == 32
    assert [next(iter(change)) for change in answer.json()["variant"]["changes"]] == ["shift", "noise"]


def test_the_same_address_gives_the_same_runs(api: Api) -> None:
    first, second = (page(api, model="slides", turn=10)[2] for _ in range(2))
    assert first["b"]["run"]["id"] == second["b"]["run"]["id"]


def test_what_cannot_be_made_is_said_beside_a(api: Api) -> None:
    status, html, data = page(api, model="slides", right=32)
    assert status == 422
    assert data["b"] is None
    assert "B cannot be made. A shift by [0, 32] leaves nothing" in html
    assert data["a"]["run"]["model_name"] == "slides"


@pytest.mark.parametrize("query", [{"b": "0" * 32}, {"image_b": "0" * 32}, {"model_b": "nothing"}])
def test_an_unknown_b_is_said_beside_a(api: Api, query: dict[str, str]) -> None:
    status, html, data = page(api, model="slides", **query)
    assert status == 404
    assert data["b"] is None
    assert "B cannot be made" in html


@pytest.mark.parametrize("query", [{"a": "0" * 32}, {"image": "0" * 32}, {"model": "nothing", "right": "1"}])
def test_an_unknown_a_is_a_page_that_says_so(api: Api, query: dict[str, str]) -> None:
    status, html, data = page(api, **query)
    assert status == 404
    assert data == {}
    assert "<h1>" in html


def test_names_from_outside_are_written_as_text(api: Api) -> None:
    image = api.image(png(photo(8, 8)))
    _, html, _ = page(api, image=image, model="slides", layer="<script>alert(1)</script>")
    assert "<script>alert" not in html
    assert "layer=&lt;script&gt;" in html
