"""Routes of images: upload, the upright original, what is known of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Request
from starlette.responses import Response

from ..errors import ImageError
from ..service.images import Changes
from .deps import ServiceDep, json_only, json_response, kept, while_connected
from .problems import documented
from .schemas import ImageSchema
from .uploads import FORM, NPY, read_upload
from .views import image_view

router = APIRouter(prefix="/api/v1/images", tags=["images"])

BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "image/*": BINARY,
            NPY: BINARY,
        },
    }
}


@router.post(
    "",
    status_code=201,
    response_model=ImageSchema,
    openapi_extra=UPLOAD,
    responses=documented(400, 413, 415, 422, 503),
    summary="Upload an image or an array",
)
async def upload(request: Request, service: ServiceDep) -> Response:
    """Keep a photo (multipart field `file`, or raw bytes with an `image/*` type) or an npy array of C×H×W or H×W.

    The same bytes give the same id. Arrays are used exactly as they are.
    """
    sent = await read_upload(request)
    if not sent.data:
        raise ImageError("The body is empty.", expected="the bytes of an image")
    image = await while_connected(request, service.gallery.add(sent.data, array=sent.array))
    return json_response(image_view(image), 201)


@router.post(
    "/{image_id}/variants",
    status_code=201,
    response_model=ImageSchema,
    dependencies=[Depends(json_only)],
    responses=documented(400, 404, 413, 415, 422, 503),
    summary="A variant of an image",
)
async def add_variant(
    request: Request,
    service: ServiceDep,
    image_id: str,
    changes: Annotated[
        Changes, Body(examples=[{"shift": [4, 0]}, [{"size": 224}, {"noise": {"sigma": 10, "seed": 0}}]])
    ],
) -> Response:
    """Keep the image with one change made, or up to eight in order, as an ordinary image: a photo as PNG, an array as
    npy. The same request gives the same id.
    """
    image = await service.gallery.find(image_id)
    return json_response(image_view(await while_connected(request, service.gallery.vary(image, changes))), 201)


@router.get(
    "/{image_id}",
    response_class=Response,
    responses={
        200: {"content": {"image/png": BINARY, "image/jpeg": BINARY, "application/json": {}, NPY: BINARY}},
        **documented(404, 422),
    },
    summary="The upright original",
)
async def original(
    request: Request,
    service: ServiceDep,
    image_id: str,
    max_side: Annotated[int | None, Query(ge=1, le=4096, description="Longest side of a thumbnail, in pixels.")] = None,
    format: Annotated[  # noqa: A002 - the parameter's public name
        Literal["image", "json"], Query(description="`image`, or `json` for what is known of it.")
    ] = "image",
) -> Response:
    """The photo as decoded and turned upright (PNG, or JPEG where it came as one), or the uploaded npy file."""
    image = await service.gallery.find(image_id)
    if format == "json":
        return json_response(image_view(image))

    async def make() -> Response:
        body, kind = await service.picture(image, max_side)
        return Response(body, media_type=kind)

    return await kept(request, ("image", image_id, max_side), make)
