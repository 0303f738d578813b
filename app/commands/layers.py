"""`convscope run`: the layers of one image as a table of numbers, as files, or as one archive."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from ..errors import Invalid
from ..service.layers import ArchiveFormat, LayerView, ViewFormat
from ..service.run import Run
from ..service.service import Service
from ..settings import Settings
from ..web.deps import to_json
from ..web.pages import Pages
from ..web.runs import chosen_layers
from ..web.saved import layers_of_page, saved_page
from ..web.views import statistics_view
from .files import STANDARD, write
from .session import Request, open_run, working
from .text import by, number, table

Format = Literal["npy", "u8", "png", "json", "svg", "pdf", "npz", "safetensors", "html"]
ARCHIVES: tuple[ArchiveFormat, ...] = ("npz", "safetensors")
SEVERAL: tuple[Format, ...] = (*ARCHIVES, "html")
"""Formats of which one file holds several layers."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where layers go: one file or standard output (`path` None) in one format, or a folder of a file a layer."""

    path: Path | None
    format: Format
    folder: bool

    @classmethod
    def of(cls, out: str, form: Format | None, count: int) -> "Target":
        """The target that `--out` and `--format` name for `count` layers. Raises `Invalid` where they disagree."""
        path, suffix = Path(out), Path(out).suffix[1:]
        if out == STANDARD:
            target = cls(None, form or ("png" if count == 1 else "npz"), folder=False)
        elif suffix in get_args(Format) and not path.is_dir():
            if form not in {None, suffix}:
                raise Invalid(f"{out} is no {form} file.", where="--format", expected=f"--format {suffix}, or none")
            target = cls(path, cast(Format, suffix), folder=False)
        else:
            return cls(path, form or "png", folder=True)
        if target.format not in SEVERAL and count > 1:
            raise Invalid(
                f"{count} layers are named; {target.format} holds one.",
                where="--out",
                expected="a folder, or a file that ends in .npz, .safetensors or .html",
            )
        return target


async def layers_text(settings: Settings, request: Request, names: str | None) -> tuple[str, str]:
    """A table of the layers' numbers, and what is to be said of those that cannot be computed."""
    async with working(settings) as service:
        run = await open_run(service, request)
        head = ("layer", "op", "shape", "min", "max", "mean", "std", "zeros", "dead maps")
        rows = [await _row(service, run, name) for name in _computable(run, names)]
        return table(head, rows, left=3), _left_out(run) if names is None else ""


async def layers_json(settings: Settings, request: Request, names: str | None) -> bytes:
    """The layers' numbers, map by map, as `GET …/layers/{layer}?format=json` answers them, in one list."""
    async with working(settings) as service:
        run = await open_run(service, request)
        chosen = _computable(run, names)
        views = [statistics_view(run, name, await service.layers.statistics(run, name)) for name in chosen]
        return to_json(views)


async def write_layers(
    settings: Settings, request: Request, names: str | None, out: str, form: Format | None, view: LayerView
) -> list[str]:
    """Write layers to files; a line on each. Raises `Invalid` where one file cannot hold them, and `OSError`."""
    async with working(settings) as service:
        run = await open_run(service, request)
        chosen = chosen_layers(run, names)
        target = Target.of(out, form, len(chosen))
        if target.format == "html":
            chosen = layers_of_page(service, run, names)
        if not target.folder:
            await write(target.path, await _chunks(service, run, chosen, target.format, view))
            return [] if target.path is None else [f"wrote {target.path}: {', '.join(chosen)}"]
        assert target.path is not None
        target.path.mkdir(parents=True, exist_ok=True)
        written = []
        for name in chosen:
            path = target.path / f"{name}.{target.format}"
            await write(path, await _chunks(service, run, [name], target.format, view))
            written.append(f"wrote {path}: {by(run.shape(run.index(name)))}")
        return written


async def _chunks(
    service: Service, run: Run, names: Sequence[str], form: Format, view: LayerView
) -> AsyncIterator[bytes]:
    """The bytes of one file: an archive of layers, a page of them, or one layer."""
    if form == "html":
        return _page(service, run, names, view.title)
    if form in ARCHIVES:
        return await service.layers.archive(run, names, form)
    return _one(service, run, names[0], view.model_copy(update={"format": cast(ViewFormat, form)}))


async def _page(service: Service, run: Run, names: Sequence[str], title: str | None) -> AsyncIterator[bytes]:
    yield (await saved_page(service, Pages(), run, names, title)).encode()


async def _one(service: Service, run: Run, name: str, view: LayerView) -> AsyncIterator[bytes]:
    if view.format == "json":
        yield to_json(statistics_view(run, name, await service.layers.statistics(run, name)))
    else:
        yield await service.layers.render(run, name, view)


async def _row(service: Service, run: Run, name: str) -> tuple[str, ...]:
    node, summary = run.layer(name), (await service.layers.statistics(run, name)).summary
    numbers = (number(value, 5) for value in (summary.min, summary.max, summary.mean, summary.std))
    return (
        name,
        node.layer.op,
        by(run.shape(node.index)),
        *numbers,
        f"{summary.zeros:.1%}",
        f"{summary.dead:,}" if summary.dead else "",
    )


def _computable(run: Run, names: str | None) -> list[str]:
    """The layers asked for that have statistics: `input` is an array and no layer."""
    chosen = chosen_layers(run, names)
    return [run.layer(name).name for name in chosen]


def _left_out(run: Run) -> str:
    """Which layers cannot be computed, why, and the command that helps."""
    if not run.unavailable:
        return ""
    (first, reason), *others = run.unavailable.items()
    more = f" and {len(others)} more layers" if others else ""
    install = run.model.source.provenance.install
    return f"{first}{more} left out: {reason}" + (f"; `{install}` helps" if install else "")
