"""Routes for those who run the server: liveness, readiness, metrics."""

from typing import cast

from fastapi import APIRouter, Request
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from starlette.responses import Response

from ..errors import Busy
from .deps import ServiceDep
from .middleware import Metrics
from .problems import documented

router = APIRouter(tags=["operations"])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"
    version: str


class Readiness(Health):
    """The process takes work."""

    device: str
    waiting: int


@router.get("/healthz", summary="Liveness")
async def healthz(service: ServiceDep) -> Health:
    """Answers while the queue is full."""
    return Health(version=service.version)


@router.get("/readyz", responses=documented(503), summary="Readiness")
async def readyz(service: ServiceDep) -> Readiness:
    """200 when the shipped weights are loaded and the queue has room, else 503."""
    if not service.ready:
        raise Busy("The server is still loading its weights.", retry_after=1)
    if service.executor.full:
        raise Busy("The queue is full.", limit=service.settings.queue_length, retry_after=1)
    return Readiness(version=service.version, device=str(service.executor.device), waiting=service.executor.waiting)


@router.get("/metrics", response_class=Response, summary="OpenMetrics")
async def metrics(request: Request) -> Response:
    """Requests by route, queue, caches and layers computed."""
    known = cast(Metrics, request.app.state.metrics)
    return Response(
        generate_latest(known.registry),  # type: ignore[no-untyped-call]
        headers={"Content-Type": CONTENT_TYPE_LATEST},
    )
