"""The part of the image that one unit sees; the arithmetic is the analysis's, nothing is computed."""

from ...net.analysis import Analysis
from ...net.graph import INPUT, Network, Node
from .explanation import Box, Field
from .functions import FUNCTIONS

_IN_PLACE = frozenset({*FUNCTIONS, "dropout", "batchnorm", "scale"})
"""Ops whose value k is made from value k of their one input."""


def receptive_field(network: Network, analysis: Analysis, node: Node, *, channel: int, y: int, x: int) -> Field | None:
    """The receptive field of the unit at (`channel`, `y`, `x`) of `node`'s output.

    A value of a flattened volume sees what it saw before the flatten. None where branches of different strides
    meet: no box of one size holds for every unit there.
    """
    while len(analysis.layers[node.index].output_shape) == 1 and node.layer.op in {*_IN_PLACE, "flatten"}:
        source = node.inputs[0]
        shape = analysis.layers[node.index].input_shape
        if len(shape) == 3:
            row, x = divmod(channel, shape[2])
            channel, y = divmod(row, shape[1])
        if source == INPUT:
            return _field(analysis, Box(y, x, y, x), whole=False)
        node = network.nodes[source]
    seen = analysis.layers[node.index].receptive_field
    if seen.stride is None:
        return None
    top, left = y * seen.stride[0] - seen.padding[0], x * seen.stride[1] - seen.padding[1]
    box = Box(top, left, top + seen.size[0] - 1, left + seen.size[1] - 1)
    return _field(analysis, box, whole=seen.whole)


def _field(analysis: Analysis, box: Box, *, whole: bool) -> Field:
    _, height, width = analysis.input_shape
    return Field(box, box.clipped(height, width), whole)
