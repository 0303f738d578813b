"""What all tests share."""

import pytest
from hypothesis import settings

settings.register_profile("convscope", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("convscope")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
