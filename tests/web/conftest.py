"""One application for all tests of the API that do not need settings of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings

from .api import Api, serving


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(Settings(data_dir=tmp_path_factory.mktemp("data"), device="cpu")) as served:
        yield served


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Defaults over an empty folder; change a limit with `model_copy(update=...)`."""
    return Settings(data_dir=tmp_path, device="cpu")
