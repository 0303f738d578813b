"""Builds the application from settings: parts are made here, once, and handed down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.staticfiles import StaticFiles

from . import __version__
from .net.spec import NetworkSpec
from .resources import resource_path
from .service.service import Service
from .settings import Settings
from .web import activations, differences, images, models, operations, problems, runs, saved, site
from .web.difference_schemas import LayerDifferenceSchema
from .web.middleware import BodyLimit, Counting, Metrics, SecurityHeaders
from .web.pages import Pages
from .web.schemas import KernelsSchema, LayerStatisticsSchema

DESCRIPTION = "See what a convolutional network does to your own image, layer by layer, down to a single number."
OPENAPI_PATH = "/api/v1/openapi.json"


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. Its device, threads and store live between start-up and shut-down of its lifespan."""
    settings = settings or Settings()
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()

    app = FastAPI(
        title="convscope",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=OPENAPI_PATH,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.pages = Pages()
    app.state.metrics = metrics = _metrics(service)
    problems.install(app)
    for room in (images, models, runs, saved, differences, activations, operations, site):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=resource_path("static")), name="static")
    app.add_middleware(BodyLimit, limit=settings.max_upload_bytes, json_limit=settings.max_json_bytes)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Counting, metrics=metrics)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _metrics(service: Service) -> Metrics:
    metrics = Metrics()
    metrics.gauge("convscope_queue_waiting", "Runs waiting for the device.", lambda: service.executor.waiting)
    metrics.gauge("convscope_layers_computed", "Layers computed since the start.", lambda: service.runs.layers_computed)
    metrics.gauge("convscope_store_bytes", "Bytes kept in the store.", lambda: service.store.size)
    caches = {
        "activations": service.runs.activations,
        "rendered": service.layers.rendered,
        "weights": service.models.loaded,
    }
    for name, cache in caches.items():
        metrics.gauge(f"convscope_cache_{name}_bytes", f"Bytes of {name} in memory.", partial(getattr, cache, "size"))
    return metrics


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with the schemas that routes refer to by name."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document["components"]["schemas"]
    for model in (problems.Problem, NetworkSpec, LayerStatisticsSchema, KernelsSchema, LayerDifferenceSchema):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    schemas["ModelRequest"]["properties"]["spec"] = {"$ref": "#/components/schemas/NetworkSpec"}
    app.openapi_schema = document
    return document
