"""Numbers made from single cells: functions, normalisation, merges, and layers that only move values.

Each function takes a unit and says where its number comes from; none knows how a layer computes it.
"""

from collections.abc import Callable, Mapping

import numpy as np

from .explanation import Explanation, Floats, Share, Source, Window, printed
from .functions import FUNCTIONS, LEARNED, curve
from .unit import Unit, exact

SHARES = 10
"""Classes listed of a softmax, the largest first."""


def _cell(value: float) -> Floats:
    return np.full((1, 1, 1), value)


def _one_cell(unit: Unit, x: float, *, total: float, formula: str) -> Explanation:
    """A number made from the one cell `x` at the unit's own place, by no weighted sum."""
    return unit.explained(
        total=total,
        formula=formula,
        terms=1,
        inputs=(unit.source(unit.channel),),
        patch=_cell(x),
        before={"x": x},
    )


def _function(unit: Unit) -> Explanation:
    """f(x) of the cell at the same place."""
    x = unit.at_same_place()
    weight = float(unit.params["weight"][unit.channel]) if unit.layer.op in LEARNED else None
    shape = curve(unit.layer, weight)
    return _one_cell(unit, x, total=shape.function(x), formula=shape.formula)


def _dropout(unit: Unit) -> Explanation:
    x = unit.at_same_place()
    return _one_cell(unit, x, total=x, formula="x, as nothing is dropped outside training")


def _affine(unit: Unit, factor: float, offset: float, formula: str, learned: Mapping[str, float]) -> Explanation:
    """x·factor + offset: a weighted sum of one term."""
    x = unit.at_same_place()
    return unit.weighted_sum(
        _cell(x),
        _cell(factor),
        offset,
        formula=formula,
        terms=1,
        inputs=(unit.source(unit.channel),),
        before={"x": x, "factor": factor, "offset": offset, **learned},
    )


def _scale(unit: Unit) -> Explanation:
    return _affine(unit, float(unit.params["weight"][unit.channel]), unit.bias(unit.channel), "x · factor + offset", {})


def _batchnorm(unit: Unit) -> Explanation:
    """(x − mean)/√(variance + eps)·weight + bias, which is x·factor + offset (Ioffe and Szegedy 2015)."""
    mean, variance, weight, bias = (
        float(unit.params[name][unit.channel]) for name in ("running_mean", "running_var", "weight", "bias")
    )
    factor = float(weight / np.sqrt(np.float64(variance) + unit.layer.eps))
    learned = {"mean": mean, "variance": variance, "eps": unit.layer.eps, "weight": weight, "bias": bias}
    formula = "x · factor + offset, factor = weight / √(variance + eps), offset = bias − mean · factor"
    return _affine(unit, factor, bias - mean * factor, formula, learned)


def _lrn(unit: Unit) -> Explanation:
    """x / (k + alpha/size · Σ x²)^beta over neighbouring channels, those beyond the ends being 0."""
    layer, values = unit.layer, unit.input()
    first = max(0, unit.channel - layer.size // 2)
    last = min(len(values) - 1, unit.channel + (layer.size - 1) // 2)
    patch = exact(values[first : last + 1, unit.y, unit.x])
    x, squares = float(patch[unit.channel - first]), float(patch @ patch)
    divisor = np.power(np.float64(layer.k + layer.alpha / layer.size * squares), layer.beta)
    return unit.explained(
        total=x / divisor,
        formula=f"x / ({printed(layer.k)} + {printed(layer.alpha)} / {layer.size} · Σ x[c]²)^{printed(layer.beta)}, "
        f"c from {first} to {last}",
        terms=patch.size,
        inputs=(unit.source(first, last),),
        patch=patch.reshape(-1, 1, 1),
        before={"x": x, "squares": squares, "divisor": float(divisor)},
    )


def _softmax(unit: Unit) -> Explanation:
    """exp(x) over its sum across all channels; exponents are less the largest x, which changes no quotient."""
    unit.check_cells(len(unit.input()))
    logits = exact(unit.input()[:, unit.y, unit.x])
    largest, x = float(logits.max()), float(logits[unit.channel])
    exponentials = np.exp(logits - largest)
    total = float(exponentials.sum())
    order = np.argsort(-exponentials, kind="stable")[:SHARES]
    return unit.explained(
        total=exponentials[unit.channel] / total,
        formula="exp(x − largest) / Σ exp(x[c] − largest)",
        terms=logits.size,
        inputs=(unit.source(0, logits.size - 1),),
        patch=logits.reshape(-1, 1, 1),
        before={"x": x, "largest": largest, "exp": float(exponentials[unit.channel]), "sum": total},
        shares=tuple(Share(int(c), float(logits[c]), float(exponentials[c] / total)) for c in order),
    )


def _merged(unit: Unit) -> tuple[Floats, tuple[Source, ...]]:
    """The cell at the same place in every input, inputs×1×1, and where each is from."""
    numbers = range(len(unit.node.inputs))
    cells = np.array([unit.at_same_place(number) for number in numbers])
    return cells.reshape(-1, 1, 1), tuple(unit.source(unit.channel, number=number) for number in numbers)


def _add(unit: Unit) -> Explanation:
    patch, inputs = _merged(unit)
    return unit.weighted_sum(
        patch,
        np.ones_like(patch),
        0.0,
        formula=" + ".join(source.layer for source in inputs),
        terms=patch.size,
        inputs=inputs,
    )


def _mul(unit: Unit) -> Explanation:
    patch, inputs = _merged(unit)
    return unit.explained(
        total=patch.prod(),
        formula=" · ".join(source.layer for source in inputs),
        terms=patch.size,
        inputs=inputs,
        patch=patch,
    )


def _moved(unit: Unit, channel: int, y: int, x: int, *, number: int = 0) -> Explanation:
    """A number taken unchanged from one cell of one input."""
    source = unit.source(channel, number=number)
    value = float(unit.input(number)[channel, y, x])
    is_vector = len(unit.shape(unit.node.inputs[number])) == 1
    place = f"{channel}" if is_vector else f"{channel}, {y}, {x}"
    return unit.explained(
        total=value,
        formula=f"{source.layer}[{place}]",
        terms=1,
        inputs=(source,),
        window=Window(y, x, 1, 1),
        patch=_cell(value),
    )


def _concat(unit: Unit) -> Explanation:
    channel = unit.channel
    depths = [unit.shape(index)[0] for index in unit.node.inputs]
    number = 0
    while channel >= depths[number]:
        channel -= depths[number]
        number += 1
    return _moved(unit, channel, unit.y, unit.x, number=number)


def _flatten(unit: Unit) -> Explanation:
    """Value k of the vector is at (c, y, x) of the volume, k = (c·H + y)·W + x."""
    _, height, width = unit.input().shape
    row, x = divmod(unit.channel, width)
    channel, y = divmod(row, height)
    return _moved(unit, channel, y, x)


def _pad(unit: Unit) -> Explanation:
    left, _, top, _ = unit.layer.padding
    y, x = unit.y - top, unit.x - left
    _, height, width = unit.input().shape
    if 0 <= y < height and 0 <= x < width:
        return _moved(unit, unit.channel, y, x)
    return unit.explained(
        total=unit.layer.value,
        formula=f"{printed(unit.layer.value)}, the value of the border",
        terms=0,
        inputs=(unit.source(unit.channel),),
        window=Window(y, x, 1, 1),
        patch=_cell(0.0),
        inside=np.zeros((1, 1), dtype=np.bool_),
    )


EXPLAINERS: Mapping[str, Callable[[Unit], Explanation]] = {
    **dict.fromkeys(FUNCTIONS, _function),
    "dropout": _dropout,
    "scale": _scale,
    "batchnorm": _batchnorm,
    "lrn": _lrn,
    "softmax": _softmax,
    "add": _add,
    "mul": _mul,
    "concat": _concat,
    "flatten": _flatten,
    "pad": _pad,
}
