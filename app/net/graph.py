"""The network as an ordered graph: each layer with its name and the layers it takes; it knows no shapes or numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..errors import Fault, NotFound
from .faults import MAX_FAULTS, gather, layer_place, near
from .spec import INPUT_NAME, LayerUnion, NetworkSpec, layer_names

INPUT = -1
"""The index under which a node takes the network's input."""


@dataclass(frozen=True, slots=True)
class Node:
    """One layer in its place; `inputs` are the indices of the layers it takes, all below its own, INPUT among them."""

    index: int
    name: str
    layer: LayerUnion
    inputs: tuple[int, ...]

    @property
    def place(self) -> str:
        """The layer's place in messages: `layers[3] (conv2)`."""
        return layer_place(self.index, self.name)


@dataclass(frozen=True)
class Network:
    """A spec with every name resolved; `nodes` are in an order in which they can be computed."""

    spec: NetworkSpec
    nodes: tuple[Node, ...]

    @cached_property
    def _by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    def node(self, name: str) -> Node:
        """The layer of this name. Raises NotFound, naming near matches."""
        if name not in self._by_name:
            raise NotFound(f"{self.spec.name} has no layer {name!r}", where="layer", expected=near(name, self._by_name))
        return self._by_name[name]


def build_network(spec: NetworkSpec) -> Network:
    """Name every layer and find the layers that each takes.

    Raises SpecError with every `from` that names a later layer (a cycle), the layer itself or none at all.
    """
    names = layer_names(spec)
    indices = {INPUT_NAME: INPUT} | {name: index for index, name in enumerate(names)}
    nodes = []
    faults: list[Fault] = []
    for index, layer in enumerate(spec.layers):
        taken = [index - 1] if layer.from_ is None else [indices.get(name, index) for name in layer.from_]
        faults.extend(_wrong_source(index, names, layer.from_ or (), indices, MAX_FAULTS - len(faults)))
        nodes.append(Node(index, names[index], layer, tuple(taken)))
    if faults:
        raise gather(faults)
    return Network(spec, tuple(nodes))


def _wrong_source(
    index: int, names: list[str], sources: tuple[str, ...], indices: Mapping[str, int], most: int
) -> list[Fault]:
    """At most `most` faults, one for each of a layer's sources that does not lie before it."""
    where = f"{layer_place(index, names[index])}.from"
    earlier = [INPUT_NAME, *names[:index]]
    wrong = [name for name in sources if indices.get(name, index) >= index][: max(most, 0)]
    return [Fault(where, _reason(name, index, indices), near(name, earlier)) for name in wrong]


def _reason(name: str, index: int, indices: Mapping[str, int]) -> str:
    if name not in indices:
        return f"there is no layer {name!r}"
    if indices[name] == index:
        return f"{name!r} is this layer itself: a cycle"
    return f"{name!r} comes later (layers[{indices[name]}]): a layer takes earlier ones only, so that there is no cycle"


def inputs_needed(network: Network, index: int) -> tuple[int, ...]:
    """Indices of all layers that must be computed before layer `index`, ascending, without itself and INPUT."""
    needed: set[int] = set()
    waiting = list(network.nodes[index].inputs)
    while waiting:
        source = waiting.pop()
        if source != INPUT and source not in needed:
            needed.add(source)
            waiting.extend(network.nodes[source].inputs)
    return tuple(sorted(needed))


def out_of_reach(network: Network, lacking: Mapping[str, str]) -> dict[str, str]:
    """Every layer that cannot be computed, with the reason, given the layers that lack something and why.

    A layer further on waits for the first of its inputs' lacking layers: `waits for fc6: weights not installed`.
    """
    blocked: dict[int, str] = {}
    reasons = {}
    for node in network.nodes:
        behind = next((blocked[index] for index in node.inputs if index in blocked), None)
        if node.name in lacking:
            blocked[node.index] = node.name
            reasons[node.name] = lacking[node.name]
        elif behind is not None:
            blocked[node.index] = behind
            reasons[node.name] = f"waits for {behind}: {lacking[behind]}"
    return reasons
