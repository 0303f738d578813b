"""An application in this process and a plain client to it, so that tests of the API read like a script's calls."""

import asyncio
import io
import struct
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import numpy as np
from fastapi import FastAPI
from PIL import Image

from app.main import create_app
from app.settings import Settings

Result = TypeVar("Result")
PROBLEM = "application/problem+json"
NPY = {"Content-Type": "application/x-npy"}
FORM = "/api/v1/activations"


class Api:
    """Calls to one application, which lives in an event loop on a thread of its own."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self._loop = loop
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60)

    def start(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.start(work).result(120)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.do(self.client.get(path, **options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.do(self.client.post(path, **options))

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.do(self.client.request(method, path, **options))

    def get_together(self, paths: list[str]) -> list[httpx.Response]:
        async def all_of_them() -> list[httpx.Response]:
            return await asyncio.gather(*(self.client.get(path) for path in paths))

        return self.do(all_of_them())

    def image(self, data: bytes, kind: str = "image/png") -> str:
        """The id of an uploaded photo."""
        response = self.post("/api/v1/images", content=data, headers={"Content-Type": kind})
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def array(self, values: Any) -> str:
        """The id of an uploaded array."""
        response = self.post("/api/v1/images", content=npy(values), headers=NPY)
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def model(self, input_: list[int], *layers: dict[str, Any], **fields: Any) -> str:
        """The id of a network with seeded weights."""
        response = self.post("/api/v1/models", json={"spec": {"input": input_, "layers": layers, **fields}})
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def run(self, image: str, model: str, **fields: Any) -> dict[str, Any]:
        """A new run."""
        response = self.post("/api/v1/runs", json={"image": image, "model": model, **fields})
        assert response.status_code == 201, response.text
        return response.json()

    def layer(self, run: dict[str, Any], name: str) -> np.ndarray:
        """A layer's exact values."""
        return read_npy(self.get(f"/api/v1/runs/{run['id']}/layers/{name}?format=npy"))

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        lines = self.get("/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


@contextmanager
def serving(settings: Settings) -> Iterator[Api]:
    """An application with these settings, started and in the end stopped."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    app = create_app(settings)
    api = Api(app, loop)
    lifespan = app.router.lifespan_context(app)
    try:
        api.do(lifespan.__aenter__())
        yield api
        api.do(lifespan.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem of RFC 9457 that an answer must be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    body = response.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == response.request.url.path
    assert "Traceback" not in response.text
    return body


def png(values: Any) -> bytes:
    """An H×W×3 picture of bytes as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(values, dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Random pixels, H×W×3."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def npy(values: Any) -> bytes:
    """A float32 npy file."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values, dtype=np.float32))
    return buffer.getvalue()


def read_npy(response: httpx.Response) -> np.ndarray:
    """The array of an npy answer."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-npy"
    return np.load(io.BytesIO(response.content), allow_pickle=False)


def read_u8(data: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Bytes C×H×W, lows, highs and whether they are signed, read as docs/formats.md says."""
    magic, version, channels, height, width, flags = struct.unpack_from("<4s5I", data)
    assert (magic, version) == (b"CSU8", 1)
    low, high = np.frombuffer(data, "<f4", 2 * channels, 24).reshape(2, channels)
    values = np.frombuffer(data, np.uint8, offset=24 + 8 * channels)
    return values.reshape(channels, height, width), low, high, bool(flags & 1)
