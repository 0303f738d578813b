"""The arithmetic of a layer against what torch's own modules do with it, over random settings."""

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from app.errors import SpecError
from app.net.analysis import LayerAnalysis
from tests.net import oracle
from tests.net.networks import activations, analysis, layer, network, random_params
from tests.net.strategies import convolutions, poolings, sizes

# torch says that padding "same" of an even kernel takes a copy
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")

Size = tuple[int, int, int]


def shape_in_torch(module: nn.Module, size: Size) -> tuple[int, ...] | None:
    """The output shape, None where torch refuses."""
    try:
        with torch.inference_mode():
            return tuple(module(torch.zeros(1, *size)).shape[1:])
    except (RuntimeError, ValueError):
        return None


def shape_here(size: Size, fields: dict[str, Any]) -> tuple[int, ...] | None:
    try:
        return analysis(size, fields).layers[0].output_shape
    except SpecError:
        return None


@st.composite
def sized_convolutions(draw: st.DrawFn) -> tuple[Size, dict[str, Any]]:
    size = draw(sizes)
    return size, draw(convolutions(size[0]))


@given(sized_convolutions())
def test_convolutions_fit_exactly_where_torch_runs_and_have_its_shape(case: tuple[Size, dict[str, Any]]) -> None:
    size, fields = case
    assert shape_here(size, fields) == shape_in_torch(oracle.conv(fields, size[0]), size)


@given(sized_convolutions())
def test_convolutions_have_as_many_parameters_as_torch_allocates(case: tuple[Size, dict[str, Any]]) -> None:
    size, fields = case
    assume(shape_here(size, fields) is not None)
    numbers = analysis(size, fields).layers[0]
    module = oracle.conv(fields, size[0])
    assert numbers.parameters == sum(each.numel() for each in module.parameters())
    shapes = {name.rsplit(".", 1)[-1]: tuple(each.shape) for name, each in module.named_parameters()}
    assert numbers.parameter_shapes == shapes


@given(sizes, st.sampled_from(["maxpool", "avgpool"]).flatmap(poolings))
def test_poolings_fit_exactly_where_torch_runs_and_have_its_shape(size: Size, fields: dict[str, Any]) -> None:
    left, right, top, bottom = oracle.quad(fields["padding"])
    assume(left == right and top == bottom)  # torch's pooling knows no other
    assume(min(size[1:]) >= max(oracle.pair(fields.get("dilation", 1))))  # below, a window may see only padding
    assert shape_here(size, fields) == shape_in_torch(oracle.pool(fields), size)


@pytest.mark.parametrize("op", ["maxpool", "avgpool"])
@given(size=sizes, data=st.data())
def test_same_padding_keeps_the_size_in_pooling_too(op: str, size: Size, data: st.DataObject) -> None:
    fields = data.draw(poolings(op)) | {"padding": "same", "stride": 1}
    assume(min(size[1:]) >= max(oracle.pair(fields.get("dilation", 1))))
    net = network(size, fields)
    assert activations(net, {}, torch.zeros(1, *size))[0].shape[1:] == size
    assert analysis(size, fields).layers[0].output_shape == size


@given(sized_convolutions())
def test_multiply_adds_are_what_counting_every_product_gives(case: tuple[Size, dict[str, Any]]) -> None:
    size, fields = case
    shape = shape_here(size, fields)
    assume(shape is not None)
    assert analysis(size, fields).multiply_adds == count_products(fields, size[0], shape)


def count_products(fields: dict[str, Any], channels: int, output: tuple[int, ...] | None) -> int:
    """One by one, for every value of the output and every tap of its kernel over its group's maps."""
    assert output is not None
    taps = [(y, x) for y in range(oracle.pair(fields["kernel"])[0]) for x in range(oracle.pair(fields["kernel"])[1])]
    count = 0
    for filter_ in range(output[0]):
        group = filter_ * fields["groups"] // fields["filters"]
        maps = [each for each in range(channels) if each * fields["groups"] // channels == group]
        for _cell in range(output[1] * output[2]):
            for _map in maps:
                count += len(taps)
    return count


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Size, list[dict[str, Any]]]:
    """A network of up to eight layers with skip connections, each drawn so that it may fit what it takes."""
    size = draw(sizes)
    layers: list[dict[str, Any]] = []
    shapes = {"input": size}
    for index in range(draw(st.integers(1, 8))):
        source = draw(st.sampled_from(sorted(shapes)))
        fields = draw(_layer_on(source, shapes))
        try:
            shape = analysis(size, *layers, fields | {"name": f"layer{index}"}).layers[-1].output_shape
        except SpecError:
            continue
        layers.append(fields | {"name": f"layer{index}"})
        if len(shape) == 3:
            shapes[f"layer{index}"] = (shape[0], shape[1], shape[2])
    assume(layers)
    return size, layers


@st.composite
def _layer_on(draw: st.DrawFn, source: str, shapes: dict[str, Size]) -> dict[str, Any]:
    op = draw(st.sampled_from(["conv", "conv", "maxpool", "avgpool", "relu", "pad", "add", "mul", "concat", "flatten"]))
    if op == "conv":
        return draw(convolutions(shapes[source][0])) | {"from": source}
    if op in {"maxpool", "avgpool"}:
        return draw(poolings(op)) | {"from": source}
    if op == "pad":
        return layer(op, source, padding=draw(st.integers(0, 2)))
    if op in {"add", "mul", "concat"}:
        others = sorted(each for each, shape in shapes.items() if _join(op, shape, shapes[source]))
        return layer(op, [source, *draw(st.lists(st.sampled_from(others), min_size=1, max_size=3))])
    return layer(op, source)


def _join(op: str, one: Size, other: Size) -> bool:
    return one[1:] == other[1:] and (op == "concat" or one[0] == other[0])


@given(graphs())
def test_every_layer_of_a_graph_gets_the_shape_that_torch_computes(case: tuple[Size, list[dict[str, Any]]]) -> None:
    size, layers = case
    numbers = analysis(size, *layers)
    values = activations(network(size, *layers), random_params(numbers), torch.randn(2, *size))
    assert [each.output_shape for each in numbers.layers] == [
        tuple(values[index].shape[1:]) for index in range(len(layers))
    ]
    assert numbers.activation_bytes == sum(values[index][0].nbytes for index in range(len(layers)))


@given(graphs())
def test_layers_called_unsigned_have_no_negative_value(case: tuple[Size, list[dict[str, Any]]]) -> None:
    size, layers = case
    numbers = analysis(size, *layers)
    values = activations(network(size, *layers), random_params(numbers), torch.randn(1, *size))
    negative = {each.name for index, each in enumerate(numbers.layers) if bool((values[index] < 0).any())}
    unsigned = {each.name for each in numbers.layers if not each.signed}
    assert not negative & unsigned


def test_batchnorm_counts_what_it_learns_and_needs_its_statistics_too() -> None:
    numbers: LayerAnalysis = analysis((6, 4, 4), layer("batchnorm")).layers[0]
    module = nn.BatchNorm2d(6)
    assert numbers.parameters == sum(each.numel() for each in module.parameters())
    shapes = {name: tuple(each.shape) for name, each in module.state_dict().items() if each.dim()}
    assert numbers.parameter_shapes == shapes
