"""Routes of networks: presets and specifications, their arithmetic, their kernels."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from ..service.encode import to_npy
from ..service.service import KernelView
from .deps import ServiceDep, json_only, json_response, kept
from .images import BINARY
from .problems import documented
from .schemas import AnalysisSchema, ModelRequest, ModelSchema, ModelSummary
from .uploads import NPY
from .views import analysis_view, kernels_view, model_view, summary_view

router = APIRouter(prefix="/api/v1", tags=["networks"])

EXAMPLE: dict[str, Any] = {
    "slides": {
        "summary": "The lecture's two convolutions",
        "value": {
            "spec": {
                "name": "slides",
                "input": [3, 32, 32],
                "layers": [
                    {"op": "conv", "filters": 6, "kernel": 5},
                    {"op": "relu"},
                    {"op": "conv", "filters": 10, "kernel": 5},
                    {"op": "relu"},
                ],
            }
        },
    }
}
WITH_EXAMPLE: dict[str, Any] = {"requestBody": {"content": {"application/json": {"examples": EXAMPLE}}}}


class FiltersQuery(KernelView):
    """A layer's kernels, and in what form."""

    format: Literal["npy", "png", "json"] = "png"


@router.get("/models", response_model=list[ModelSummary], summary="The presets")
async def presets(service: ServiceDep) -> Response:
    """Every preset with its totals and where its weights come from."""
    return json_response([summary_view(model) for model in service.models.presets()])


@router.post(
    "/models",
    status_code=201,
    response_model=ModelSchema,
    response_model_by_alias=True,
    dependencies=[Depends(json_only)],
    openapi_extra=WITH_EXAMPLE,
    responses=documented(400, 413, 415, 422, 503),
    summary="A network of your own",
)
async def create_model(service: ServiceDep, body: ModelRequest) -> Response:
    """Keep a network given as its specification, with seeded weights; the same request gives the same id."""
    model = await service.models.add(body.spec, seed=body.weights.seed if body.weights else 0)
    return json_response(model_view(model, preset=service.models.is_preset(model)), 201)


@router.get(
    "/models/{model_id}",
    response_model=ModelSchema,
    responses=documented(404, 422),
    summary="A network: spec, weights' provenance, arithmetic",
)
async def get_model(service: ServiceDep, model_id: str) -> Response:
    """A network by its id or a preset's name."""
    model = await service.models.find(model_id)
    return json_response(model_view(model, preset=service.models.is_preset(model)))


@router.post(
    "/analyses",
    response_model=AnalysisSchema,
    dependencies=[Depends(json_only)],
    openapi_extra=WITH_EXAMPLE,
    responses=documented(400, 413, 415, 422),
    summary="The arithmetic alone",
)
async def analyse(service: ServiceDep, body: ModelRequest) -> Response:
    """Shapes, parameters, multiply-adds and receptive fields of a network of any size; nothing is allocated."""
    return json_response(analysis_view(service.models.make(body.spec)))


@router.get(
    "/models/{model_id}/layers/{layer}/filters",
    response_class=Response,
    responses={
        200: {
            "content": {
                NPY: BINARY,
                "image/png": BINARY,
                "application/json": {"schema": {"$ref": "#/components/schemas/KernelsSchema"}},
            }
        },
        **documented(404, 406, 422, 503),
    },
    summary="A layer's kernels",
)
async def filters(
    request: Request, service: ServiceDep, model_id: str, layer: str, view: Annotated[FiltersQuery, Query()]
) -> Response:
    """Kernels C_out×C_in/groups×kH×kW: `npy` exactly, `png` as pictures, `json` their statistics."""
    model = await service.models.find(model_id)

    async def make() -> Response:
        if view.format == "png":
            return Response(await service.kernels_png(model, layer, view), media_type="image/png")
        kernels = await service.kernels(model, layer, view.filter)
        if view.format == "json":
            return json_response(kernels_view(layer, kernels))
        return Response(to_npy(kernels), media_type=NPY)

    return await kept(request, ("filters", model.id, layer, view), make)
