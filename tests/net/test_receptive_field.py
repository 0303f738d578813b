"""Receptive fields against the inputs that a value's gradient really reaches, and against published figures."""

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from app.errors import SpecError
from app.net.analysis import LayerAnalysis
from app.net.forward import apply
from app.net.graph import INPUT
from tests.net.networks import analysis, layer, network
from tests.net.strategies import one_or_two, paddings

SIDE = 48
Layers = list[dict[str, Any]]
Box = tuple[tuple[int, int], tuple[int, int]]


def reached(layers: Layers, cell: tuple[int, int], side: int = SIDE) -> Box | None:
    """First and last row and column of the input that a value of the last layer depends on; kernels of ones."""
    x = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    net = network((1, side, side), *layers)
    values = {INPUT: x}
    for node, numbers in zip(net.nodes, analysis((1, side, side), *layers).layers, strict=True):
        ones = {name: torch.ones(shape, dtype=x.dtype) for name, shape in numbers.parameter_shapes.items()}
        values[node.index] = apply(node.layer, ones, [values[i] for i in node.inputs])
    last = values[len(layers) - 1]
    value = last[0, 0, cell[0], cell[1]] if last.dim() == 4 else last[0, 0]
    (gradient,) = torch.autograd.grad(value, x)
    seen = gradient[0, 0].nonzero()
    if not len(seen):
        return None
    (top, left), (bottom, right) = seen.amin(0).tolist(), seen.amax(0).tolist()
    return (top, bottom), (left, right)


def predicted(numbers: LayerAnalysis, cell: tuple[int, int]) -> Box:
    field = numbers.receptive_field
    assert field.stride is not None
    (top, left) = (c * s - p for c, s, p in zip(cell, field.stride, field.padding, strict=True))
    return (top, top + field.size[0] - 1), (left, left + field.size[1] - 1)


def inside(box: Box, side: int = SIDE) -> bool:
    return all(low >= 0 and high < side for low, high in box)


@st.composite
def sliding(draw: st.DrawFn) -> dict[str, Any]:
    """A window layer whose gradient reaches all that it sees."""
    op = draw(st.sampled_from(["conv", "avgpool", "pad"]))
    if op == "pad":
        return layer("pad", padding=draw(paddings(2)))
    if op == "avgpool":
        return layer(
            op,
            kernel=draw(one_or_two(2, 3)),
            stride=draw(one_or_two(1, 2)),
            padding=draw(paddings(1)),
            ceil_mode=draw(st.booleans()),
        )
    if draw(st.booleans()):
        return layer(op, filters=1, kernel=draw(one_or_two(1, 4)), dilation=draw(one_or_two(1, 2)), padding="same")
    return layer(
        op,
        filters=1,
        kernel=draw(one_or_two(1, 4)),
        stride=draw(one_or_two(1, 2)),
        dilation=draw(one_or_two(1, 2)),
        padding=draw(paddings(2)),
    )


@given(st.lists(sliding(), min_size=1, max_size=4), st.integers(0, 100), st.integers(0, 100))
def test_a_chains_field_is_where_its_gradient_reaches(layers: Layers, down: int, across: int) -> None:
    try:
        numbers = analysis((1, SIDE, SIDE), *layers).layers[-1]
    except SpecError:
        assume(False)
    _, height, width = numbers.output_shape
    cell = (height * down // 101, width * across // 101)
    assume(inside(predicted(numbers, cell)))
    assert reached(layers, cell) == predicted(numbers, cell)


@given(st.lists(sliding(), min_size=1, max_size=2), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))
def test_a_skip_connections_field_is_the_union_of_its_branches(
    stem: Layers, left: int, right: int, dilation: int
) -> None:
    layers = [
        *stem,
        layer("relu", name="fork"),
        layer("conv", "fork", name="one", filters=1, kernel=left, padding="same", dilation=dilation),
        layer("conv", "fork", name="two", filters=2, kernel=[1, right], padding="same"),
        layer("concat", ["one", "two"]),
    ]
    try:
        numbers = analysis((1, SIDE, SIDE), *layers).layers[-1]
    except SpecError:
        assume(False)
    _, height, width = numbers.output_shape
    cell = (height // 2, width // 2)
    one, two = (predicted(analysis((1, SIDE, SIDE), *layers).layer(name), cell) for name in ("one", "two"))
    union = tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(one, two, strict=True))
    assert predicted(numbers, cell) == union
    assume(inside(predicted(numbers, cell)))
    summed = [*layers, layer("conv", filters=1, kernel=1)]
    assert reached(summed, cell) == union


def test_branches_of_different_strides_have_no_common_stride_but_a_true_first_field() -> None:
    # 8 cells: conv k=2 s=2 sees 2i, 2i+1; its 4 cells meet those of two 3-wide convs with padding "same" of a pool
    layers = [
        layer("conv", "input", name="strided", filters=1, kernel=2, stride=2),  # 8 → 4, stride 2
        layer("conv", "input", name="wide", filters=1, kernel=5),  # 8 → 4, stride 1
        layer("add", ["strided", "wide"], name="joined"),
        layer("conv", name="after", filters=1, kernel=2),
    ]
    joined = analysis((1, 8, 8), *layers).layer("joined").receptive_field
    assert (joined.size, joined.stride, joined.padding) == ((5, 5), None, (0, 0))
    # cell 0 of `after` takes cells 0 and 1: strided sees 0–3, wide 0–5
    after = analysis((1, 8, 8), *layers).layer("after").receptive_field
    assert (after.size, after.stride, after.padding) == ((6, 6), None, (0, 0))
    assert reached(layers, (0, 0), side=8) == ((0, 5), (0, 5))


@pytest.mark.parametrize(
    "tail",
    [
        [layer("globalavgpool")],
        [layer("flatten")],
        [layer("flatten"), layer("linear", units=2)],
        [layer("globalavgpool"), layer("conv", filters=1, kernel=1), layer("relu")],
    ],
)
def test_whole_layers_see_what_all_cells_together_see(tail: Layers) -> None:
    # 13 → 6 cells of kernel 3, stride 2: pixels 0 to 12
    layers = [layer("conv", filters=1, kernel=3, stride=2), *tail]
    field = analysis((1, 13, 13), *layers).layers[-1].receptive_field
    assert (field.size, field.stride, field.padding, field.whole) == ((13, 13), (0, 0), (0, 0), True)


def test_whole_fields_reach_as_far_as_the_padding_did() -> None:
    # 9 cells of kernel 3 with padding 1 before: pixels −1 to 9
    layers = [layer("conv", filters=1, kernel=3, padding=1), layer("flatten"), layer("linear", units=4)]
    field = analysis((1, 9, 9), *layers).layers[-1].receptive_field
    assert (field.size, field.padding, field.whole) == ((11, 11), (1, 1), True)


def test_asymmetric_padding_moves_the_field_by_what_lies_before() -> None:
    field = analysis((1, 9, 9), layer("conv", filters=1, kernel=3, padding=[2, 0, 0, 1])).layers[0].receptive_field
    assert (field.size, field.padding) == ((3, 3), (0, 2))


def test_a_network_that_multiplies_its_strides_without_end_is_refused() -> None:
    layers = [layer("conv", filters=1, kernel=1, stride=10**9) for _ in range(3)]
    with pytest.raises(SpecError, match="receptive field of more than") as caught:
        analysis((1, 5, 5), *layers)
    assert caught.value.where == "layers[2] (conv3)"


def test_a_network_that_joins_ever_more_strides_is_refused_and_fast() -> None:
    layers: Layers = []
    for index, stride in enumerate(range(2, 14)):
        before = f"add{index}" if index else "input"
        layers += [
            layer("conv", before, name=f"conv{index}", filters=1, kernel=1, stride=stride),
            layer("add", [before, f"conv{index}"], name=f"add{index + 1}"),
        ]
    with pytest.raises(SpecError, match="different strides meet"):
        analysis((1, 1, 1), *layers)
