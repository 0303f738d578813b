"""Walking a network: the plan is the least that must be computed, and a walk gives what torch gives."""

import torch
import torch.nn.functional as F

from app.net.analysis import analyze
from app.net.graph import INPUT, Network, build_network
from app.net.spec import parse_spec
from app.net.weights import Weights, seeded
from app.probe.capture import Walk, last_readers, plan

# conv1 → relu1 → conv2 ┐
#            └──────────┴ add1 → relu2
RESIDUAL = {
    "name": "residual",
    "input": [2, 6, 6],
    "layers": [
        {"op": "conv", "filters": 3, "kernel": 3, "padding": 1},
        {"op": "relu"},
        {"op": "conv", "filters": 3, "kernel": 3, "padding": 1},
        {"op": "add", "from": ["conv2", "relu1"]},
        {"op": "relu"},
    ],
}


def residual() -> tuple[Network, Weights]:
    network = build_network(parse_spec(RESIDUAL))
    return network, seeded(network, analyze(network), 0, 10_000).load()


def test_a_plan_holds_ancestors_only() -> None:
    network, _ = residual()
    assert plan(network, [1], lambda index: index == INPUT) == [0, 1]
    assert plan(network, [4], lambda index: index == INPUT) == [0, 1, 2, 3, 4]


def test_a_plan_stops_at_what_is_at_hand() -> None:
    network, _ = residual()
    assert plan(network, [4], lambda index: index in {INPUT, 1}) == [2, 3, 4]
    assert plan(network, [3], lambda index: index in {INPUT, 3}) == []


def test_last_readers() -> None:
    network, _ = residual()
    assert last_readers(network) == {INPUT: 0, 0: 1, 1: 3, 2: 3, 3: 4}


def test_a_walk_equals_torch_and_changes_no_weight() -> None:
    network, weights = residual()
    before = {name: params["weight"].clone() for name, params in weights.params.items()}
    image = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    walk = Walk(network, weights, image)
    found = [walk.compute(index).clone() for index in range(5)]
    conv1 = F.conv2d(image, before["conv1"], weights.params["conv1"]["bias"], padding=1)
    conv2 = F.conv2d(conv1.relu(), before["conv2"], weights.params["conv2"]["bias"], padding=1)
    wanted = [conv1, conv1.relu(), conv2, conv2 + conv1.relu(), (conv2 + conv1.relu()).relu()]
    for mine, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, theirs)
    for name, weight in before.items():
        assert torch.equal(weights.params[name]["weight"], weight)


def test_a_walk_lets_go_of_what_no_later_layer_reads() -> None:
    network, weights = residual()
    walk = Walk(network, weights, torch.zeros(1, 2, 6, 6))
    held = []
    for index in range(5):
        walk.compute(index)
        held.append({other for other in range(5) if other in walk})
    assert held == [{0}, {1}, {1, 2}, {3}, set()]
