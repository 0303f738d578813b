"""Explanations of random numbers in random layers, held against what torch computes."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.errors import SpecError
from app.net.graph import INPUT
from app.net.spec import LAYER_TYPES

from .reference import Computed, compute

WINDOWED = ("conv", "local", "maxpool", "avgpool")
GLOBAL = ("globalavgpool", "globalmaxpool")
MERGING = ("add", "mul", "concat")
WEIGHTED = ("conv", "local", "linear", "avgpool", "globalavgpool", "add", "scale", "batchnorm")

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3)).map(list)
reals = st.floats(0.125, 4, width=16)


@st.composite
def windows(draw, op):
    """Settings of a conv, local or pooling layer, in every spelling of padding that torch can check."""
    layer = {"op": op, "kernel": draw(pairs), "stride": draw(pairs)}
    height, width = layer["kernel"]
    if op != "avgpool":
        layer["dilation"] = draw(pairs)
    if op in ("conv", "local"):
        groups = draw(st.integers(1, 2)) if op == "conv" else 1
        layer |= {"filters": groups * draw(st.integers(1, 2)), "bias": draw(st.booleans())}
        if op == "conv":
            layer["groups"] = groups
        layer["padding"] = draw(st.one_of(st.lists(st.integers(0, 3), min_size=4, max_size=4), st.just("same")))
        if layer["padding"] == "same":
            layer["stride"] = 1
        return layer
    if draw(st.booleans()):
        layer["padding"] = [draw(st.integers(0, side // 2)) for side in (width, width, height, height)]
        return layer
    layer |= {"padding": [draw(st.integers(0, height // 2)), draw(st.integers(0, width // 2))]}
    layer["ceil_mode"] = draw(st.booleans())
    if op == "avgpool":
        layer["count_include_pad"] = draw(st.booleans())
    return layer


@st.composite
def layers_of(draw, op):
    """The layers of a network whose last one has this op."""
    if op in WINDOWED:
        return [draw(windows(op))]
    if op in MERGING:
        sources = draw(st.lists(st.sampled_from(["input", "r", "t"]), min_size=2, max_size=4))
        before = [{"op": "relu", "name": "r", "from": "input"}, {"op": "tanh", "name": "t", "from": "input"}]
        return [*before, {"op": op, "from": sources}]
    layer = {"op": op} | {
        "linear": {"units": draw(st.integers(1, 3)), "bias": draw(st.booleans())},
        "lrn": {"size": draw(st.integers(1, 6)), "alpha": draw(reals), "beta": draw(reals), "k": draw(reals)},
        "pad": {"padding": draw(st.lists(st.integers(0, 2), min_size=4, max_size=4)), "value": draw(reals)},
        "batchnorm": {"eps": draw(reals)},
        "leakyrelu": {"slope": draw(reals)},
        "elu": {"alpha": draw(reals)},
        "softplus": {"beta": draw(reals), "threshold": draw(reals)},
    }.get(op, {})
    takes_maps = op in (*GLOBAL, "lrn", "pad", "flatten")
    is_vector = op == "linear" or (not takes_maps and draw(st.booleans()))
    return [{"op": "flatten"}, layer] if is_vector else [layer]


def draw_unit(data: st.DataObject, layers: list[dict]) -> tuple[Computed, str, tuple[int, int, int]]:
    """A network of these layers on a random image, its last layer, and a place in that."""
    channels = data.draw(st.integers(1, 2)) * layers[-1].get("groups", 1)
    height, width, seed = (data.draw(st.integers(*span)) for span in ((1, 7), (1, 7), (0, 2**31)))
    image = torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed)) * 2
    try:
        net = compute(layers, image, seed=seed + 1)
    except SpecError:
        assume(False)
    name = net.network.nodes[-1].name
    shape = tuple(net.output(name).shape[1:])
    place = tuple(data.draw(st.integers(0, side - 1)) for side in shape)
    return net, name, (*place, 0, 0)[:3]


@pytest.mark.parametrize("op", LAYER_TYPES)
@settings(max_examples=40)
@given(data=st.data())
def test_an_explanation_agrees_with_torch(op, data):
    net, name, place = draw_unit(data, data.draw(layers_of(op)))
    explained = net.explain(name, *place)
    value = net.output(name).reshape(*net.output(name).shape[1:], *[1] * (4 - net.output(name).dim()))[place]
    assert explained.value == value
    assert explained.total == pytest.approx(float(value), rel=1e-5, abs=1e-5)
    check_sums(explained, op)
    check_patch(net, explained)


def check_sums(explained, op):
    """Products, sums, bias and total fit together, exactly where a number is a weighted sum."""
    assert (explained.kernel is not None) == (op in WEIGHTED)
    if explained.kernel is None:
        assert explained.by_channel is explained.products_sum is explained.bias is None
        return
    products = (explained.patch * explained.kernel).sum((1, 2))
    np.testing.assert_allclose(explained.by_channel, products, rtol=1e-12)
    assert explained.products_sum == pytest.approx(explained.by_channel.sum(), rel=1e-12, abs=1e-12)
    assert explained.total == pytest.approx(explained.by_channel.sum() + explained.bias, rel=1e-12, abs=1e-12)


def check_patch(net, explained):
    """Every cell of the patch is the input's value at its place, or padding and 0; the winner is one of them."""
    volumes = [net.activations[INPUT] if s.layer == "input" else net.output(s.layer) for s in explained.inputs]
    cells = np.concatenate(
        [
            volume[0, source.first : source.last + 1].reshape(source.last - source.first + 1, *volume.shape[2:])
            for volume, source in zip(volumes, explained.inputs, strict=True)
        ]
    )
    cells = cells.reshape(*cells.shape, *[1] * (3 - cells.ndim))
    for i, row in enumerate(explained.window.rows):
        for j, column in enumerate(explained.window.columns):
            is_inside = 0 <= row < cells.shape[1] and 0 <= column < cells.shape[2]
            assert explained.inside[i, j] == is_inside
            expected = cells[:, row, column] if is_inside else 0
            assert (explained.patch[:, i, j] == expected).all()
    if explained.winner is not None:
        assert explained.winner.value == explained.value == cells[0, explained.winner.y, explained.winner.x]


# --- receptive fields


@st.composite
def stacks(draw):
    """Convolutions, pools and borders one after another, at times with a branch of the same size around one."""
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        op = draw(st.sampled_from(["conv", "avgpool", "pad", "branch"]))
        if op == "branch":
            source = layers[-1]["name"] if layers else "input"
            layers += [
                {"op": "conv", "name": f"b{len(layers)}", "filters": 1, "kernel": draw(pairs), "padding": "same"},
                {"op": "add", "name": f"m{len(layers)}", "from": [f"b{len(layers)}", source]},
            ]
        elif op == "pad":
            padding = draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
            layers.append({"op": "pad", "name": f"p{len(layers)}", "padding": padding})
        else:
            layer = draw(windows(op))
            layer |= {"name": f"w{len(layers)}"} | ({"filters": 1, "groups": 1} if op == "conv" else {})
            layers.append(layer)
    return layers


@settings(max_examples=60)
@given(data=st.data(), layers=stacks(), size=st.tuples(st.integers(4, 12), st.integers(4, 12)))
def test_nothing_outside_the_receptive_field_reaches_a_unit(data, layers, size):
    image = torch.randn(1, *size, generator=torch.Generator().manual_seed(0))
    try:
        net = compute(layers, image)
    except SpecError:
        assume(False)
    name = net.network.nodes[-1].name
    y, x = (data.draw(st.integers(0, side - 1)) for side in net.output(name).shape[2:])
    explained = net.explain(name, 0, y, x)
    outside = torch.ones(size, dtype=torch.bool)
    if (box := explained.receptive_field.clipped) is not None:
        outside[box.top : box.bottom + 1, box.left : box.right + 1] = False
    changed = compute(layers, torch.where(outside, 100.0, image))
    assert changed.output(name)[0, 0, y, x] == pytest.approx(explained.value, rel=1e-5, abs=1e-5)


@settings(max_examples=40)
@given(
    data=st.data(),
    kernels=st.lists(st.tuples(pairs, pairs), min_size=1, max_size=3),
    size=st.tuples(st.integers(6, 14), st.integers(6, 14)),
)
def test_every_edge_of_the_receptive_field_reaches_a_unit(data, kernels, size):
    layers = [
        {"op": "conv", "filters": 1, "kernel": kernel, "stride": stride, "bias": False} for kernel, stride in kernels
    ]
    ones = {f"conv{i + 1}": {"weight": torch.ones(1, 1, *kernel)} for i, (kernel, _) in enumerate(kernels)}
    try:
        net = compute(layers, torch.ones(1, *size), ones)
    except SpecError:
        assume(False)
    name = net.network.nodes[-1].name
    y, x = (data.draw(st.integers(0, side - 1)) for side in net.output(name).shape[2:])
    explained = net.explain(name, 0, y, x)
    box = explained.receptive_field.box
    assert explained.receptive_field.clipped == box
    for edge in (np.s_[box.top], np.s_[box.bottom], np.s_[:, box.left], np.s_[:, box.right]):
        image = torch.ones(size)
        image[edge] = 2
        assert compute(layers, image[None], ones).output(name)[0, 0, y, x] > explained.value
