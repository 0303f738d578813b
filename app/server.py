"""Runs the application as an HTTP server on one address; it knows nothing of images or networks."""

import asyncio
import logging
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import uvicorn
from fastapi import FastAPI

from .settings import Settings

GRACE_SECONDS = 10
"""How long running requests may take to finish after SIGTERM before they are cancelled."""

KEEP_ALIVE_SECONDS = 15
"""How long an idle connection stays open; longer than the gaps between a page's requests."""

READY_POLL_SECONDS = 0.05


def address_of(host: str, port: int) -> str:
    """The URL under which a server bound to `host` is reached from this machine.

    A wildcard address (`0.0.0.0`, `::`) is reached through the loopback address of its family.
    """
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def answers(url: str, timeout: float) -> bool:
    """Whether a GET of `url` is answered with a 2xx status within `timeout` seconds, past any proxy."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=timeout):
            return True
    except (URLError, OSError, ValueError):
        return False


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `OSError` where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


class Server(uvicorn.Server):
    """Uvicorn that says on standard output where it listens once the application is ready."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts serving, then announces the address in the background as soon as `/readyz` answers."""
        await super().startup(sockets=sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        self._announcement = asyncio.create_task(self._announce(address_of(self.config.host, port)))

    async def _announce(self, address: str) -> None:
        while not await asyncio.to_thread(answers, f"{address}/readyz", 5.0):
            await asyncio.sleep(READY_POLL_SECONDS)
        print(f"convscope is ready at {address}", flush=True)


def run(application: FastAPI, settings: Settings, listening: socket.socket, *, access_log: bool) -> None:
    """Serves until SIGINT or SIGTERM, lets running requests finish, and returns.

    Exits the process with status 3 where the application fails to start.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http="httptools",
        ws="none",
        lifespan="on",
        log_level="info" if access_log else "warning",
        access_log=access_log,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # Uvicorn raises the signal that stopped it once more after its shutdown: that ends the process quietly.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stopped)
    Server(config).run(sockets=[listening])


def _stopped(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
