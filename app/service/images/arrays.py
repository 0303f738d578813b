"""Uploaded NumPy arrays, read by hand-checked limits before anything is allocated, and never unpickled."""

from io import BytesIO
from math import prod

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ...errors import ImageError, TooLarge
from ...settings import Settings

SHAPES = "an array of C×H×W or H×W, each at least 1"
DTYPES = "bool, (u)int8 to (u)int64, float16, float32 or float64"
_KINDS = "biuf"
_LARGEST_ITEM = 8


def decode_array(data: bytes, settings: Settings) -> NDArray[np.float32]:
    """The array of an `.npy` file (version 1.0 or 2.0) as float32 C×H×W; H×W becomes 1×H×W.

    Raises `TooLarge` for more than `settings.max_array_values` values and `ImageError` for anything else that
    is not a finite numeric array of that shape, whole and without trailing bytes. Integers beyond 2²⁴ and
    float64 are rounded to the nearest float32.
    """
    shape, fortran, dtype, start = _header(data)
    _check(shape, dtype, settings.max_array_values)
    expected, held = prod(shape) * dtype.itemsize, len(data) - start
    if held != expected:
        fault = "is cut short" if held < expected else "has bytes left over"
        raise ImageError(
            f"The array {fault}: {shape} of {dtype} needs {expected:,} bytes after the header, not {held:,}."
        )
    values = np.frombuffer(data, dtype, offset=start).reshape(shape, order="F" if fortran else "C")
    with np.errstate(over="ignore"):  # what overflows float32 is found below
        values = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ImageError("The array holds values that are not finite as float32.", expected="finite values")
    return values if values.ndim == 3 else values[np.newaxis]


def _header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
    """Shape, whether Fortran ordered, dtype and where the values start."""
    file = BytesIO(data)
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file)
    except Exception as error:  # the header is a Python literal: anything from SyntaxError to RecursionError
        raise ImageError(
            "The body is not a NumPy file.", expected="what numpy.save writes, version 1.0 or 2.0"
        ) from error
    return shape, fortran, dtype, file.tell()


def _check(shape: tuple[int, ...], dtype: np.dtype[np.generic], limit: int) -> None:
    if dtype.kind not in _KINDS or dtype.itemsize > _LARGEST_ITEM:
        raise ImageError(f"Arrays of {dtype} are not read.", where="dtype", expected=DTYPES)
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ImageError(f"The array has shape {shape}.", where="shape", expected=SHAPES)
    if prod(shape) > limit:
        raise TooLarge(
            f"The array has {prod(shape):,} values; at most {limit:,} are read here.", where="shape", limit=limit
        )
