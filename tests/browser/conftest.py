"""A real server and a real Chromium; a test fails on anything that the console says and on any other host."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from .explorer import Explorer

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
SAMPLES = ROOT / "app" / "samples"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CONVSCOPE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    found = {"executable_path": chromium} if chromium else {}
    return {**browser_type_launch_args, **found, "args": ["--no-sandbox"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def base_url(server: str) -> str:
    return server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server process of its own, with an empty data folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("data")
    environment = {**os.environ, "CONVSCOPE_DATA_DIR": str(folder), "CONVSCOPE_DEVICE": "cpu"}
    command = [sys.executable, "-m", "app", "serve", "--host", "127.0.0.1", "--port", str(port)]
    log = folder / "log.txt"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{address}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"not ready after {START_SECONDS} s: {log.read_text()}")


@pytest.fixture(scope="session")
def api(server: str) -> Iterator[httpx.Client]:
    """The REST API of the same server."""
    with httpx.Client(base_url=server, timeout=60) as client:
        yield client


class Watch:
    """What a page said and asked for. A test that provokes a message says so with `expect`."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._expected: list[str] = []
        self.faults: list[str] = []

    def expect(self, pattern: str) -> None:
        self._expected.append(pattern)

    def follow(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error.stack}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._host, "data:", "blob:")):
            self.faults.append(f"request to another host: {request.url}")

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self._expected)]


@pytest.fixture
def watch(server: str, context: BrowserContext) -> Iterator[Watch]:
    watching = Watch(server)
    context.on("page", watching.follow)
    yield watching
    assert watching.unexpected() == []


@pytest.fixture
def explorer(watch: Watch, page: Page, api: httpx.Client) -> Explorer:
    """The explorer page, not opened yet; `watch` holds it to silence."""
    return Explorer(page, api)


@pytest.fixture
def samples() -> Path:
    """The folder of the sample photos."""
    return SAMPLES
