"""A model: a network with its weights and preprocessing under one id made of their content; it runs nothing."""

import hashlib
import json
from dataclasses import dataclass

from ..errors import Unavailable
from .analysis import Analysis, LayerAnalysis, analyze
from .graph import Network, build_network, out_of_reach
from .ops import by
from .preprocessing import Preprocessing, default_preprocessing
from .presets import preset
from .spec import NetworkSpec, canonical
from .weights import WeightSource, seeded, shipped


@dataclass(frozen=True, slots=True)
class Model:
    """All that is known of a network before it runs; `source.load(device)` gives its tensors."""

    id: str
    name: str
    title: str
    network: Network
    analysis: Analysis
    source: WeightSource
    preprocessing: Preprocessing

    def unavailable(self, analysis: Analysis) -> dict[str, str]:
        """The layers that cannot be computed for an input of the analysis' size, each with the reason.

        These are the ones whose weights are missing, those whose weights have another shape at that size (a linear
        layer after a flatten, a locally connected one), and all that wait for them.
        """
        misfits = {
            now.name: _misfit(now, then, analysis)
            for now, then in zip(analysis.layers, self.analysis.layers, strict=True)
            if now.parameter_shapes != then.parameter_shapes and then.name not in self.source.missing
        }
        return out_of_reach(self.network, misfits | dict(self.source.missing))

    def require(self, layer: str) -> None:
        """Raise Unavailable where this layer is missing, with the command that brings its weights if there is one."""
        if (reason := self.source.missing.get(layer)) is not None:
            raise Unavailable(f"{layer}: {reason}", where=layer, expected=self.source.remedy)


def _misfit(now: LayerAnalysis, then: LayerAnalysis, analysis: Analysis) -> str:
    """Both shapes of the tensor that differs most visibly, the weight."""
    held, needed = then.parameter_shapes["weight"], now.parameter_shapes["weight"]
    return f"its weights are {by(held)}, an input of {by(analysis.input_shape)} needs {by(needed)}"


def make_model(
    network: Network,
    analysis: Analysis,
    *,
    max_parameters: int,
    seed: int = 0,
    title: str | None = None,
    source: WeightSource | None = None,
    preprocessing: Preprocessing | None = None,
) -> Model:
    """A model of a network and its analysis, seeded with at most `max_parameters` values unless a source is given.

    Preprocessing is by default that of its number of channels. No tensor is made.
    """
    spec = network.spec
    source = source or seeded(network, analysis, seed, max_parameters)
    preprocessing = preprocessing or default_preprocessing(spec.input[0])
    identity = _identity(spec, source, preprocessing)
    return Model(identity, spec.name, title or spec.name, network, analysis, source, preprocessing)


def preset_model(name: str, max_parameters: int) -> Model:
    """A preset with its shipped weights, or seeded with 0 where none ship. Raises NotFound."""
    chosen = preset(name)
    network = build_network(chosen.spec)
    analysis = analyze(network)
    return make_model(
        network,
        analysis,
        max_parameters=max_parameters,
        title=chosen.title,
        source=shipped(name, network, analysis) if chosen.weights_file else None,
        preprocessing=chosen.preprocessing,
    )


def _identity(spec: NetworkSpec, source: WeightSource, preprocessing: Preprocessing) -> str:
    """32 hexadecimal digits of SHA-256 over the canonical spec, the weights' digest and the preprocessing."""
    digest = hashlib.sha256(canonical(spec))
    digest.update(source.digest.encode())
    digest.update(json.dumps(preprocessing.content(), sort_keys=True).encode())
    return digest.hexdigest()[:32]
