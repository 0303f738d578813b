"""Routes of runs: start one, fetch its layers as they are computed, ask for one number, take everything home."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from ..errors import Invalid
from ..service.layers import ArchiveFormat, LayerView
from ..service.run import Run, RunRecipe
from ..service.service import Service
from .deps import ServiceDep, json_only, json_response, kept, to_json
from .images import BINARY
from .problems import documented
from .schemas import RunRequest, RunSchema, UnitSchema
from .uploads import NPY
from .views import run_view, statistics_view, unit_view

router = APIRouter(prefix="/api/v1", tags=["runs"])

U8 = "application/vnd.convscope.u8"
LAYER_TYPES: dict[str, str] = {
    "npy": NPY,
    "u8": U8,
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
ARCHIVE_TYPES: dict[str, str] = {
    "npz": "application/x-npz",
    "safetensors": "application/vnd.safetensors",
    "u8": U8,
}
ARCHIVE_CONTENT: dict[str, Any] = dict.fromkeys(ARCHIVE_TYPES.values(), BINARY)


@router.post(
    "/runs",
    status_code=201,
    response_model=RunSchema,
    dependencies=[Depends(json_only)],
    responses=documented(400, 404, 413, 415, 422, 503),
    summary="An image through a network",
)
async def create_run(service: ServiceDep, body: RunRequest) -> Response:
    """Answered at once: shapes are arithmetic. Values are computed when asked for, layer by layer."""
    run = await service.runs.create(RunRecipe(**dict(body)))
    return json_response(run_view(run, service.runs.computed(run)), 201)


@router.get("/runs/{run_id}", response_model=RunSchema, responses=documented(404, 422), summary="A run")
async def get_run(service: ServiceDep, run_id: str) -> Response:
    """A run as it stands, with the layers that are computed."""
    run = await service.runs.find(run_id)
    return json_response(run_view(run, service.runs.computed(run)))


@router.get(
    "/runs/{run_id}/input",
    response_class=Response,
    responses={200: {"content": {NPY: BINARY, "image/png": BINARY}}, **documented(404, 422, 503)},
    summary="The tensor that the network saw",
)
async def run_input(
    request: Request,
    service: ServiceDep,
    run_id: str,
    format: Annotated[Literal["npy", "png"], Query()] = "npy",  # noqa: A002
) -> Response:
    """`npy`: float32 C×H×W after preprocessing; `png`: the picture before the mean and scale of the weights."""
    run = await service.runs.find(run_id)

    async def make() -> Response:
        body = await service.layers.input(run, format)
        return Response(body, media_type=NPY if format == "npy" else "image/png")

    return await kept(request, ("input", run_id, format), make)


@router.get(
    "/runs/{run_id}/layers/{layer}",
    response_class=Response,
    responses={
        200: {
            "content": {
                **dict.fromkeys(LAYER_TYPES.values(), BINARY),
                "application/json": {"schema": {"$ref": "#/components/schemas/LayerStatisticsSchema"}},
            }
        },
        **documented(404, 422, 503),
    },
    summary="One layer's maps",
)
async def layer(
    request: Request,
    service: ServiceDep,
    run_id: str,
    layer: str,
    picture: Annotated[LayerView, Query()],
) -> Response:
    """Answers as soon as this layer is there.

    `npy`: float32 C×H×W exactly as computed; `u8`: one byte a value with each map's low and high
    (docs/formats.md); `png`: all maps, or one with `map=k`; `svg` and `pdf`: the same as a figure with its colour
    scale and caption; `json`: statistics map by map.
    """
    run = await service.runs.find(run_id)
    return await kept(request, ("layer", run_id, layer, picture), lambda: layer_response(service, run, layer, picture))


async def layer_response(service: Service, run: Run, name: str, picture: LayerView) -> Response:
    """A layer in the form asked for."""
    if picture.format == "json":
        return json_response(statistics_view(run, name, await service.layers.statistics(run, name)))
    body = await service.layers.render(run, name, picture)
    return Response(body, media_type=LAYER_TYPES[picture.format])


@router.get(
    "/runs/{run_id}/layers/{layer}/units/{channel}/{y}/{x}",
    response_model=UnitSchema,
    responses=documented(404, 422, 503),
    summary="One number explained",
)
async def unit(
    request: Request, service: ServiceDep, run_id: str, layer: str, channel: int, y: int, x: int
) -> Response:
    """Patch, kernel, products, sums, bias and total behind one value, equal to what the layer computed."""
    run = await service.runs.find(run_id)

    async def make() -> Response:
        return Response(
            to_json(unit_view(run, await service.explain(run, layer, channel, y, x))), media_type="application/json"
        )

    return await kept(request, ("unit", run_id, layer, channel, y, x), make)


@router.get(
    "/runs/{run_id}/layers/{layer}/units/{channel}",
    response_model=UnitSchema,
    responses=documented(404, 422, 503),
    summary="One number of a vector explained",
)
async def vector_unit(request: Request, service: ServiceDep, run_id: str, layer: str, channel: int) -> Response:
    """The same for a layer of N values after a flatten."""
    return await unit(request, service, run_id, layer, channel, 0, 0)


@router.get(
    "/runs/{run_id}/archive",
    response_class=StreamingResponse,
    responses={200: {"content": ARCHIVE_CONTENT}, **documented(404, 422, 503)},
    summary="Several layers in one file",
)
async def archive(
    service: ServiceDep,
    run_id: str,
    format: Annotated[ArchiveFormat, Query()] = "npz",  # noqa: A002
    layers: Annotated[str | None, Query(description="Names, separated by commas; all when left out.")] = None,
) -> Response:
    """All layers, or `layers=a,b`, streamed as they are computed: `npz`, `safetensors`, or `u8` frames in order."""
    run = await service.runs.find(run_id)
    return await stream_archive(service, run, chosen_layers(run, layers), format)


def chosen_layers(run: Run, text: str | None) -> list[str]:
    """The layers asked for; `input` is one. Raises for an unknown or unavailable one."""
    if text is None:
        return [node.name for node in run.available]
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Invalid("No layer is named.", where="layers", expected="names separated by commas")
    for name in names:
        run.index(name)
    return list(dict.fromkeys(names))


async def stream_archive(service: Service, run: Run, names: list[str], form: ArchiveFormat) -> StreamingResponse:
    """Several layers as one download that starts before the last is computed."""
    return StreamingResponse(
        await service.layers.archive(run, names, form),
        media_type=ARCHIVE_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{file_name(run)}.{form}"'},
    )


def file_name(run: Run) -> str:
    """The network's name, in the characters that every header and file system takes, and the run's first digits."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", run.model.name) + f"-{run.id[:8]}"
