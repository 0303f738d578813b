"""The elementwise functions in float64, each with the text of its formula; knows single numbers only.

Written from each function's definition and not with torch, so that they are a second opinion on what a layer holds.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .explanation import printed

# Klambauer et al. 2017, "Self-Normalizing Neural Networks", equation 14.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


class Curve(NamedTuple):
    """A function of one number: its formula in `x`, and the function."""

    formula: str
    function: Callable[[float], float]


def _exp(x: float) -> float:
    return float(np.exp(np.float64(x)))  # infinity where math.exp would raise


def _sigmoid(x: float) -> float:
    z = _exp(-abs(x))
    return 1 / (1 + z) if x >= 0 else z / (1 + z)


def _softplus(x: float, beta: float, threshold: float) -> float:
    if beta * x > threshold:
        return x
    return (max(beta * x, 0.0) + math.log1p(_exp(-abs(beta * x)))) / beta


def _gelu(x: float) -> float:
    return x * math.erfc(-x / math.sqrt(2)) / 2  # erfc keeps the digits that 1 + erf loses far below zero


def _leaky(slope: float) -> Curve:
    return Curve(f"x if x ≥ 0, else {printed(slope)}·x", lambda x: x if x >= 0 else slope * x)


def _exponential(alpha: float) -> Curve:
    return Curve(f"x if x > 0, else {printed(alpha)}·(exp(x) − 1)", lambda x: x if x > 0 else alpha * math.expm1(x))


def _soft(beta: float, threshold: float) -> Curve:
    b = printed(beta)
    formula = f"log(1 + exp({b}·x)) / {b}, x itself where {b}·x > {printed(threshold)}"
    return Curve(formula, lambda x: _softplus(x, beta, threshold))


PLAIN: Mapping[str, Curve] = {
    "relu": Curve("max(0, x)", lambda x: max(0.0, x)),
    "relu6": Curve("min(max(0, x), 6)", lambda x: min(max(0.0, x), 6.0)),
    "selu": Curve(
        f"{SELU_SCALE:.4f}·(x if x > 0, else {SELU_ALPHA:.4f}·(exp(x) − 1))",
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * math.expm1(x)),
    ),
    "sigmoid": Curve("1 / (1 + exp(−x))", _sigmoid),
    "tanh": Curve("tanh(x)", math.tanh),
    "silu": Curve("x / (1 + exp(−x))", lambda x: x * _sigmoid(x)),
    "gelu": Curve("x · Φ(x), Φ the normal distribution", _gelu),
    "hardsigmoid": Curve("min(max(0, x + 3), 6) / 6", lambda x: min(max(0.0, x + 3), 6.0) / 6),
    "hardswish": Curve("x · min(max(0, x + 3), 6) / 6", lambda x: x * min(max(0.0, x + 3), 6.0) / 6),
}
"""The functions without settings."""

SHAPED: Mapping[str, Callable[[Any], Curve]] = {
    "leakyrelu": lambda layer: _leaky(layer.slope),
    "elu": lambda layer: _exponential(layer.alpha),
    "softplus": lambda layer: _soft(layer.beta, layer.threshold),
}
"""The functions with settings, from the layer that holds them."""

LEARNED: Mapping[str, Callable[[float], Curve]] = {"prelu": _leaky}
"""The functions with one learned number a channel, from that number."""

FUNCTIONS = frozenset({*PLAIN, *SHAPED, *LEARNED})
"""Every elementwise op."""


def curve(layer: Any, weight: float | None) -> Curve:
    """The function of a layer; `weight` is the channel's learned number, where the layer has one."""
    if weight is not None:
        return LEARNED[layer.op](weight)
    return SHAPED[layer.op](layer) if layer.op in SHAPED else PLAIN[layer.op]
