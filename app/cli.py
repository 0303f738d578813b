"""The command line: it turns options into settings and calls one function a command, with no work of its own.

Exit status: 0 done, or stopped as asked; 1 not healthy, or the address cannot be had; 2 a wrong option
or setting; 3 the application failed to start.
"""

from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from . import __version__
from .server import address_of, answers, listen, run
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
    run(application, settings, listening, access_log=access_log)


@commands.command()
def healthcheck(host: Host = None, port: Port = None, timeout: Timeout = 3.0) -> None:
    """Ask a running server whether it is alive: status 0 if it is, 1 if not."""
    settings = _settings(host=host, port=port)
    url = f"{address_of(settings.host, settings.port)}/healthz"
    if not answers(url, timeout):
        _fail(FAILED, f"no healthy answer from {url} within {timeout:g} s")
    typer.echo("healthy")


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


def _fail(status: int, message: str) -> NoReturn:
    typer.echo(f"convscope: {message}", err=True)
    raise typer.Exit(status)
