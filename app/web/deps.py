"""What routes need: the service, answers that caches may keep, and work that ends when its caller leaves."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any, TypeVar, cast

import numpy as np
import pydantic_core
from fastapi import Depends, Request
from numpy.typing import NDArray
from starlette.responses import Response

from .. import __version__
from ..errors import UnsupportedMedia
from ..service.service import Service

Result = TypeVar("Result")

# What is derived from content by content is the same for ever; `private`, since images are a person's own.
FOREVER = "private, max-age=31536000, immutable"
# What nginx records for a request whose caller closed the connection; no standard status says it.
CLIENT_LEFT = 499


def get_service(request: Request) -> Service:
    """The application's service."""
    return cast(Service, request.app.state.service)


ServiceDep = Annotated[Service, Depends(get_service)]


def json_only(request: Request) -> None:
    """Refuse bodies that are not JSON, saying what this call reads."""
    kind = media_type(request)
    if kind and kind != "application/json":
        raise UnsupportedMedia(f"This call does not read {kind}.", expected="Content-Type: application/json")


def media_type(request: Request) -> str:
    """The body's declared type without its parameters, lower case."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def to_json(value: Any) -> bytes:
    """JSON bytes; arrays as nested lists, floats that are not finite as null."""
    return pydantic_core.to_json(value, inf_nan_mode="null", fallback=_to_list)


def _to_list(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return cast("NDArray[np.generic]", value).tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def json_response(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(to_json(value), status, media_type="application/json")


async def while_connected(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, which is cancelled when the caller leaves before it is there."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnection(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientLeft
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class ClientLeft(Exception):
    """The caller has closed the connection."""


async def _disconnection(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def held_tags(request: Request) -> set[str]:
    """The tags that the caller holds; a proxy that compressed an answer has made its tag weak (RFC 9110, 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}


async def kept(
    request: Request, parts: tuple[object, ...], make: Callable[[], Coroutine[Any, Any, Response]]
) -> Response:
    """An answer that is a function of `parts` alone: tagged, cacheable for ever, and not made when already held."""
    tag = '"' + hashlib.sha256(repr((__version__, *parts)).encode()).hexdigest()[:32] + '"'
    headers = {"ETag": tag, "Cache-Control": FOREVER}
    if tag in held_tags(request):
        return Response(status_code=304, headers=headers)
    response = await while_connected(request, make())
    response.headers.update(headers)
    return response
