"""A server that is killed loses nothing that it had answered 201 for."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from .api import NPY, npy, photo, png

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
READY = "convscope is ready at "
SPEC = {"name": "mine", "input": [3, 16, 16], "layers": [{"op": "conv", "filters": 4, "kernel": 3}, {"op": "relu"}]}
PNG = {"Content-Type": "image/png"}


@contextmanager
def server(folder: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """A server process on a free port over a data folder, and a client to it; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", "0", "--data-dir", str(folder), "--device", "cpu"],
        cwd=ROOT,
        env={**os.environ, "CONVSCOPE_HOST": "127.0.0.1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(READY), f"the server said {line!r}"
        with httpx.Client(base_url=line.removeprefix(READY).strip(), timeout=60, trust_env=False) as client:
            yield client, process
    finally:
        process.kill()
        process.communicate()


def created(response: httpx.Response) -> str:
    assert response.status_code == 201, response.text
    return response.json()["id"]


def test_images_networks_and_runs_are_there_after_a_kill(tmp_path):
    with server(tmp_path) as (api, _):
        image = created(api.post("/api/v1/images", content=png(photo(20, 30)), headers=PNG))
        array = created(api.post("/api/v1/images", content=npy(np.ones((3, 16, 16))), headers=NPY))
        model = created(api.post("/api/v1/models", json={"spec": SPEC, "weights": {"init": "kaiming", "seed": 7}}))
        run = created(api.post("/api/v1/runs", json={"image": image, "model": model}))
        paths = [
            f"/api/v1/images/{image}",
            f"/api/v1/images/{array}",
            f"/api/v1/models/{model}",
            f"/api/v1/runs/{run}/layers/relu1?format=npy",
            f"/api/v1/runs/{run}/layers/conv1?format=u8",
        ]
        before = [api.get(path) for path in paths]
    with server(tmp_path) as (api, _):
        for path, answer in zip(paths, before, strict=True):
            again = api.get(path)
            assert again.status_code == 200
            assert again.content == answer.content
            assert again.headers.get("etag") == answer.headers.get("etag")
        assert created(api.post("/api/v1/images", content=png(photo(20, 30)), headers=PNG)) == image
        other = created(api.post("/api/v1/runs", json={"image": array, "model": model}))
        assert api.get(f"/api/v1/runs/{other}/layers/relu1").status_code == 200


@pytest.mark.parametrize("uploads", [3, 17])
def test_every_answered_upload_survives_a_kill_in_the_middle_of_others(tmp_path, uploads):
    kept: list[tuple[str, bytes]] = []
    reached = threading.Event()

    def upload(api: httpx.Client) -> None:
        for seed in range(10_000):
            data = png(photo(64, 64, seed))
            try:
                response = api.post("/api/v1/images", content=data, headers=PNG)
            except httpx.TransportError:
                return
            kept.append((created(response), data))
            if len(kept) == uploads:
                reached.set()

    with server(tmp_path) as (api, process):
        uploading = threading.Thread(target=upload, args=(api,))
        uploading.start()
        assert reached.wait(60)
        process.kill()
        uploading.join(60)
    with server(tmp_path) as (api, _):
        for image, data in kept:
            assert api.get(f"/api/v1/images/{image}").status_code == 200
            assert created(api.post("/api/v1/images", content=data, headers=PNG)) == image
