"""Walk a network layer by layer and hand out each activation as it is made; no hooks, no shared state.

The served weights are only read and every layer's output is a tensor of its own, so any number of
walks may share one model.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from ..net.edits import NO_EDITS, Edits
from ..net.forward import apply
from ..net.graph import INPUT, Network
from ..net.weights import Weights


def plan(network: Network, wanted: Iterable[int], at_hand: Callable[[int], bool]) -> list[int]:
    """Indices of the layers to compute, ascending, so that all of `wanted` are there; `at_hand` ones are."""
    needed: set[int] = set()
    open_ = list(wanted)
    while open_:
        index = open_.pop()
        if index in needed or at_hand(index):
            continue
        needed.add(index)
        open_.extend(network.nodes[index].inputs)
    return sorted(needed)


def last_readers(network: Network) -> dict[int, int]:
    """For each layer that another one reads, the index of the last that does."""
    return {source: node.index for node in network.nodes for source in node.inputs}


class Walk:
    """One pass over a network in progress: the activations that layers still to come will read."""

    def __init__(self, network: Network, weights: Weights, image: Tensor, edits: Edits = NO_EDITS) -> None:
        """Start from `image`, 1×C×H×W float32; `edits` hold for this walk alone."""
        self._network = network
        self._weights = weights
        self._edits = edits
        self._last_readers = last_readers(network)
        self._at_hand: dict[int, Tensor] = {INPUT: image}

    def __contains__(self, index: int) -> bool:
        return index in self._at_hand

    def __getitem__(self, index: int) -> Tensor:
        return self._at_hand[index]

    def add(self, index: int, activation: Tensor) -> None:
        """Take in an activation that was computed before."""
        self._at_hand[index] = activation

    def compute(self, index: int) -> Tensor:
        """One layer's activation, 1×C×H×W (channels last where the weights are) or 1×N, float32.

        Everything it reads must be at hand (see `plan`); what no later layer reads is let go.
        """
        node = self._network.nodes[index]
        with torch.inference_mode():
            params = self._edits.params(node.name, self._weights.params.get(node.name, {}))
            activation = apply(node.layer, params, [self._at_hand[source] for source in node.inputs])
            activation = self._edits.scaled(node.name, activation)
        for source in set(node.inputs) - {INPUT}:
            if self._last_readers[source] <= index:
                del self._at_hand[source]
        if self._last_readers.get(index, INPUT) > index:
            self._at_hand[index] = activation
        return activation
