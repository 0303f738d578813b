"""The command line: it turns options into settings and calls one function a command, with no work of its own.

Exit status: 0 done, or stopped as asked; 1 what was asked cannot be done, not healthy, or the address cannot be
had; 2 a wrong option or setting; 3 the application failed to start.

What a command does is imported when it runs: torch takes seconds to load, and most commands need none of it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic import ValidationError

from . import __version__
from .errors import ConvscopeError
from .server import address_of, answers, listen
from .server import run as run_server
from .settings import Settings

FAILED = 1
WRONG_USAGE = 2
NOT_STARTED = 3

commands = typer.Typer(
    help="See what a convolutional network does to your own image, layer by layer, down to a single number.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convscope {__version__}")
        raise typer.Exit


Host = Annotated[str | None, typer.Option(help="Address to listen on.", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default=False)]
DataDir = Annotated[Path | None, typer.Option(help="Folder for everything kept.", show_default=False)]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda.", show_default=False)]
AccessLog = Annotated[bool, typer.Option("--access-log", help="Log a line for every request.")]
Version = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for the answer.", min=0.1)]

Json = Annotated[bool, typer.Option("--json", help="JSON, as the REST API answers it.")]
Network = Annotated[str, typer.Argument(metavar="NETWORK", help="A preset, a JSON file, or - for standard input.")]
Photo = Annotated[str, typer.Argument(metavar="PHOTO", help="A photo or an npy file, or - for standard input.")]
ModelOption = Annotated[str, typer.Option("--model", help="A preset, a JSON file, or - for standard input.")]
Size = Annotated[
    int | None, typer.Option(min=1, help="Shorter side that the network sees, in pixels.", show_default=False)
]
FitOption = Annotated[Literal["crop", "pad", "stretch", "native"], typer.Option("--fit", help="How the photo fits.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the weights of a network from a file.")]
LayerNames = Annotated[
    str | None, typer.Option("--layers", help="Names, separated by commas; all when left out.", show_default=False)
]
Out = Annotated[
    str | None,
    typer.Option("--out", help="A folder, a file (its ending is the format), or - for standard output."),
]
FormatOption = Annotated[
    Literal["npy", "u8", "png", "json", "svg", "pdf", "npz", "safetensors", "html"] | None,
    typer.Option("--format", help="Format in a folder (png) or on standard output.", show_default=False),
]
MapOption = Annotated[int | None, typer.Option("--map", min=0, help="One map alone.", show_default=False)]
ColormapOption = Annotated[
    str | None,
    typer.Option("--colormap", help="viridis, magma, cividis, grey, RdBu or iceburn.", show_default=False),
]
ScaleOption = Annotated[int, typer.Option("--scale", min=1, max=64, help="Pixels a value of a png.")]
NormalizeOption = Annotated[
    Literal["map", "layer"], typer.Option("--normalize", help="Whose largest value ends the colour scale.")
]
TitleOption = Annotated[str | None, typer.Option("--title", help="Title of a svg or pdf.", show_default=False)]
UnitOption = Annotated[str, typer.Option("--unit", help="LAYER:CHANNEL:ROW:COLUMN, or LAYER:CHANNEL of a vector.")]
Channels = Annotated[int, typer.Option(min=1, help="Input channels printed in full, the weightiest first.")]


def main() -> None:
    """Runs the command that the process's arguments name."""
    commands(prog_name="convscope")


@commands.callback()
def _convscope(version: Version = False) -> None:
    """Options of convscope itself come before the command."""


@commands.command()
def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    device: Device = None,
    access_log: AccessLog = False,
) -> None:
    """Start the server: the page, the REST API and its reference.

    Options take the place of the CONVSCOPE_* variables, which `convscope settings` lists.
    """
    settings = _settings(host=host, port=port, data_dir=data_dir, device=device)
    try:
        listening = listen(settings.host, settings.port)
    except OSError as error:
        _fail(FAILED, f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}")
    from .main import create_app  # noqa: PLC0415 - loads torch, which no other command needs

    try:
        application = create_app(settings)
    except (OSError, RuntimeError) as error:
        _fail(NOT_STARTED, f"cannot start with data folder {settings.data_dir} on device {settings.device}: {error}")
    run_server(application, settings, listening, access_log=access_log)


@commands.command()
def healthcheck(host: Host = None, port: Port = None, timeout: Timeout = 3.0) -> None:
    """Ask a running server whether it is alive: status 0 if it is, 1 if not."""
    settings = _settings(host=host, port=port)
    url = f"{address_of(settings.host, settings.port)}/healthz"
    if not answers(url, timeout):
        _fail(FAILED, f"no healthy answer from {url} within {timeout:g} s")
    typer.echo("healthy")


@commands.command()
def models(json: Json = False) -> None:
    """List the preset networks with their sizes."""
    from .commands import networks  # noqa: PLC0415

    settings = _settings()
    with _telling():
        typer.echo(networks.models_json(settings) if json else networks.models_text())


@commands.command()
def analyze(network: Network, json: Json = False) -> None:
    """Print a network's shapes, parameters, multiply-adds and receptive fields; nothing is allocated."""
    from .commands import networks  # noqa: PLC0415

    settings, named = _settings(), networks.Named(network)
    with _telling():
        typer.echo(networks.analysis_json(named, settings) if json else networks.analysis_text(named, settings))


@commands.command()
def run(
    photo: Photo,
    model: ModelOption = "vgg16",
    layers: LayerNames = None,
    out: Out = None,
    format: FormatOption = None,  # noqa: A002 - the option's name
    map: MapOption = None,  # noqa: A002
    colormap: ColormapOption = None,
    scale: ScaleOption = 1,
    normalize: NormalizeOption = "map",
    title: TitleOption = None,
    size: Size = None,
    fit: FitOption = "crop",
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Take an image through a network: a table of its layers, or with --out their maps as files."""
    settings = _settings(device=device)
    from .commands import layers as work  # noqa: PLC0415
    from .commands.session import Request  # noqa: PLC0415
    from .service.layers import LayerView  # noqa: PLC0415

    request = Request(photo, model, size, fit, seed)
    with _telling():
        if out is not None:
            view = LayerView(map=map, colormap=colormap, scale=scale, normalize=normalize, title=title)
            for line in asyncio.run(work.write_layers(settings, request, layers, out, format, view)):
                typer.echo(line, err=True)
        elif json:
            typer.echo(asyncio.run(work.layers_json(settings, request, layers)))
        else:
            table, left_out = asyncio.run(work.layers_text(settings, request, layers))
            typer.echo(table)
            if left_out:
                typer.echo(f"convscope: {left_out}", err=True)


@commands.command()
def explain(
    photo: Photo,
    unit: UnitOption,
    model: ModelOption = "vgg16",
    channels: Channels = 3,
    size: Size = None,
    fit: FitOption = "crop",
    seed: Seed = 0,
    device: Device = None,
    json: Json = False,
) -> None:
    """Explain one number of a layer: patch, kernel, products, sums, bias and total."""
    settings = _settings(device=device)
    from .commands import units  # noqa: PLC0415
    from .commands.session import Request  # noqa: PLC0415

    request = Request(photo, model, size, fit, seed)
    with _telling():
        place = units.UnitName.parse(unit)
        if json:
            typer.echo(asyncio.run(units.explain_json(settings, request, place)))
        else:
            typer.echo(asyncio.run(units.explain_text(settings, request, place, channels)))


@commands.command()
def settings() -> None:
    """List every setting: its variable, its value now, its default, and what it means."""
    now, fields = _settings(), Settings.model_fields
    for name, field in fields.items():
        value, default = getattr(now, name), field.default
        typer.echo(f"{variable_of(name)}={value}" + ("" if value == default else f"  (default {default})"))
        typer.echo(f"    {field.description}")


def variable_of(field: str) -> str:
    """The environment variable that a field of Settings is read from."""
    return f"CONVSCOPE_{field.upper()}"


def _settings(**options: Any) -> Settings:
    """Settings from the environment, with the options that were given in their place."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{variable_of(str(f['loc'][0]))}: {f['msg']}, got {f['input']!r}" for f in error.errors())
        _fail(WRONG_USAGE, faults)


@contextmanager
def _telling() -> Iterator[None]:
    """Print what went wrong, and what would fit, in place of a traceback."""
    from .commands.text import problem_text  # noqa: PLC0415

    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the output has enough of it
    except ConvscopeError as error:
        _fail(WRONG_USAGE if (error.where or "").startswith("--") else FAILED, problem_text(error))
    except ValidationError as error:
        fault = error.errors()[0]
        _fail(WRONG_USAGE, f"--{fault['loc'][0]}: {fault['msg']}, got {fault['input']!r}")
    except OSError as error:
        _fail(FAILED, f"{error.filename or 'file'}: {error.strerror or error}")
    except RuntimeError as error:
        _fail(NOT_STARTED, str(error))


def _fail(status: int, message: str) -> NoReturn:
    typer.echo(f"convscope: {message}", err=True)
    raise typer.Exit(status)
