"""One wheel and one server from it for all tests of the house."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import wheel


@pytest.fixture(scope="session")
def built_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(built_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel.unpack(built_wheel, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def address(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with wheel.server(installed, tmp_path_factory.mktemp("data")) as (url, _):
        yield url
