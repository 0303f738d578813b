"""A convscope server of its own for the benchmarks, and a client that adds as little as a browser would."""

import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CHUNK = 1 << 20
START_LIMIT_SECONDS = 60.0


class Client:
    """One connection, kept alive."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def request(self, method: str, path: str, body: bytes | None = None, kind: str | None = None) -> bytes:
        """The body of an answer that must be a success."""
        self._connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]!r}")
        return data

    def stream(self, path: str) -> Iterator[int]:
        """Bytes received so far, each time some have come."""
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        buffer = memoryview(bytearray(CHUNK))
        received = 0
        while count := answer.readinto(buffer):
            received += count
            yield received

    def json(self, method: str, path: str, value: object = None) -> dict[str, Any]:
        """A JSON answer to a JSON request."""
        body = None if value is None else json.dumps(value).encode()
        return cast(dict[str, Any], json.loads(self.request(method, path, body, "application/json")))

    def run(self, photo: NDArray[np.uint8], model: str = "vgg16") -> dict[str, Any]:
        """A run of a photo that is new to the server."""
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "PNG")
        image = json.loads(self.request("POST", "/api/v1/images", file.getvalue(), "image/png"))
        return self.json("POST", "/api/v1/runs", {"image": image["id"], "model": model})


class Server:
    """A server process: its port, its memory, and how long it took to be ready."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, start_seconds: float) -> None:
        self.port = port
        self.start_seconds = start_seconds
        self._process = process

    def resident_bytes(self, field: str = "VmRSS") -> int:
        """Resident memory now, or with `VmHWM` the most there ever was."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith(field + ":"))
        return int(line.split()[1]) * 1024


@contextmanager
def serving() -> Iterator[Server]:
    """A server with the default settings on a free port and an empty data folder."""
    with TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = os.environ | {"CONVSCOPE_DATA_DIR": folder, "CONVSCOPE_PORT": str(port)}
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "app", "serve"], env=environment, stdout=subprocess.DEVNULL)
        try:
            _wait(port, started)
            yield Server(process, port, time.perf_counter() - started)
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, started: float) -> None:
    while time.perf_counter() - started < START_LIMIT_SECONDS:
        try:
            Client(port).request("GET", "/readyz")
        except (OSError, RuntimeError):
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the server did not become ready")
