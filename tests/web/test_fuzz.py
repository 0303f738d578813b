"""Requests that Schemathesis makes from the OpenAPI document: no answer is a 5xx, and all are as documented."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.main import create_app
from app.settings import Settings

from .api import Api, npy, photo, png

pytestmark = pytest.mark.slow

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
FEW = settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True, deadline=None)


ARRAYS = array_shapes(min_dims=1, max_dims=4, max_side=4).flatmap(lambda shape: arrays(np.float32, shape)).map(npy)
schemathesis.openapi.media_type("application/x-npy", st.one_of(ARRAYS, st.binary(), ARRAYS.map(lambda data: data[:-1])))
schemathesis.openapi.media_type("image/*", st.one_of(st.just(png(photo(5, 7))), st.binary()))

with TemporaryDirectory() as folder:
    schema = schemathesis.openapi.from_dict(create_app(Settings(data_dir=Path(folder))).openapi())


@pytest.fixture(scope="session")
def known(api: Api) -> dict[str, str]:
    """Parts of addresses under which something is."""
    image = api.image(png(photo(32, 32)))
    run = api.run(image, "slides")
    return {"image_id": image, "model_id": "slides", "run_id": run["id"], "layer": "conv1"}


@schema.parametrize()
@FEW
def test_any_request_is_answered_as_documented(case: Any, api: Api) -> None:
    case.validate_response(answer(case, api), checks=CHECKS)


@schema.include(path_regex=r"\{|/runs$").parametrize()
@FEW
def test_any_request_about_something_that_is_there_is_answered_as_documented(
    case: Any, api: Api, known: dict[str, str]
) -> None:
    case.path_parameters |= {name: known[name] for name in case.path_parameters.keys() & known}
    if isinstance(case.body, dict):
        case.body |= {name: known[f"{name}_id"] for name in case.body.keys() & {"image", "model"}}
    if "to" in (case.query or {}):
        case.query["to"] = known["run_id"]
    case.validate_response(answer(case, api), checks=CHECKS)


def answer(case: Any, api: Api) -> httpx.Response:
    """The case sent to the application, by the words that httpx has for what requests calls otherwise."""
    sent = case.as_transport_kwargs(base_url="http://test")
    sent.pop("cookies")  # this API has none, and httpx wants them on the client
    data = sent.pop("data", None)
    if isinstance(data, bytes | str):
        sent["content"] = data
    elif data is not None:
        sent["data"] = data
    if sent.get("files"):
        sent["files"] = [(name, (file, _text(content), *rest)) for name, (file, content, *rest) in sent["files"]]
    response = api.request(sent.pop("method"), sent.pop("url"), **sent)
    api.do(response.request.aread())
    return response


def _text(content: Any) -> bytes | str:
    return content if isinstance(content, bytes | str) else str(content)
