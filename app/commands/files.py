"""Photos and specifications in, results out: files, standard input, standard output; it knows no network."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import BadRequest

STANDARD = "-"


def read_bytes(name: str) -> bytes:
    """A file's bytes, or with `-` those of standard input. Raises `OSError`."""
    return sys.stdin.buffer.read() if name == STANDARD else Path(name).read_bytes()


def read_spec(name: str) -> dict[str, Any]:
    """A specification of a JSON file, alone or as the `spec` of a request's body. Raises `BadRequest`, `OSError`."""
    try:
        value = json.loads(read_bytes(name))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{name} is not JSON: {error}.", where=name) from None
    if isinstance(value, dict) and isinstance(value.get("spec"), dict):
        value = value["spec"]
    if not isinstance(value, dict):
        raise BadRequest(f"{name} holds no specification.", where=name, expected='{"input": [C, H, W], "layers": […]}')
    return value


@contextmanager
def writing(target: Path) -> Iterator[BinaryIO]:
    """A file that is there whole or not at all."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


async def write(target: Path | None, chunks: AsyncIterator[bytes]) -> None:
    """Chunks into a file, or without one to standard output."""
    if target is None:
        async for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    with writing(target) as file:
        async for chunk in chunks:
            file.write(chunk)
