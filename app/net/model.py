"""A model: a network with its weights and preprocessing under one id made of their content; it runs nothing."""

import hashlib
import json
from dataclasses import dataclass

from .analysis import Analysis, LayerAnalysis, analyze
from .graph import Network, build_network, out_of_reach
from .manifest import shipped_files
from .ops import by
from .preprocessing import Preprocessing, default_preprocessing
from .presets import preset
from .spec import NetworkSpec, canonical
from .weights import WeightSource, seeded, shipped


@dataclass(frozen=True, slots=True)
class Model:
    """All that is known of a network before it runs; `weights.load(device)` gives its tensors."""

    id: str
    name: str
    title: str
    network: Network
    analysis: Analysis
    weights: WeightSource
    preprocessing: Preprocessing

    def unavailable(self, analysis: Analysis) -> dict[str, str]:
        """The layers that cannot be computed for an input of the analysis' size, each with the reason.

        These are the ones whose weights are missing, those whose weights have another shape at that size (a linear
        layer after a flatten, a locally connected one), and all that wait for them.
        """
        misfits = {
            now.name: _misfit(now, then, analysis)
            for now, then in zip(analysis.layers, self.analysis.layers, strict=True)
            if now.parameter_shapes != then.parameter_shapes and then.name not in self.weights.missing
        }
        return out_of_reach(self.network, misfits | dict(self.weights.missing))


def _misfit(now: LayerAnalysis, then: LayerAnalysis, analysis: Analysis) -> str:
    """Both shapes of the tensor that differs most visibly, the weight."""
    held, needed = then.parameter_shapes["weight"], now.parameter_shapes["weight"]
    return f"its weights are {by(held)}, an input of {by(analysis.input_shape)} needs {by(needed)}"


def make_model(
    spec: NetworkSpec,
    *,
    max_parameters: int,
    seed: int = 0,
    title: str | None = None,
    weights: WeightSource | None = None,
    preprocessing: Preprocessing | None = None,
) -> Model:
    """A model of a spec, seeded with at most `max_parameters` values unless `weights` are given.

    Preprocessing is by default that of its number of channels.

    Raises SpecError where the layers do not fit together. No tensor is made.
    """
    network = build_network(spec)
    analysis = analyze(network)
    source = weights or seeded(network, analysis, seed, max_parameters)
    steps = preprocessing or default_preprocessing(spec.input[0])
    return Model(_identity(spec, source, steps), spec.name, title or spec.name, network, analysis, source, steps)


def preset_model(name: str, *, max_parameters: int) -> Model:
    """A preset with its shipped weights, or seeded with 0 where none ship. Raises NotFound."""
    chosen = preset(name)
    source = None
    if name in shipped_files():
        network = build_network(chosen.spec)
        source = shipped(name, network, analyze(network))
    return make_model(
        chosen.spec,
        title=chosen.title,
        max_parameters=max_parameters,
        weights=source,
        preprocessing=chosen.preprocessing,
    )


def _identity(spec: NetworkSpec, source: WeightSource, preprocessing: Preprocessing) -> str:
    """32 hexadecimal digits of SHA-256 over the canonical spec, the weights' digest and the preprocessing."""
    digest = hashlib.sha256(canonical(spec))
    digest.update(source.digest.encode())
    digest.update(json.dumps(preprocessing.content(), sort_keys=True).encode())
    return digest.hexdigest()[:32]
