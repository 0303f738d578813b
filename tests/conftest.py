"""What all tests share."""

import pytest
from hypothesis import settings

settings.register_profile("convscope", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("convscope")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright's loop goes on in the main thread, where no other loop can then run."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
