"""Every error is a problem of RFC 9457, whoever raised it; a browser reads a page that says the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.problems import KINDS

from .api import NPY, npy, problem, serving


def test_an_unknown_address_names_its_like(api):
    body = problem(api.get("/api/v1/model"), 404, "not-found")
    assert body["detail"] == "There is nothing at /api/v1/model."
    assert body["expected"] == "/api/v1/models"


def test_an_address_like_no_other_names_none(api):
    assert "expected" not in problem(api.get("/zzzzzzzzzzzzzzzzzzzz"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/images", "POST"),
        ("PUT", "/api/v1/models/vgg16", "GET"),
        ("GET", "/api/v1/runs", "POST"),
        ("POST", "/healthz", "GET"),
        ("GET", "/api/v1/activations", "POST"),
    ],
)
def test_a_method_that_an_address_does_not_have_is_refused_and_the_right_one_named(api, method, path, allowed):
    response = api.request(method, path)
    problem(response, 405, "method-not-allowed")
    assert allowed in response.headers["allow"]


@pytest.mark.parametrize("path", ["/nothing", "/problems/nothing", "/?image=" + "0" * 32, "/static/nothing.js"])
def test_a_browser_gets_a_page_that_says_the_same(api, path):
    response = api.get(path, headers={"Accept": "text/html,application/xhtml+xml"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "Not found" in response.text


def test_the_api_answers_problems_even_to_a_browser(api):
    problem(api.get("/api/v1/models/none", headers={"Accept": "text/html"}), 404, "not-found")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_the_type_of_every_problem_is_a_page(api, kind):
    response = api.get(f"/problems/{kind.slug}")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert kind.title in response.text


def test_a_page_shows_nothing_as_markup_that_an_address_holds(api):
    response = api.get("/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "<script>alert" not in response.text


def test_every_answer_says_what_a_page_may_load_and_that_types_are_as_declared(api):
    for path in ("/", "/api", "/api/v1/models", "/nothing", "/static/data/luts.json"):
        headers = api.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_bodies_over_the_limit_are_refused_with_it(settings):
    small = settings.model_copy(update={"max_upload_bytes": 1000, "max_json_bytes": 100})
    with serving(small) as api:
        sent = {
            "raw": {"content": b"\0" * 1001, "headers": {"Content-Type": "image/png"}},
            "array": {"content": b"\0" * 1001, "headers": NPY},
            "form": {"files": {"file": b"\0" * 1001}},
        }
        for options in sent.values():
            assert problem(api.post("/api/v1/images", **options), 413, "too-large")["limit"] == 1000
        for path in ("/api/v1/models", "/api/v1/analyses", "/api/v1/runs"):
            assert problem(api.post(path, json={"spec": "x" * 100}), 413, "too-large")["limit"] == 100


def test_a_full_store_refuses_what_is_new_and_keeps_what_is_there(settings):
    with serving(settings.model_copy(update={"store_bytes": 400})) as api:
        image = api.array([[1.0]])
        body = problem(api.post("/api/v1/images", content=npy(np.ones((50, 50))), headers=NPY), 503, "storage-full")
        assert body["limit"] == 400
        assert api.get(f"/api/v1/images/{image}").status_code == 200
        assert api.array([[1.0]]) == image


# --- the document


def test_the_document_is_openapi_31_and_names_every_call(api):
    document = api.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= {
        "/api/v1/images",
        "/api/v1/images/{image_id}",
        "/api/v1/models",
        "/api/v1/models/{model_id}",
        "/api/v1/models/{model_id}/layers/{layer}/filters",
        "/api/v1/analyses",
        "/api/v1/activations",
        "/api/v1/runs",
        "/api/v1/runs/{run_id}",
        "/api/v1/runs/{run_id}/input",
        "/api/v1/runs/{run_id}/archive",
        "/api/v1/runs/{run_id}/layers/{layer}",
        "/api/v1/runs/{run_id}/layers/{layer}/units/{channel}",
        "/api/v1/runs/{run_id}/layers/{layer}/units/{channel}/{y}/{x}",
        "/healthz",
        "/readyz",
        "/metrics",
    }


def test_every_reference_of_the_document_resolves(api):
    document = api.get("/api/v1/openapi.json").json()
    names = set(document["components"]["schemas"])
    assert {reference.removeprefix("#/components/schemas/") for reference in _references(document)} <= names


def _references(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_the_reference_page_loads_nothing_from_elsewhere(api):
    page = api.get("/api").text
    assert "openapi.json" in page or "api-reference" in page
    assert "https://" not in page.replace("https://github.com", "")
    assert "//cdn" not in page


# --- for those who run the server


def test_the_process_says_that_it_lives_and_that_it_takes_work(api):
    assert api.get("/healthz").json()["status"] == "ok"
    ready = api.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["device"] == "cpu"


def test_metrics_count_requests_by_route_and_never_by_id(api):
    api.get("/api/v1/models/vgg16")
    api.get("/api/v1/models/nobody")
    response = api.get("/metrics")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")
    assert 'route="/api/v1/models/{model_id}",status="404"' in response.text
    assert "nobody" not in response.text


# --- addresses of the page

ADDRESS = {
    "image": st.sampled_from(["0" * 32, "..", ""]),
    "model": st.sampled_from(["slides", "linear", "pooling", "vgg17", ""]),
    "size": st.one_of(st.integers(-1, 2000), st.text(max_size=4)),
    "fit": st.sampled_from(["crop", "native", "squeeze"]),
    "layer": st.sampled_from(["conv1", "fc6", "input", "nothing"]),
    "map": st.one_of(st.integers(-1, 10**20), st.text(max_size=4)),
    "y": st.integers(-1, 10**20),
    "x": st.integers(-1, 10**20),
    "norm": st.text(max_size=6),
    "clip": st.one_of(st.floats(), st.text(max_size=4)),
}


@settings(max_examples=80)
@given(parameters=st.fixed_dictionaries({}, optional=ADDRESS), other=st.dictionaries(st.text(), st.text(), max_size=2))
def test_no_address_of_the_page_fails_the_server(api, parameters, other):
    response = api.get("/", params={**other, **parameters}, headers={"Accept": "text/html"})
    assert response.status_code in (200, 404, 422)
    assert response.headers["content-type"].startswith("text/html")
