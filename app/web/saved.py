"""A view as one HTML file that works from disk: photo, layers, statistics and a small viewer, no server needed."""

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from ..resources import resource_path
from ..service.layers import PRINTABLE
from ..service.run import Run
from ..service.saved import SavedLayer, check_fits, layers_that_fit, saved_layer
from ..service.service import Service
from .bundle import bundle
from .deps import ServiceDep, kept
from .explore_blocks import group_blocks
from .pages import Pages
from .problems import documented
from .runs import chosen_layers, file_name
from .views import model_view, run_view, statistics_view

router = APIRouter(prefix="/api/v1", tags=["runs"])

STYLES = ("tokens", "saved")


@router.get(
    "/runs/{run_id}/page",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **documented(404, 422, 503)},
    summary="A view as one HTML file",
)
async def page(
    request: Request,
    service: ServiceDep,
    run_id: str,
    layers: Annotated[
        str | None, Query(description="Names, separated by commas; the explorer's, as far as they fit, when left out.")
    ] = None,
    title: Annotated[str | None, Query(max_length=200, pattern=PRINTABLE, description="The file's title.")] = None,
) -> Response:
    """The photo, the layers in one byte a value, their statistics and a viewer in one file.

    It opens from disk, without a server and without a network, and draws the maps with their values under the cursor.
    """
    run = await service.runs.find(run_id)
    names = layers_of_page(service, run, layers)
    pages = cast(Pages, request.app.state.pages)

    async def make() -> Response:
        name = f"{file_name(run)}.html"
        return Response(
            await saved_page(service, pages, run, names, title),
            media_type="text/html",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return await kept(request, ("page", run_id, tuple(names), title), make)


def layers_of_page(service: Service, run: Run, text: str | None) -> list[str]:
    """The layers asked for, or those that the explorer shows, as far as they fit. Raises `OverLimit`, `NotFound`."""
    limit = service.settings.max_page_bytes
    if text is None:
        blocks = group_blocks(run_view(run, ()), model_view(run.model, preset=service.models.is_preset(run.model)))
        return layers_that_fit(run, [block.after for block in blocks if block.available], limit)
    names = [run.layer(name).name for name in chosen_layers(run, text)]
    check_fits(run, names, limit)
    return names


async def saved_page(service: Service, pages: Pages, run: Run, names: Sequence[str], title: str | None) -> str:
    """The file's text. It is put together beside the loop, since it is millions of letters long."""
    photo = await service.layers.input(run, "png")
    saved = [await saved_layer(service.layers, service.executor, run, name) for name in names]
    image = service.image_names.get(run.image.id, run.image.id)
    return await service.executor.beside(partial(_text, pages, run, image, title, photo, saved))


def _text(pages: Pages, run: Run, image: str, title: str | None, photo: bytes, saved: Sequence[SavedLayer]) -> str:
    return pages.render(
        "saved.html",
        title=title or f"{image} through {run.model.title}",
        image_name=image,
        photo=f"data:image/png;base64,{b64encode(photo).decode()}",
        run=run_view(run, ()),
        layers=saved,
        data=_data(run, saved),
        tables=resource_path("static", "data", "luts.json").read_text(encoding="utf-8"),
        style=Markup("\n".join(_style(name) for name in STYLES)),
        script=Markup(bundle("page-saved")),
    )


def _data(run: Run, saved: Sequence[SavedLayer]) -> dict[str, Any]:
    """What the viewer reads: the input's shape, and of each layer its arithmetic and its statistics."""
    rows = {row["name"]: row for row in run_view(run, ())["layers"]}
    fields = ("name", "op", "shape", "signed", "receptive_field")
    return {
        "input": run.analysis.input_shape,
        "layers": [
            {
                **{field: rows[layer.name][field] for field in fields},
                "maps": statistics_view(run, layer.name, layer.statistics)["maps"],
            }
            for layer in saved
        ],
    }


def _style(name: str) -> str:
    text = resource_path("static", "css", f"{name}.css").read_text(encoding="utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)
