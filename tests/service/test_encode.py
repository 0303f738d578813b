"""What is written is read back by the libraries that own the formats."""

import io
import struct
from collections.abc import AsyncIterator

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.probe.quantize import quantize
from app.service.encode import npz, to_npy, to_u8
from app.service.encode import safetensors as write_safetensors

ARRAYS = {
    "conv1": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "a.b-c": np.array([1.5, -2.0, np.inf], dtype=np.float32),
    "pool1": np.zeros((1, 1, 1), dtype=np.float32),
}


async def in_order() -> AsyncIterator[tuple[str, np.ndarray]]:
    for item in ARRAYS.items():
        yield item


async def collected(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


@pytest.mark.anyio
async def test_npz_is_read_by_numpy() -> None:
    with np.load(io.BytesIO(await collected(npz(in_order())))) as archive:
        assert list(archive) == list(ARRAYS)
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(archive[name], array)


@pytest.mark.anyio
async def test_safetensors_is_read_by_its_library() -> None:
    shapes = {name: array.shape for name, array in ARRAYS.items()}
    found = safetensors.numpy.load(await collected(write_safetensors(shapes, in_order())))
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], array)


def test_npy_is_read_by_numpy() -> None:
    np.testing.assert_array_equal(np.load(io.BytesIO(to_npy(ARRAYS["conv1"]))), ARRAYS["conv1"])


@given(st.booleans(), st.integers(1, 5), st.integers(1, 6), st.integers(1, 7))
def test_u8_is_laid_out_as_documented(signed: bool, channels: int, height: int, width: int) -> None:
    values = torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(0))
    maps = quantize(values if signed else values.relu(), signed=signed)
    body = to_u8(maps)
    assert struct.unpack_from("<4sIIIII", body) == (b"CSU8", 1, channels, height, width, int(signed))
    low = np.frombuffer(body, "<f4", channels, 24)
    high = np.frombuffer(body, "<f4", channels, 24 + 4 * channels)
    data = np.frombuffer(body, np.uint8, offset=24 + 8 * channels)
    np.testing.assert_array_equal(low, maps.low)
    np.testing.assert_array_equal(high, maps.high)
    np.testing.assert_array_equal(data.reshape(channels, height, width), maps.data)
