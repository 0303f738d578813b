"""Every operation against torch's own modules, built apart from ours."""

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from app.errors import SpecError
from app.net.forward import FORWARD, apply
from app.net.graph import INPUT
from app.net.ops import OPS
from app.net.spec import LAYER_TYPES, parse_spec
from tests.net import oracle
from tests.net.networks import Params, activations, analysis, layer, network, random_params
from tests.net.strategies import convolutions, poolings, sizes

# torch says that padding "same" of an even kernel takes a copy
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")

Size = tuple[int, int, int]


def test_grammar_arithmetic_and_torch_know_the_same_operations() -> None:
    assert set(LAYER_TYPES) == set(OPS) == set(FORWARD)


def run(fields: dict[str, Any], params: Params, x: Tensor) -> Tensor:
    return activations(network(x.shape[1:], fields), params, x)[0]


@given(sizes, st.data())
def test_convolution_equals_conv2d(size: Size, data: st.DataObject) -> None:
    fields = data.draw(convolutions(size[0]))
    module = oracle.conv(fields, size[0])
    x = torch.randn(2, *size)
    try:
        expected = module(x).detach()
    except RuntimeError:
        assume(False)
    params = {name.rsplit(".", 1)[-1]: each for name, each in module.state_dict().items()}
    torch.testing.assert_close(run(fields, {"conv1": params}, x), expected)


@pytest.mark.parametrize("op", ["maxpool", "avgpool"])
@given(size=sizes, data=st.data())
def test_pooling_equals_torch_and_a_walk_over_every_window(op: str, size: Size, data: st.DataObject) -> None:
    fields = data.draw(poolings(op))
    try:
        analysis(size, fields)
    except SpecError:
        assume(False)
    x = torch.randn(2, *size)
    result = run(fields, {}, x)
    torch.testing.assert_close(result, oracle.slow_pool(fields, x))
    left, right, top, bottom = oracle.quad(fields["padding"])
    if left == right and top == bottom:
        torch.testing.assert_close(result, oracle.pool(fields)(x))


@given(
    st.sampled_from(sorted(oracle.FUNCTIONS)),
    sizes,
    st.fixed_dictionaries({"slope": st.floats(-1, 1), "alpha": st.floats(0, 2), "beta": st.floats(0.1, 2)}),
)
def test_functions_equal_torchs_modules(op: str, size: Size, settings: dict[str, float]) -> None:
    fields = layer(op, **{name: each for name, each in settings.items() if name in LAYER_TYPES[op].model_fields})
    fields |= {"padding": [1, 2, 0, 3], "value": -1.5} if op == "pad" else {}
    x = torch.randn(2, *size) * 4
    torch.testing.assert_close(run(fields, {}, x), oracle.FUNCTIONS[op](fields)(x))


@given(sizes, st.integers(1, 7))
def test_local_response_normalisation_of_any_size_equals_torchs(size: Size, neighbours: int) -> None:
    x = torch.randn(2, *size) * 4
    fields = layer("lrn", size=neighbours, alpha=0.5, beta=0.5, k=2.0)
    torch.testing.assert_close(run(fields, {}, x), nn.LocalResponseNorm(neighbours, 0.5, 0.5, 2.0)(x))


def test_local_response_normalisation_over_a_billion_channels_takes_no_memory_for_them() -> None:
    # all 3 channels are in every sum: x/√(1 + 10^9·Σx²/10^9)
    x = torch.randn(1, 3, 4, 4)
    result = run(layer("lrn", size=10**9, alpha=1e9, beta=0.5, k=1.0), {}, x)
    torch.testing.assert_close(result, x / (1 + x.square().sum(1, keepdim=True)).sqrt())


@given(sizes)
def test_batchnorm_and_prelu_equal_torchs_modules(size: Size) -> None:
    x = torch.randn(2, *size)
    for op, module in (("batchnorm", nn.BatchNorm2d(size[0]).eval()), ("prelu", nn.PReLU(size[0]))):
        params = random_params(analysis(size, layer(op)))
        module.load_state_dict(params[f"{op}1"], strict=False)
        torch.testing.assert_close(run(layer(op), params, x), module(x).detach())


@pytest.mark.parametrize("op", ["batchnorm", "prelu", "scale"])
def test_per_channel_layers_take_vectors_too(op: str) -> None:
    x = torch.randn(2, 3, 1, 1)
    params = random_params(analysis((3, 1, 1), layer(op)))
    maps = run(layer(op), params, x)
    net = network((3, 1, 1), layer("flatten"), layer(op))
    torch.testing.assert_close(activations(net, params, x)[1], maps.flatten(1))


@given(sizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.booleans())
def test_locally_connected_layer_with_one_kernel_everywhere_is_a_convolution(
    size: Size, filters: int, kernel: int, stride: int, padding: int, bias: bool
) -> None:
    fields = {"filters": filters, "kernel": kernel, "stride": stride, "padding": [padding, 0, 0, padding], "bias": bias}
    assume(min(size[1:]) + padding >= kernel)
    conv = random_params(analysis(size, layer("conv", **fields)))
    _, height, width = analysis(size, layer("local", **fields)).layers[0].output_shape
    shared = conv["conv1"]["weight"][:, None, None].expand(-1, height, width, -1, -1, -1)
    local = {"weight": shared} | (
        {"bias": conv["conv1"]["bias"][:, None, None].expand(-1, height, width)} if bias else {}
    )
    x = torch.randn(2, *size)
    ours, theirs = run(layer("local", **fields), {"local1": local}, x), run(layer("conv", **fields), conv, x)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_locally_connected_layer_takes_each_places_own_kernel() -> None:
    x = torch.randn(1, 2, 4, 5)
    fields = layer("local", filters=3, kernel=[2, 3], dilation=[2, 1])
    params = random_params(analysis((2, 4, 5), fields))
    weight, bias = params["local1"]["weight"], params["local1"]["bias"]
    expected = torch.empty(1, 3, 2, 3)
    for f in range(3):
        for i in range(2):
            for j in range(3):
                patch = x[0, :, i : i + 3 : 2, j : j + 3]
                expected[0, f, i, j] = (patch * weight[f, i, j]).sum() + bias[f, i, j]
    torch.testing.assert_close(run(fields, params, x), expected)


def sign_of(op: str, before: str) -> tuple[bool, bool]:
    """Whether `op` is called signed, and whether it has negative values, on inputs of −6 to 6 through `before`."""
    layers = [layer(before, name="before"), layer(op, **EVERY_OP.get(op, {}))]
    numbers = analysis((3, 8, 8), *layers)
    x = torch.linspace(-6, 6, 192).reshape(1, 3, 8, 8)
    values = activations(network((3, 8, 8), *layers), random_params(numbers), x)
    return numbers.layers[1].signed, bool((values[1] < 0).any())


MAPS = sorted({*oracle.FUNCTIONS, "prelu", "batchnorm", "scale"})


@pytest.mark.parametrize("op", MAPS)
def test_an_operation_on_signed_values_is_called_signed_exactly_where_it_gives_negative_ones(op: str) -> None:
    signed, negative = sign_of(op, "tanh")
    assert signed is negative


@pytest.mark.parametrize("op", MAPS)
def test_an_operation_on_unsigned_values_is_called_signed_wherever_it_gives_negative_ones(op: str) -> None:
    signed, negative = sign_of(op, "relu")
    assert signed or not negative


EVERY_OP = {
    "conv": {"filters": 4, "kernel": 3, "padding": [0, 1, 1, 2]},
    "local": {"filters": 4, "kernel": 3},
    "maxpool": {"kernel": 2, "padding": [0, 1, 1, 0]},
    "avgpool": {"kernel": 2, "padding": [0, 1, 1, 0]},
    "pad": {"padding": 1},
    "linear": {"units": 3},
}


@pytest.mark.parametrize("op", sorted(OPS))
def test_no_operation_changes_its_input_or_its_weights(op: str) -> None:
    fields = layer(op, **EVERY_OP.get(op, {}))
    if OPS[op].merges:
        fields["from"] = ["input", "input"]
    layers = [layer("flatten"), fields] if op == "linear" else [fields]
    numbers = analysis((4, 6, 6), *layers)
    params = random_params(numbers)
    kept = {name: {key: each.clone() for key, each in tensors.items()} for name, tensors in params.items()}
    x = torch.randn(1, 4, 6, 6)
    before = x.clone()
    activations(network((4, 6, 6), *layers), params, x)
    assert torch.equal(x, before)
    assert all(torch.equal(params[name][key], each) for name in kept for key, each in kept[name].items())


@pytest.mark.parametrize("op", sorted(set(OPS) - {"local", "linear", "flatten", "globalavgpool", "globalmaxpool"}))
def test_maps_in_channels_last_stay_so(op: str) -> None:
    fields = layer(op, **EVERY_OP.get(op, {}))
    if OPS[op].merges:
        fields["from"] = ["input", "input"]
    params = random_params(analysis((4, 6, 6), fields))
    last = {name: {key: _channels_last(each) for key, each in tensors.items()} for name, tensors in params.items()}
    x = torch.randn(1, 4, 6, 6)
    result = run(fields, last, _channels_last(x))
    assert result.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(result, run(fields, params, x))


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor


def test_apply_takes_a_layer_of_the_spec_and_keeps_float32() -> None:
    spec = parse_spec({"input": [1, 2, 2], "layers": [{"op": "globalavgpool"}]})
    result = apply(spec.layers[0], {}, [torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])])
    assert result.tolist() == [[[[3.0]]]]
    assert result.dtype == torch.float32


def test_every_operation_keeps_the_batch_apart() -> None:
    layers = [layer("conv", filters=4, kernel=3), layer("relu"), layer("lrn"), layer("softmax"), layer("globalavgpool")]
    net, params = network((2, 5, 5), *layers), random_params(analysis((2, 5, 5), *layers))
    x = torch.randn(3, 2, 5, 5)
    together = activations(net, params, x)
    alone = [activations(net, params, each[None]) for each in x]
    for index in set(together) - {INPUT}:
        torch.testing.assert_close(together[index], torch.cat([each[index] for each in alone]))
