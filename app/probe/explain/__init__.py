"""One number explained: where a value of any layer comes from, worked out again in float64 from what the layer read.

Every op has a function in `EXPLAINERS`. It reads the layer's inputs, its tensors and its value, slices only what the
one number needs, and must not know how activations are computed or kept.
"""

from collections.abc import Callable, Mapping

import numpy as np

from ...errors import NotFound
from ...net.analysis import Analysis
from ...net.edits import NO_EDITS, Edits
from ...net.graph import Network, Node
from ...net.weights import Weights
from . import pointwise, windows
from .explanation import Box, Explanation, Field, Share, Source, Window, Winner
from .unit import Unit, Values

__all__ = [
    "EXPLAINERS",
    "Box",
    "Explanation",
    "Field",
    "Share",
    "Source",
    "Values",
    "Window",
    "Winner",
    "check_place",
    "explain",
]

EXPLAINERS: Mapping[str, Callable[[Unit], Explanation]] = {**windows.EXPLAINERS, **pointwise.EXPLAINERS}


def explain(
    network: Network,
    weights: Weights,
    analysis: Analysis,
    node: Node,
    values: Values,
    *,
    channel: int,
    y: int = 0,
    x: int = 0,
    max_cells: int,
    edits: Edits = NO_EDITS,
) -> Explanation:
    """Where the value at (`channel`, `y`, `x`) of `node`'s output comes from; a vector of N counts as N×1×1.

    `values(index)` gives the activation of `node` and of each of `node.inputs`, INPUT included: 1×C×H×W or 1×N
    float32, any device and memory format. `analysis` must be for the size of that input, `edits` those that the
    activations were computed with: an edited filter is explained as it is now, a scaled map with its factor
    (`Explanation.scale`). Raises NotFound, with the valid range, where the layer has no such channel, row or column,
    and OverLimit where it is made from more than `max_cells` cells.
    """
    check_place(node, analysis, channel, y, x)
    params = edits.params(node.name, weights.params.get(node.name, {}))
    scale = edits.scale(node.name, channel)
    unit = Unit(network, analysis, node, params, values, channel, y, x, max_cells)
    with np.errstate(all="ignore"):  # values that are not finite are explained as they are
        explanation = EXPLAINERS[node.layer.op](unit)
        return explanation if scale is None else explanation.scaled(scale)


def check_place(node: Node, analysis: Analysis, channel: int, y: int, x: int) -> None:
    """Raises NotFound, with the valid range, where `node`'s output has no such channel, row or column."""
    shape = analysis.layers[node.index].output_shape
    channels, height, width = shape if len(shape) == 3 else (*shape, 1, 1)
    kind = "maps" if len(shape) == 3 else "values"
    _check("channel", channel, channels, f"{node.name} has {channels:,} {kind}")
    _check("row", y, height, f"{node.name} has {height:,} rows")
    _check("column", x, width, f"{node.name} has {width:,} columns")


def _check(what: str, number: int, count: int, has: str) -> None:
    if not 0 <= number < count:
        raise NotFound(
            f"{what} {number} does not exist: {has}, 0 to {count - 1:,}", where=what, expected=f"0 to {count - 1:,}"
        )
