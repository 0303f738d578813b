"""Reading a network: what is taken, what is filled in, and every way in which it can be wrong."""

import json
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Fault, SpecError
from app.net.fields import BOUND
from app.net.spec import LAYER_TYPES, NetworkSpec, canonical, layer_names, parse_spec
from tests.net.networks import layer


def spec(*layers: Any, size: Any = (3, 32, 32), **fields: Any) -> NetworkSpec:
    return parse_spec({"input": list(size), "layers": list(layers), **fields})


def faults(data: object) -> tuple[Fault, ...]:
    with pytest.raises(SpecError) as caught:
        parse_spec(data)
    return caught.value.faults


def fault_of(*layers: Any) -> Fault:
    (fault,) = faults({"input": [3, 32, 32], "layers": list(layers)})
    return fault


def test_the_designs_example_reads_as_written() -> None:
    conv, relu, pool, *_ = spec(
        {"op": "conv", "name": "conv1", "filters": 6, "kernel": 5, "stride": 1, "padding": 0, "dilation": 1}
        | {"groups": 1, "bias": True},
        {"op": "relu"},
        {"op": "maxpool", "kernel": 2, "stride": 2},
        {"op": "flatten"},
        {"op": "linear", "units": 10},
        {"op": "softmax"},
    ).layers
    assert (conv.name, relu.op, pool.op) == ("conv1", "relu", "maxpool")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            layer("conv", filters=2, kernel=3),
            {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True, "filters": 2, "kernel": 3},
        ),
        (layer("local", filters=2, kernel=3), {"stride": 1, "padding": 0, "dilation": 1, "bias": True}),
        (layer("linear", units=2), {"bias": True}),
        (layer("maxpool", kernel=3), {"stride": 3, "padding": 0, "dilation": 1, "ceil_mode": False}),
        (layer("avgpool", kernel=[2, 3]), {"stride": [2, 3], "ceil_mode": False, "count_include_pad": True}),
        (layer("pad", padding=1), {"value": 0}),
        (layer("dropout"), {"p": 0.5}),
        (layer("lrn"), {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1}),
        (layer("batchnorm"), {"eps": 1e-5}),
        (layer("leakyrelu"), {"slope": 0.01}),
        (layer("elu"), {"alpha": 1}),
        (layer("softplus"), {"beta": 1, "threshold": 20}),
    ],
)
def test_what_is_left_out_has_torchs_defaults(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    read = spec(fields).layers[0].model_dump(mode="json")
    assert {name: read[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("written", "left_right_top_bottom"),
    [(2, (2, 2, 2, 2)), ([1, 2], (2, 2, 1, 1)), ([1, 2, 3, 4], (1, 2, 3, 4)), ("same", "same")],
)
def test_padding_is_a_number_a_pair_four_sides_or_same(written: object, left_right_top_bottom: object) -> None:
    conv = spec(layer("conv", filters=1, kernel=3, padding=written)).layers[0]
    assert conv.padding == left_right_top_bottom  # type: ignore[union-attr]


@given(st.one_of(st.integers(0, 5), st.lists(st.integers(0, 5), min_size=2, max_size=2)))
def test_pairs_come_out_as_short_as_they_can_be_and_read_back_the_same(value: int | list[int]) -> None:
    read = spec(layer("conv", filters=1, kernel=1, padding=value))
    written = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    short = value if isinstance(value, int) or value[0] != value[1] else value[0]
    assert written["layers"][0]["padding"] == short
    assert parse_spec(json.loads(json.dumps(written))) == read


def test_from_takes_one_name_or_a_list() -> None:
    one, several = spec(layer("relu", "input"), layer("add", ["relu1", "input"])).layers
    assert (one.from_, several.from_) == (("input",), ("relu1", "input"))


def test_a_layer_takes_up_to_256_others() -> None:
    assert spec(layer("relu", name="a"), layer("add", ["a"] * 256)).layers
    assert fault_of(layer("relu", name="a"), layer("add", ["a"] * 257)).where == "layers[1] (add).from"


def test_every_operation_of_the_design_is_in_the_grammar() -> None:
    functions = "relu relu6 leakyrelu prelu elu selu sigmoid tanh silu gelu hardsigmoid hardswish softplus"
    others = "conv local linear maxpool avgpool globalavgpool globalmaxpool pad flatten softmax batchnorm lrn dropout"
    assert set(LAYER_TYPES) == {*functions.split(), *others.split(), "add", "mul", "concat", "scale"}


def test_unnamed_layers_are_counted_by_op() -> None:
    read = spec(layer("relu"), layer("tanh"), layer("relu"), layer("relu", name="last"), layer("relu"))
    assert layer_names(read) == ["relu1", "tanh1", "relu2", "last", "relu3"]


def test_names_that_are_taken_are_skipped() -> None:
    read = spec(layer("relu"), layer("tanh", name="relu1"), layer("relu"))
    assert layer_names(read) == ["relu2", "relu1", "relu3"]


def test_the_sixty_first_relu_does_not_take_the_name_of_the_first_relu6() -> None:
    names = layer_names(spec(layer("relu6"), *[layer("relu")] * 62))
    assert names[0] == "relu61"
    assert len(set(names)) == 63


def test_canonical_is_the_same_however_a_network_is_written() -> None:
    short = spec(layer("conv", filters=2, kernel=3), layer("relu"), name="net")
    long = spec(
        layer("conv", ["input"], filters=2, kernel=[3, 3], name="conv1", stride=[1, 1], padding=[0, 0, 0, 0]),
        layer("relu", "conv1", name="relu1"),
        name="net",
    )
    assert canonical(short) == canonical(long)
    other = spec(layer("conv", filters=2, kernel=3, padding="same"), layer("relu"), name="net")
    assert canonical(short) != canonical(other)


def test_canonical_is_json_with_sorted_keys_names_and_defaults() -> None:
    text = canonical(spec(layer("maxpool", kernel=2), size=(1, 4, 4), name="net"))
    assert text == (
        b'{"input":[1,4,4],"layers":[{"ceil_mode":false,"dilation":1,"from":["input"],"kernel":2,'
        b'"name":"maxpool1","op":"maxpool","padding":0,"stride":2}],"name":"net"}'
    )


@pytest.mark.parametrize("data", [None, 5, "text", [], [{"op": "relu"}], True])
def test_a_network_must_be_an_object(data: object) -> None:
    with pytest.raises(SpecError, match="a network is an object"):
        parse_spec(data)


def test_missing_parts_are_all_named() -> None:
    assert [(each.where, each.message) for each in faults({})] == [
        ("input", "`input` is missing"),
        ("layers", "`layers` is missing"),
    ]


def test_a_network_without_layers_is_refused() -> None:
    assert faults({"input": [1, 2, 2], "layers": []})[0].where == "layers"


@pytest.mark.parametrize(
    "size",
    [[0, 3, 3], [3, -1, 3], [3, 3], [3, 3, 3, 3], [3, 3.0, 3], [True, 3, 3], ["3", 3, 3], 3, None, [BOUND + 1, 1, 1]],
)
def test_sides_of_the_input_are_positive_integers(size: object) -> None:
    (fault,) = faults({"input": size, "layers": [{"op": "relu"}]})
    assert fault.where == "input"
    assert fault.expected is not None
    assert fault.expected.startswith("[channels, height, width]")


@pytest.mark.parametrize(
    "value", [True, 1.0, "3", None, [3], [3, 3, 3], [3, True], 0, -1, BOUND + 1, pytest.param(10**5000, id="huge"), {}]
)
def test_a_kernel_is_one_positive_integer_or_two(value: object) -> None:
    fault = fault_of(layer("relu"), layer("conv", filters=2, kernel=value, name="big"))
    assert fault.where == "layers[1] (big).kernel"
    assert fault.expected == "an integer of 1 to 1,000,000,000, or [height, width] of such"


@pytest.mark.parametrize("value", [True, 2.0, "2", None, 0, -3, BOUND + 1, [1]])
def test_filters_are_a_positive_integer(value: object) -> None:
    assert fault_of(layer("conv", filters=value, kernel=3)).where == "layers[0] (conv).filters"


@pytest.mark.parametrize("value", ["valid", -1, [1, 2, 3], True, 0.5, [[1]], ["same"]])
def test_other_padding_is_refused(value: object) -> None:
    fault = fault_of(layer("conv", filters=1, kernel=3, padding=value))
    assert fault.expected is not None
    assert "same" in fault.expected


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_flags_are_true_or_false(value: object) -> None:
    assert fault_of(layer("conv", filters=1, kernel=3, bias=value)).expected == "true or false"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e10, True, "1", pytest.param(10**400, id="huge")])
def test_real_numbers_are_finite_and_bounded(value: object) -> None:
    assert fault_of(layer("leakyrelu", slope=value)).where == "layers[0] (leakyrelu).slope"


@pytest.mark.parametrize(
    ("op", "field", "value"),
    [
        ("batchnorm", "eps", 0),
        ("lrn", "k", 0),
        ("lrn", "alpha", -1),
        ("lrn", "size", 0),
        ("dropout", "p", 1.5),
        ("softplus", "beta", 0),
    ],
)
def test_settings_that_would_give_no_number_are_refused(op: str, field: str, value: float) -> None:
    assert fault_of(layer(op, **{field: value})).where == f"layers[0] ({op}).{field}"


def test_an_unknown_field_is_told_with_the_nearest_known_one() -> None:
    fault = fault_of(layer("conv", name="conv1", filters=1, kernel=3, paddign=1))
    assert fault == Fault("layers[0] (conv1).paddign", "conv has no such field", "`padding`")


@pytest.mark.parametrize(("op", "near"), [("ReLU", "`relu`"), ("Conv2d", "`conv`"), ("max_pool", "`maxpool`")])
def test_an_unknown_op_is_told_with_the_nearest_known_one(op: str, near: str) -> None:
    fault = fault_of(layer(op))
    assert fault.message == f"{op!r} is not an op"
    assert near in (fault.expected or "")


@pytest.mark.parametrize("entry", [5, None, "relu", [], [["op", "relu"]]])
def test_a_layer_must_be_an_object(entry: object) -> None:
    assert fault_of(entry).where == "layers[0]"


@pytest.mark.parametrize("entry", [{}, {"op": 5}, {"op": None}, {"op": ["relu"]}, {"op": {}}])
def test_a_layer_must_have_an_op(entry: object) -> None:
    fault = fault_of(entry)
    assert fault.where == "layers[0].op"
    assert "maxpool" in (fault.expected or "")


@pytest.mark.parametrize("name", ["", "a b", "ü", "a/b", ".", "..", ".a", "x" * 65, "a\n", 5, True, "\ud800"])
def test_names_are_short_and_plain(name: object) -> None:
    assert fault_of(layer("relu", name=name)).where.endswith(".name")


def test_input_is_a_reserved_name() -> None:
    assert fault_of(layer("relu", name="input")).where == "layers[0] (input).name"


def test_names_occur_once() -> None:
    fault = fault_of(layer("relu", name="a"), layer("relu", name="b"), layer("tanh", name="a"))
    assert (fault.where, fault.message) == ("layers[2] (a).name", "layers[0] has this name already")


def test_all_faults_are_told_at_once() -> None:
    told = faults({"input": [3, 0, 3], "layers": [layer("conv"), layer("relu", slope=1), layer("conf")], "nmae": "x"})
    assert [each.where for each in told] == [
        "input",
        "layers[0] (conv).filters",
        "layers[0] (conv).kernel",
        "layers[1] (relu).slope",
        "layers[2] (conf).op",
        "nmae",
    ]


def test_a_million_layers_are_refused_from_their_number_alone() -> None:
    start = perf_counter()
    with pytest.raises(SpecError, match="1,000,000 layers") as caught:
        parse_spec({"input": [1, 2, 2], "layers": [{"op": "relu"}] * 10**6})
    assert perf_counter() - start < 0.1
    assert caught.value.limit == 1000


def test_the_limit_of_layers_is_the_callers() -> None:
    layers = [{"op": "relu"}] * 3
    assert len(parse_spec({"input": [1, 2, 2], "layers": layers}, max_layers=3).layers) == 3
    with pytest.raises(SpecError, match="3 layers"):
        parse_spec({"input": [1, 2, 2], "layers": layers}, max_layers=2)


def test_faults_without_number_are_told_up_to_fifty() -> None:
    assert len(faults({"input": [1, 2, 2], "layers": [layer("relu", x=1)] * 1000})) == 50


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "data",
    [
        {"input": nested(10_000), "layers": [{"op": "relu"}]},
        {"input": [1, 2, 2], "layers": nested(10_000)},
        {"input": [1, 2, 2], "layers": [{"op": nested(10_000)}]},
        {"input": [1, 2, 2], "layers": [{"op": "conv", "filters": 1, "kernel": nested(10_000)}]},
        {"input": [1, 2, 2], "layers": [{"op": "relu", "from": nested(10_000)}]},
    ],
)
def test_deep_nesting_is_a_fault_like_any_other(data: object) -> None:
    assert faults(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
field_names = st.sampled_from(["op", "name", "from", "kernel", "filters", "padding", "stride", "units", "eps", "x"])
layer_like = st.dictionaries(field_names, json_values, max_size=5).flatmap(
    lambda fields: st.sampled_from([fields, *({**fields, "op": op} for op in ("conv", "maxpool", "add", "lrn"))])
)


@given(st.dictionaries(st.sampled_from(["name", "input", "layers", "x"]), json_values, max_size=4))
def test_whatever_is_sent_is_read_or_refused_with_reasons(data: dict[str, Any]) -> None:
    check_read_or_refused(data)


@given(st.lists(layer_like, min_size=1, max_size=4), json_values)
def test_whatever_layers_are_sent_are_read_or_refused_with_reasons(layers: list[Any], name: object) -> None:
    check_read_or_refused({"input": [3, 8, 8], "layers": layers, "name": name})


def check_read_or_refused(data: dict[str, Any]) -> None:
    try:
        read = parse_spec(data)
    except SpecError as error:
        for fault in error.faults:
            json.dumps([fault.where, fault.message, fault.expected]).encode()
            (fault.where + fault.message + (fault.expected or "")).encode()
    else:
        assert parse_spec(json.loads(canonical(read))).input == read.input
