"""The command line: its exit statuses, its words, and that every command is documented."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from app import __version__
from app.cli import commands
from app.server import address_of, answers
from app.settings import Settings

from . import wheel

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
GROUP = typer.main.get_command(commands)
OPTIONS = [
    (name, option)
    for name, command in GROUP.commands.items()  # type: ignore[attr-defined]
    for parameter in command.params
    for option in parameter.opts
]


def convscope(installed: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "convscope", *arguments]
    return subprocess.run(
        command, env=wheel.environment(installed, **variables), capture_output=True, text=True, timeout=60, check=False
    )


def test_the_page_lists_exactly_the_commands_that_exist() -> None:
    assert set(re.findall(r"^\| `convscope (\w+)`", PAGE, re.M)) == set(GROUP.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_an_option_is_documented_in_its_commands_row(command: str, option: str) -> None:
    (row,) = re.findall(rf"^\| `convscope {command}` \|.*$", PAGE, re.M)
    assert f"`{option if option.startswith('-') else option.upper()}`" in row


def test_version_is_the_packages() -> None:
    assert CliRunner().invoke(commands, ["--version"]).output == f"convscope {__version__}\n"


def test_settings_prints_every_setting_with_its_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVSCOPE_QUEUE_LENGTH", "3")
    output = CliRunner().invoke(commands, ["settings"]).output
    for name, field in Settings.model_fields.items():
        assert f"CONVSCOPE_{name.upper()}=" in output
        assert str(field.description) in output
    assert "CONVSCOPE_QUEUE_LENGTH=3  (default 64)" in output


@pytest.mark.parametrize(
    ("variable", "value"), [("CONVSCOPE_PORT", "many"), ("CONVSCOPE_DEVICE", "tpu"), ("CONVSCOPE_QUEUE_LENGTH", "0")]
)
def test_a_wrong_setting_ends_with_2_and_names_the_variable(installed: Path, variable: str, value: str) -> None:
    ended = convscope(installed, "settings", **{variable: value})
    assert ended.returncode == 2
    assert variable in ended.stderr
    assert repr(value) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_option_ends_with_2(installed: Path) -> None:
    assert convscope(installed, "serve", "--speed", "high").returncode == 2


def test_an_address_in_use_ends_with_1_and_says_so(installed: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = convscope(installed, "serve", "--port", str(port))
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in ended.stderr


def test_healthcheck_ends_with_0_where_a_server_is_alive(installed: Path, address: str) -> None:
    port = address.rpartition(":")[2]
    ended = convscope(installed, "healthcheck", "--host", "0.0.0.0", "--port", port)
    assert (ended.returncode, ended.stdout) == (0, "healthy\n")


def test_healthcheck_ends_with_1_where_nothing_listens(installed: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    ended = convscope(installed, "healthcheck", "--port", str(port), "--timeout", "1")
    assert ended.returncode == 1
    assert f"http://127.0.0.1:{port}/healthz" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_with_0(installed: Path, tmp_path: Path, number: signal.Signals) -> None:
    with wheel.server(installed, tmp_path) as (address, process):
        assert httpx.get(f"{address}/healthz").status_code == 200
        process.send_signal(number)
        assert process.wait(timeout=30) == 0


def test_a_server_that_cannot_start_ends_with_3(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = convscope(installed, "serve", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert ended.returncode == 3
    assert f"data folder {tmp_path / 'file' / 'data'}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_the_address_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    assert address_of(host, 8000) == url


def test_a_health_answer_other_than_2xx_is_not_healthy(address: str) -> None:
    assert answers(f"{address}/healthz", 10)
    assert not answers(f"{address}/api/v1/images/unknown", 10)
