"""A view saved as one file over REST: what it holds, which layers it takes, how much it may need."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.settings import Settings
from app.web import bundle as bundling

from .api import Api, problem, serving

LAYERS: list[dict[str, Any]] = [
    {"op": "conv", "name": "conv1", "filters": 4, "kernel": 3},
    {"op": "relu", "name": "relu1"},
    {"op": "maxpool", "name": "pool1", "kernel": 2},
]
VALUES = np.random.default_rng(1).normal(size=(1, 10, 10))
LAYER_BYTES = (24 + 8 * 4 + 4 * 8 * 8) * 4 // 3 + 4
"""Of conv1 and relu1, 4×8×8, as text."""


def started(api: Api) -> dict[str, Any]:
    return api.run(api.array(VALUES), api.model([1, 10, 10], *LAYERS, name="small </script>"))


@pytest.fixture
def run(api: Api) -> dict[str, Any]:
    return started(api)


def held(html: str) -> dict[str, bytes]:
    """The layers' bytes that a file holds."""
    texts = re.findall(r'<script type="text/plain" data-bytes="([^"]+)">([^<]*)</script>', html)
    return {name: zlib.decompress(base64.b64decode(text)) for name, text in texts}


def test_a_file_holds_the_u8_bytes_and_the_statistics(api: Api, run: dict[str, Any]) -> None:
    path = f"/api/v1/runs/{run['id']}"
    answer = api.get(f"{path}/page?layers=conv1,pool1")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="[\w.-]+\.html"', answer.headers["content-disposition"])
    layers = held(answer.text)
    assert list(layers) == ["conv1", "pool1"]
    for name, body in layers.items():
        assert body == api.get(f"{path}/layers/{name}?format=u8").content
    data = json.loads(re.search(r'id="data">(.*?)</script>', answer.text, re.S)[1])  # type: ignore[index]
    statistics = api.get(f"{path}/layers/pool1?format=json").json()
    assert data["layers"][1]["maps"] == statistics["maps"]


def test_a_file_loads_nothing(api: Api, run: dict[str, Any]) -> None:
    html = api.get(f"/api/v1/runs/{run['id']}/page").text
    assert "default-src 'none'" in html
    assert re.findall(r"<(?:link|iframe|object|embed)\b", html) == []
    assert re.findall(r"<script[^>]*\bsrc=", html) == []
    assert {address[:5] for address in re.findall(r'\bsrc="([^"]*)"', html)} == {"data:"}


def test_left_out_layers_are_the_explorers(api: Api, run: dict[str, Any]) -> None:
    assert list(held(api.get(f"/api/v1/runs/{run['id']}/page").text)) == ["relu1", "pool1"]


def test_texts_cannot_break_out_of_the_file(api: Api, run: dict[str, Any]) -> None:
    html = api.get(f"/api/v1/runs/{run['id']}/page", params={"title": "</title><script>alert(1)</script>"}).text
    assert "<script>alert(1)" not in html
    assert "small </script>" not in html


def test_the_same_view_is_the_same_file(api: Api, run: dict[str, Any]) -> None:
    first, again = (api.get(f"/api/v1/runs/{run['id']}/page") for _ in range(2))
    assert first.content == again.content
    assert "immutable" in first.headers["cache-control"]


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ("layers=conv9", 404, "not-found"),
        ("layers=,", 422, "invalid-request"),
        ("layers=input", 404, "not-found"),
        ("title=%00", 422, "invalid-request"),
    ],
)
def test_a_wrong_request_is_refused(api: Api, run: dict[str, Any], query: str, status: int, slug: str) -> None:
    problem(api.get(f"/api/v1/runs/{run['id']}/page?{query}"), status, slug)


def test_a_file_stays_within_its_limit(tmp_path: Path) -> None:
    limit = LAYER_BYTES + 100
    with serving(Settings(data_dir=tmp_path, device="cpu", max_page_bytes=limit)) as api:
        run = started(api)
        assert list(held(api.get(f"/api/v1/runs/{run['id']}/page").text)) == ["relu1"]
        refused = problem(api.get(f"/api/v1/runs/{run['id']}/page?layers=conv1,relu1"), 422, "over-limit")
        assert refused["limit"] == limit
        assert refused["where"] == "layers"
        assert f"{2 * LAYER_BYTES:,} bytes" in refused["detail"]
        assert api.metric("convscope_layers_computed") == 2


# --- modules as one script


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundling, "resource_path", lambda *parts: tmp_path / parts[-1])
    bundling.bundle.cache_clear()
    return tmp_path


def test_modules_come_in_the_order_of_need_each_once(modules: Path) -> None:
    (modules / "a.js").write_text('import { b, c as d } from "./b-b.js";\nimport { e } from "./e.js";\nd(b, e);\n')
    (modules / "b-b.js").write_text('import { e } from "./e.js";\nexport const b = e;\nexport async function c() {}\n')
    (modules / "e.js").write_text("export class e {}\n")
    text = bundling.bundle("a")
    assert [text.count(f"const module_{name} =") for name in ("a", "b_b", "e")] == [1, 1, 1]
    assert text.index("module_e =") < text.index("module_b_b =") < text.index("module_a =")
    assert "const { b, c: d } = module_b_b;" in text
    assert "async function c() {}" in text
    assert "return { b, c };" in text
    assert re.findall(r"^(?:import|export)\b", text, re.M) == []


@pytest.mark.parametrize(
    "line", ['import "./b.js";', 'import * as b from "./b.js";', 'export { b } from "./b.js";', "f('</script>');"]
)
def test_a_module_written_in_another_way_is_refused(modules: Path, line: str) -> None:
    (modules / "a.js").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=re.escape("a.js cannot be put into one script")):
        bundling.bundle("a")
