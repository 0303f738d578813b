"""Routes of the pages that people see: the explorer, the API reference, what a problem means."""

from dataclasses import replace
from typing import cast

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from ..errors import ConvscopeError, NotFound
from ..service.pairs import Wish, find_pair
from ..service.run import Run, RunRecipe
from ..service.service import Service
from .compare import Side, compare_context
from .compare_view import parse_compare_view
from .deps import ServiceDep
from .explore import explore_context
from .explore_view import parse_view
from .pages import Pages
from .problems import KINDS
from .views import image_view, model_view, run_view, sample_view, summary_view

router = APIRouter(include_in_schema=False)

DEFAULT_MODEL = "vgg16"


def _page(request: Request, template: str, status: int = 200, **context: object) -> HTMLResponse:
    return HTMLResponse(cast(Pages, request.app.state.pages).render(template, **context), status)


@router.get("/")
async def explore(request: Request, service: ServiceDep) -> HTMLResponse:
    """A photo inside a network; on a sample where the address names none."""
    view = parse_view(request.query_params)
    image = await service.gallery.find(view.image or service.gallery.samples[0].id)
    recipe = RunRecipe(image=image.id, model=view.model or DEFAULT_MODEL, size=view.size, fit=view.fit)
    run = await service.runs.create(recipe)
    context = explore_context(
        view,
        run_view(run, service.runs.computed(run)),
        model_view(run.model, preset=service.models.is_preset(run.model)),
        image_view(image),
        [sample_view(*sample) for sample in await service.samples()],
        [summary_view(model) for model in service.models.presets()],
    )
    return _page(request, "explore.html", **context)


@router.get("/compare")
async def compare(request: Request, service: ServiceDep) -> HTMLResponse:
    """Two photos, two networks, or a photo and a change of it, layer by layer.

    Where B cannot be made the page shows A, says why, and answers with the fault's status.
    """
    view = parse_compare_view(request.query_params)
    if view.a is None:
        view = replace(view, image=view.image or service.gallery.samples[0].id, model=view.model or DEFAULT_MODEL)
    a = Wish(view.a, view.image, view.model, view.size, view.fit)
    b = Wish(view.b, view.image_b, view.model_b)
    status = 200
    try:
        pair = await find_pair(service, a, b, view.alteration)
    except ConvscopeError as fault:
        if not view.has_b:
            raise
        pair = await find_pair(service, a, Wish(), None)
        view, status = view.without_b(fault.detail, fault.expected), fault.status
    context = compare_context(
        view,
        _side(service, pair.a),
        _side(service, pair.b) if pair.b else None,
        [sample_view(*sample) for sample in await service.samples()],
        [summary_view(model) for model in service.models.presets()],
    )
    return _page(request, "compare.html", status, **context)


def _side(service: Service, run: Run) -> Side:
    return Side(
        run_view(run, service.runs.computed(run)),
        model_view(run.model, preset=service.models.is_preset(run.model)),
        image_view(run.image),
    )


@router.get("/api")
async def reference(request: Request) -> HTMLResponse:
    """The API reference, read from the OpenAPI document; no CDN."""
    return _page(request, "api.html")


@router.get("/problems/{slug}")
async def problem_page(request: Request, slug: str) -> HTMLResponse:
    """What a problem's type means."""
    for kind in KINDS:
        if kind.slug == slug:
            return _page(request, "problem-type.html", kind=kind, text=kind.__doc__)
    raise NotFound(f"There is no problem {slug!r}.", expected="one of " + ", ".join(k.slug for k in KINDS))
