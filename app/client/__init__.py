"""The Python client of a convscope server; it needs `httpx` and `numpy`, and nothing else of convscope."""

from .calls import Client, Run
from .records import (
    Analysis,
    Image,
    Layer,
    Model,
    ModelSummary,
    ProblemError,
    Quantized,
    ReceptiveField,
    Unit,
)

__all__ = [
    "Analysis",
    "Client",
    "Image",
    "Layer",
    "Model",
    "ModelSummary",
    "ProblemError",
    "Quantized",
    "ReceptiveField",
    "Run",
    "Unit",
]
