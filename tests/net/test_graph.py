"""Names resolved to an ordered graph."""

import pytest

from app.errors import NotFound, SpecError
from app.net.graph import INPUT, inputs_needed, out_of_reach
from tests.net.networks import layer, network


def test_a_layer_takes_the_one_before_it_unless_it_names_others() -> None:
    net = network((1, 4, 4), layer("relu"), layer("tanh"), layer("add", ["relu1", "input", "tanh1"]), layer("relu"))
    assert [node.inputs for node in net.nodes] == [(INPUT,), (0,), (0, INPUT, 1), (2,)]
    assert [node.name for node in net.nodes] == ["relu1", "tanh1", "add1", "relu2"]
    assert [node.index for node in net.nodes] == [0, 1, 2, 3]


def test_nodes_are_found_by_name() -> None:
    net = network((1, 4, 4), layer("relu"), layer("tanh"))
    assert net.node("tanh1") is net.nodes[1]
    with pytest.raises(NotFound) as caught:
        net.node("tahn1")
    assert caught.value.expected == "`tanh1`"


def test_an_unknown_source_is_told_with_near_names() -> None:
    with pytest.raises(SpecError) as caught:
        network((1, 4, 4), layer("relu", name="stem"), layer("tanh", "sten"))
    (fault,) = caught.value.faults
    assert (fault.where, fault.message, fault.expected) == (
        "layers[1] (tanh1).from",
        "there is no layer 'sten'",
        "`stem`",
    )


def test_a_later_source_is_a_cycle() -> None:
    with pytest.raises(SpecError, match=r"'relu2' comes later \(layers\[2\]\)"):
        network((1, 4, 4), layer("relu"), layer("add", ["relu1", "relu2"]), layer("relu"))


def test_a_layer_cannot_take_itself() -> None:
    with pytest.raises(SpecError, match="is this layer itself: a cycle"):
        network((1, 4, 4), layer("relu", "relu1"))


def test_every_wrong_source_is_told_up_to_fifty() -> None:
    with pytest.raises(SpecError) as caught:
        network((1, 4, 4), layer("add", ["a", "b"]), layer("relu", "c"))
    assert [each.message for each in caught.value.faults] == [f"there is no layer '{name}'" for name in "abc"]
    with pytest.raises(SpecError) as caught:
        network((1, 4, 4), *[layer("add", ["a"] * 256)] * 100)
    assert len(caught.value.faults) == 50


def test_what_a_layer_needs_is_all_that_lies_before_it() -> None:
    net = network(
        (1, 4, 4),
        layer("relu", name="a"),
        layer("relu", name="b"),
        layer("relu", "a", name="c"),
        layer("add", ["c", "input"], name="d"),
    )
    assert inputs_needed(net, 3) == (0, 2)
    assert inputs_needed(net, 1) == (0,)
    assert inputs_needed(net, 0) == ()


def test_layers_behind_one_that_lacks_something_wait_for_it() -> None:
    net = network(
        (1, 4, 4),
        layer("relu", name="a"),
        layer("relu", name="b"),
        layer("relu", "a", name="side"),
        layer("add", ["side", "b"], name="join"),
        layer("relu", name="end"),
    )
    assert out_of_reach(net, {"b": "no weights"}) == {
        "b": "no weights",
        "join": "waits for b: no weights",
        "end": "waits for b: no weights",
    }
    assert out_of_reach(net, {}) == {}
