"""Routes of runs: start one, fetch its layers as they are computed, ask for one number, take everything home."""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from ..errors import Fault, Invalid, NotAcceptable
from ..service.images import Fit
from ..service.layers import ArchiveFormat, Picture
from ..service.runs import Run, RunRecipe
from ..service.service import Service
from .deps import ServiceDep, json_only, json_response, kept, to_json, while_connected
from .images import BINARY, NPY, form_file
from .problems import documented
from .schemas import RunRequest, RunSchema
from .views import run_view, statistics_view, unit_view

router = APIRouter(prefix="/api/v1", tags=["runs"])

U8 = "application/vnd.convscope.u8"
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
    run = await service.runs.create(RunRecipe(**body.model_dump()))
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
                NPY: BINARY,
                U8: BINARY,
                "image/png": BINARY,
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
    picture: Annotated[Picture, Query()],
) -> Response:
    """Answers as soon as this layer is there.

    `npy`: float32 C×H×W exactly as computed; `u8`: one byte a value with each map's low and high
    (docs/formats.md); `png`: all maps, or one with `map=k`; `json`: statistics map by map.
    """
    run = await service.runs.find(run_id)
    return await kept(request, ("layer", run_id, layer, picture), lambda: _layer(service, run, layer, picture))


async def _layer(service: Service, run: Run, name: str, picture: Picture) -> Response:
    if picture.format == "json":
        return json_response(statistics_view(run, name, await service.layers.statistics(run, name)))
    body = await service.layers.render(run, name, picture)
    return Response(body, media_type={"npy": NPY, "u8": U8, "png": "image/png"}[picture.format])


@router.get(
    "/runs/{run_id}/layers/{layer}/units/{channel}/{y}/{x}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, **documented(404, 422, 503)},
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
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, **documented(404, 422, 503)},
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
    return await _stream(service, run, _names(run, layers), format)


def _names(run: Run, text: str | None) -> list[str]:
    """The layers asked for; `input` is one. Raises for an unknown or unavailable one."""
    if text is None:
        return [node.name for node in run.available]
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Invalid("No layer is named.", where="layers", expected="names separated by commas")
    for name in names:
        run.index(name)
    return list(dict.fromkeys(names))


async def _stream(service: Service, run: Run, names: list[str], form: ArchiveFormat) -> StreamingResponse:
    suffix = "u8" if form == "u8" else form
    return StreamingResponse(
        await service.layers.archive(run, names, form),
        media_type=ARCHIVE_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{run.model.name}-{run.id[:8]}.{suffix}"'},
    )


class ActivationsForm(Picture):
    """Fields of the one-call form beside its file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["png", "npy", "json", "npz", "safetensors", "u8"] | None = None  # type: ignore[assignment]
    model: str = "vgg16"
    layers: str = Field(description="Names, separated by commas.")
    size: int | None = Field(None, ge=1)
    fit: Fit = "crop"


ONE_CALL: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "layers"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **ActivationsForm.model_json_schema()["properties"],
                    },
                }
            }
        },
    }
}


@router.post(
    "/activations",
    response_class=Response,
    openapi_extra=ONE_CALL,
    responses={
        200: {"content": {**ARCHIVE_CONTENT, NPY: BINARY, "image/png": BINARY, "application/json": {}}},
        **documented(400, 404, 406, 413, 415, 422, 503),
    },
    summary="A photo in, activations out, nothing kept",
)
async def activations(request: Request, service: ServiceDep) -> Response:
    """One layer as `png` (default), `npy`, `u8` or `json`; several as `npz` (default) or `safetensors`."""
    file = await form_file(request)
    form = await _fields(request)
    data = await file.read()
    array = (file.content_type or "").split(";")[0] == NPY
    run = await while_connected(
        request, service.passing_run(data, array=array, model=form.model, size=form.size, fit=form.fit)
    )
    names = _names(run, form.layers)
    chosen = form.format or ("png" if len(names) == 1 else "npz")
    if chosen in get_args(ArchiveFormat) and (chosen != "u8" or len(names) > 1):
        return await _stream(service, run, names, chosen)  # type: ignore[arg-type]
    if len(names) > 1:
        raise NotAcceptable(f"{chosen} holds one layer; {len(names)} were named.", expected="npz or safetensors")
    picture = Picture(**{**form.model_dump(include=set(Picture.model_fields)), "format": chosen})
    return await while_connected(request, _layer(service, run, names[0], picture))


async def _fields(request: Request) -> ActivationsForm:
    form = await request.form()
    fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    try:
        return ActivationsForm.model_validate(fields)
    except ValidationError as error:
        faults = [Fault(".".join(map(str, f["loc"])), f["msg"]) for f in error.errors()]
        raise Invalid(f"{faults[0].where}: {faults[0].message}", where=faults[0].where, faults=faults) from None
