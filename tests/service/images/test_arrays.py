"""Arrays come in exactly as they are, or are refused before anything is allocated."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from app.errors import ConvscopeError, ImageError, TooLarge
from app.service.images import decode_array
from app.settings import Settings

LIMITS = Settings(max_array_values=10_000)


def npy(array: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    file = BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def by_hand(header: str, values: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode() + b"\n"
    length = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + version + length + text + values


DTYPES = ["?", "i1", "u1", "<i2", ">i2", "<u4", "<i8", ">u8", "<f2", "<f4", ">f4", "<f8"]


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    shape=arrays.array_shapes(min_dims=2, max_dims=3, max_side=6),
    order=st.sampled_from("CF"),
)
def test_values_arrive_exactly_in_any_order_and_type(
    data: st.DataObject, dtype: str, shape: tuple[int, ...], order: Any
) -> None:
    kind = np.dtype(dtype).kind
    small = {"b": st.booleans(), "u": st.integers(0, 100), "i": st.integers(-100, 100)}
    array = data.draw(arrays.arrays(dtype, shape, elements=small.get(kind, st.integers(-1000, 1000).map(float))))
    decoded = decode_array(npy(np.array(array, order=order)), LIMITS)
    assert decoded.dtype == np.float32
    assert decoded.flags.c_contiguous
    assert decoded.shape == (shape if len(shape) == 3 else (1, *shape))
    np.testing.assert_array_equal(decoded.reshape(shape), array.astype(np.float64))


def test_float32_keeps_every_bit() -> None:
    array = np.array([[[1e-45, -0.0, 3.4028235e38, 0.1]]], dtype=np.float32)
    assert decode_array(npy(array), LIMITS).tobytes() == array.tobytes()


def test_the_lecture_s_array_of_rows_and_columns_is_one_channel() -> None:
    decoded = decode_array(npy(np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])), LIMITS)
    assert decoded.shape == (1, 4, 4)
    assert decoded[0, 1].tolist() == [5, 6, 7, 8]


def test_version_2_is_read_too() -> None:
    assert decode_array(npy(np.ones((2, 2)), version=(2, 0)), LIMITS).shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones(4), r"shape \(4,\)"),
        (np.array(3.0), r"shape \(\)"),
        (np.ones((1, 1, 2, 2)), r"shape \(1, 1, 2, 2\)"),
        (np.ones((0, 3)), r"shape \(0, 3\)"),
        (np.ones((2, 2), dtype=complex), "complex128"),
        (np.array([["a", "b"]]), "<U1"),
        (np.zeros((2, 2), dtype="datetime64[s]"), "datetime64"),
        (np.zeros((2, 2), dtype=[("x", "f4")]), "x"),
        (np.array([[1.0, np.nan]]), "not finite"),
        (np.array([[np.inf, 1.0]]), "not finite"),
        (np.array([[1e300, 1.0]]), "not finite as float32"),
    ],
)
def test_what_is_not_a_finite_numeric_array_of_that_shape_is_refused(array: NDArray[Any], said: str) -> None:
    with pytest.raises(ImageError, match=said):
        decode_array(npy(array), LIMITS)


def test_a_long_double_is_refused_where_there_is_one() -> None:
    if np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long doubles are float64 here")
    with pytest.raises(ImageError, match="float128"):
        decode_array(npy(np.ones((2, 2), dtype=np.longdouble)), LIMITS)


def test_pickled_objects_are_refused_unread() -> None:
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }"
    with pytest.raises(ImageError, match="object"):
        decode_array(by_hand(header, b"cos\nsystem\n(S'false'\ntR."), LIMITS)


@pytest.mark.parametrize(("change", "said"), [(-1, "cut short"), (-24, "cut short"), (+1, "left over")])
def test_a_wrong_number_of_bytes_is_refused_with_both_numbers(change: int, said: str) -> None:
    data = npy(np.ones((1, 2, 3), dtype=np.float32))
    data = data[:change] if change < 0 else data + b"\x00" * change
    with pytest.raises(ImageError, match=f"{said}.*24 bytes.*not {24 + change}"):
        decode_array(data, LIMITS)


@pytest.mark.parametrize("shape", [(100, 101), (1, 10_001, 1), (10**6, 10**6), (10**9, 10**9, 10**9), (2**63, 2**63)])
def test_too_many_values_are_refused_from_the_header_alone(shape: tuple[int, ...]) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    with pytest.raises(TooLarge, match="at most 10,000 ") as caught:
        decode_array(by_hand(header), LIMITS)
    assert caught.value.limit == 10_000


def test_as_many_values_as_the_limit_are_read() -> None:
    assert decode_array(npy(np.zeros((100, 100), dtype=np.int8)), LIMITS).size == 10_000


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 2], }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 2), }",
        "{'descr': '<f4', 'fortran_order': 7, 'shape': (1, 1), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (1, 1), }",
        "{'descr': '<f4'}",
        "__import__('os').getcwd()",
        "{" * 2000,
        "(" * 9_000,
        "",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(ImageError):
        decode_array(by_hand(header, b"\x00" * 16), LIMITS)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff", b"PNG", b"\x93NUMPY\x09\x00"])
def test_what_does_not_begin_like_a_numpy_file_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="not a NumPy file"):
        decode_array(data, LIMITS)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_mutation_of_a_file_is_read_or_refused(data: st.DataObject) -> None:
    broken = bytearray(npy(np.arange(12, dtype=np.float32).reshape(3, 4)))
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_array(bytes(broken), LIMITS)
    except ConvscopeError:
        return
    assert decoded.ndim == 3
    assert np.isfinite(decoded).all()
