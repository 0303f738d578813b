"""The one mapper from errors to answers: problem+json (RFC 9457) for programs, a page saying the same for browsers."""

import difflib
import logging
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..errors import (
    BadRequest,
    Busy,
    ConvscopeError,
    Fault,
    ImageError,
    Invalid,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    OverLimit,
    SpecError,
    StorageFull,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
)
from .deps import CLIENT_LEFT, ClientLeft
from .pages import Pages

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
KINDS: tuple[type[ConvscopeError], ...] = (
    BadRequest,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    TooLarge,
    UnsupportedMedia,
    Invalid,
    ImageError,
    SpecError,
    Unavailable,
    OverLimit,
    StorageFull,
    Busy,
)


class FaultSchema(BaseModel):
    """One fault: where, what, and what would fit."""

    where: str
    message: str
    expected: str | None = None


class Problem(BaseModel):
    """A problem of RFC 9457. `type` is stable and resolves to a page that explains it."""

    type: str = Field(examples=["/problems/invalid-image"])
    title: str
    status: int
    detail: str
    instance: str
    where: str | None = None
    expected: str | None = None
    limit: float | None = None
    errors: list[FaultSchema] = []


def problem_of(error: ConvscopeError, path: str) -> Problem:
    """The problem that says what `error` says."""
    return Problem(
        type=f"/problems/{error.slug}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=path,
        where=error.where,
        expected=error.expected,
        limit=error.limit,
        errors=[FaultSchema(where=f.where, message=f.message, expected=f.expected) for f in error.faults],
    )


def answer(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem in the form that the caller reads."""
    if _reads_html(request):
        pages = cast(Pages, request.app.state.pages)
        return HTMLResponse(pages.problem(problem.model_dump()), problem.status, headers)
    return JSONResponse(
        problem.model_dump(exclude_none=True, exclude_defaults=True), problem.status, headers, media_type=PROBLEM
    )


def _reads_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/v1")


def install(app: FastAPI) -> None:
    """Map every error of `app`, the framework's own included."""

    async def ours(request: Request, error: Exception) -> Response:
        known = cast(ConvscopeError, error)
        wait = {} if known.retry_after is None else {"Retry-After": f"{known.retry_after:.0f}"}
        return answer(request, problem_of(known, request.url.path), wait)

    async def validation(request: Request, error: Exception) -> Response:
        return await ours(request, _of_validation(cast(RequestValidationError, error)))

    async def http(request: Request, error: Exception) -> Response:
        known = cast(HTTPException, error)
        if isinstance(known.__cause__, ConvscopeError):  # met while the framework read the body
            return await ours(request, known.__cause__)
        return answer(request, _of_http(request, known), dict(known.headers or {}))

    async def left(_: Request, __: Exception) -> Response:
        return Response(status_code=CLIENT_LEFT)  # nobody reads it; it is counted

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error at %s", request.url.path, exc_info=error)
        return answer(request, problem_of(ConvscopeError("This is a fault of convscope itself."), request.url.path))

    app.add_exception_handler(ConvscopeError, ours)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientLeft, left)
    app.add_exception_handler(Exception, unexpected)


def _of_validation(error: RequestValidationError) -> ConvscopeError:
    if (first := error.errors()[0])["type"] == "json_invalid":
        return BadRequest(f"The body is not JSON: {first['ctx']['error']} at character {first['loc'][-1]}.")
    faults = [
        Fault(
            ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]),
            str(fault["msg"]),
            _expected(fault),
        )
        for fault in error.errors()
    ]
    return Invalid(
        f"{faults[0].where}: {faults[0].message}", where=faults[0].where, expected=faults[0].expected, faults=faults
    )


def _expected(fault: dict[str, Any]) -> str | None:
    context = fault.get("ctx") or {}
    return str(context["expected"]) if "expected" in context else None


def _of_http(request: Request, error: HTTPException) -> Problem:
    """The framework's own errors in our words, where we have them."""
    path = request.url.path
    if error.status_code == 404:
        return problem_of(NotFound(f"There is nothing at {path}.", expected=_near(request, path)), path)
    if error.status_code == 405:
        return problem_of(MethodNotAllowed(f"{request.method} is not possible at {path}."), path)
    if error.status_code == 400:
        return problem_of(BadRequest(str(error.detail)), path)
    title = str(error.detail)
    return Problem(type="about:blank", title=title, status=error.status_code, detail=title, instance=path)


def _near(request: Request, path: str) -> str | None:
    """The known path most like `path`, if any is."""
    known = [*cast(FastAPI, request.app).openapi()["paths"], "/", "/api"]
    return next(iter(difflib.get_close_matches(path, known, n=1)), None)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems that a route may answer."""
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}
