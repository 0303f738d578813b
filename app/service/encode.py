"""Arrays as bytes: npy, the one-byte-a-value format, and the two archives; it computes nothing."""

import io
import json
import math
import struct
import zipfile
from collections.abc import AsyncIterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ..probe.quantize import QuantizedMaps

U8_MAGIC = b"CSU8"
U8_VERSION = 1
U8_HEADER = struct.Struct("<4s5I")

NamedArrays = AsyncIterator[tuple[str, NDArray[np.float32]]]


def to_npy(array: NDArray[np.generic]) -> bytes:
    """An array as the bytes of an npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def to_u8(maps: QuantizedMaps) -> bytes:
    """Quantised maps in the format of docs/formats.md: header, lows, highs, one byte a value."""
    header = U8_HEADER.pack(U8_MAGIC, U8_VERSION, *maps.data.shape, int(maps.signed))
    return b"".join((header, maps.low.astype("<f4").tobytes(), maps.high.astype("<f4").tobytes(), maps.data.data))


async def safetensors(shapes: Mapping[str, tuple[int, ...]], arrays: NamedArrays) -> AsyncIterator[bytes]:
    """A safetensors file of float32 arrays that come in the order of `shapes`, written as they come.

    Source: https://github.com/huggingface/safetensors, section "Format".
    """
    entries: dict[str, object] = {}
    start = 0
    for name, shape in shapes.items():
        stop = start + 4 * math.prod(shape)
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": (start, stop)}
        start = stop
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    yield struct.pack("<Q", len(header)) + header
    async for _, array in arrays:
        yield array.astype("<f4", copy=False).tobytes()


async def npz(arrays: NamedArrays) -> AsyncIterator[bytes]:
    """An uncompressed npz archive of arrays, written as they come."""
    drain = _Drain()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_STORED) as archive:
        async for name, array in arrays:
            archive.writestr(f"{name}.npy", to_npy(array))
            yield drain.take()
    yield drain.take()


class _Drain(io.RawIOBase):
    """A file that is only written; its bytes are taken away as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        chunk = bytes(memoryview(data))  # type: ignore[arg-type]
        self._chunks.append(chunk)
        return len(chunk)

    def take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)
