"""Routes that compare two runs: which layers and maps differ, and by how much."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ..service.differences import Comparison, DifferencePicture
from .deps import ServiceDep, json_response, kept
from .difference_schemas import DifferencesSchema
from .difference_views import difference_view, differences_view
from .images import BINARY
from .problems import documented
from .runs import U8
from .uploads import NPY

router = APIRouter(prefix="/api/v1/runs", tags=["compare"])


@router.get(
    "/{run_id}/differences",
    response_model=DifferencesSchema,
    responses=documented(404, 422, 503),
    summary="Two runs, layer by layer",
)
async def differences(
    request: Request, service: ServiceDep, run_id: str, asked: Annotated[Comparison, Query()]
) -> Response:
    """This run is A, the one in `to` is B. Every layer of A with B's partner: ‖B − A‖ / ‖A‖, and the maps ranked.

    Layers go together by position where both networks have the same ops in the same order, else by name. `shift`
    says how far B's image is A's moved: each layer of B is moved back by that many of its cells, and only what both
    saw is compared.
    """
    a, b = await service.runs.find(run_id), await service.runs.find(asked.to)

    async def make() -> Response:
        layers = [one async for one in service.differences.compare(a, b, asked)]
        return json_response(differences_view(a, b, asked, layers))

    return await kept(request, ("differences", run_id, asked), make)


@router.get(
    "/{run_id}/layers/{layer}/difference",
    response_class=Response,
    responses={
        200: {
            "content": {
                NPY: BINARY,
                U8: BINARY,
                "image/png": BINARY,
                "application/json": {"schema": {"$ref": "#/components/schemas/LayerDifferenceSchema"}},
            }
        },
        **documented(404, 422, 503),
    },
    summary="B − A of one layer",
)
async def layer_difference(
    request: Request, service: ServiceDep, run_id: str, layer: str, asked: Annotated[DifferencePicture, Query()]
) -> Response:
    """`npy`: float32 B − A of the compared cells, C×H×W; `u8` the same in bytes, always signed; `png` on a diverging
    colour map, all maps or one; `json`: the layer's numbers and all its maps, the most different first.
    """
    a, b = await service.runs.find(run_id), await service.runs.find(asked.to)

    async def make() -> Response:
        if asked.format == "json":
            return json_response(difference_view(a, await service.differences.layer(a, b, layer, asked), None))
        body = await service.differences.render(a, b, layer, asked)
        return Response(body, media_type={"npy": NPY, "u8": U8, "png": "image/png"}[asked.format])

    return await kept(request, ("difference", run_id, layer, asked), make)
