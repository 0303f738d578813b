"""The one call for a script: a photo in, activations out, nothing kept."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field, ValidationError
from starlette.responses import Response

from ..errors import Fault, Invalid, NotAcceptable
from ..service.images import Fit
from ..service.layers import ArchiveFormat, LayerView
from ..service.run import Run
from ..service.service import Service
from .deps import ServiceDep, while_connected
from .images import BINARY
from .problems import documented
from .runs import ARCHIVE_CONTENT, LAYER_TYPES, chosen_layers, layer_response, stream_archive
from .uploads import FORM, read_form

router = APIRouter(prefix="/api/v1", tags=["runs"])


class ActivationsForm(LayerView):
    """Fields of the one-call form beside its file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["png", "npy", "json", "svg", "pdf", "npz", "safetensors", "u8"] | None = None  # type: ignore[assignment]
    model: str = "vgg16"
    layers: str = Field(description="Names, separated by commas.")
    size: int | None = Field(None, ge=1)
    fit: Fit = "crop"

    def archive(self, count: int) -> ArchiveFormat | None:
        """The archive that holds `count` layers, or None where one layer goes out by itself.

        Raises `NotAcceptable` for several layers in a format that holds one.
        """
        chosen = self.format or ("png" if count == 1 else "npz")
        if chosen in {"npz", "safetensors"} or (chosen == "u8" and count > 1):
            return chosen
        if count == 1:
            return None
        raise NotAcceptable(f"{chosen} holds one layer; {count} were named.", expected="npz, safetensors or u8")

    def picture(self) -> LayerView:
        """How the one layer is written."""
        fields = self.model_dump(include=set(LayerView.model_fields), exclude={"format"})
        return LayerView(format=self.format or "png", **fields)


ONE_CALL: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
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
        200: {"content": {**ARCHIVE_CONTENT, **dict.fromkeys(LAYER_TYPES.values(), BINARY), "application/json": {}}},
        **documented(400, 404, 406, 413, 415, 422, 503),
    },
    summary="A photo in, activations out, nothing kept",
)
async def activations(request: Request, service: ServiceDep) -> Response:
    """One layer as `png` (default), `npy`, `u8`, `json`, or a figure as `svg` or `pdf`.

    Several come as `npz` (default), `safetensors`, or `u8` frames in order.
    """
    sent = await read_form(request)
    form = _settings(sent.fields)
    run = await while_connected(
        request, service.passing_run(sent.data, array=sent.array, model=form.model, size=form.size, fit=form.fit)
    )
    names = chosen_layers(run, form.layers)
    several = form.archive(len(names))
    if several is not None:
        response = await stream_archive(service, run, names, several)
        response.body_iterator = _then_forget(response.body_iterator, service, run)
        return response
    try:
        return await while_connected(request, layer_response(service, run, names[0], form.picture()))
    finally:
        service.layers.forget(run)


async def _then_forget(chunks: AsyncIterable[Any], service: Service, run: Run) -> AsyncIterator[Any]:
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        service.layers.forget(run)


def _settings(fields: dict[str, str]) -> ActivationsForm:
    try:
        return ActivationsForm.model_validate(fields)
    except ValidationError as error:
        faults = [Fault(".".join(map(str, f["loc"])), f["msg"]) for f in error.errors()]
        raise Invalid(f"{faults[0].where}: {faults[0].message}", where=faults[0].where, faults=faults) from None
