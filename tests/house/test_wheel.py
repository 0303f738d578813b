"""The wheel holds everything that runs and nothing else, and works with no checkout beside it."""

import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(built_wheel: Path) -> set[str]:
    with zipfile.ZipFile(built_wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_one_package_and_its_metadata(names: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in names} == {"convscope"}


@pytest.mark.parametrize(("folder", "target"), [("app", ""), ("static", "static/"), ("templates", "templates/")])
def test_every_file_that_runs_is_in_the_wheel(names: set[str], folder: str, target: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {f"convscope/{target}{path.relative_to(ROOT / folder).as_posix()}" for path in files}
    assert expected <= names


def test_the_wheel_holds_no_tests_and_no_tools(names: set[str]) -> None:
    shipped = {"static", "templates", *(path.name for path in (ROOT / "app").iterdir() if path.is_dir())}
    folders = {name.split("/")[1] for name in names if name.startswith("convscope/") and name.count("/") > 1}
    assert folders <= shipped


def test_the_licence_and_the_notice_are_in_the_metadata(names: set[str]) -> None:
    assert {name.split("/")[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/models/vgg16", "/static/css/tokens.css", "/healthz"])
def test_a_server_from_the_wheel_alone_answers(address: str, path: str) -> None:
    assert httpx.get(address + path, timeout=60).status_code == 200
