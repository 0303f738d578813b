"""What the service knows, as the JSON of `schemas`: one context for the REST answers and the page alike."""

from collections.abc import Container, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..net.analysis import Analysis, LayerAnalysis
from ..net.model import Model
from ..net.spec import written_out
from ..probe.explain import Explanation
from ..render.statistics import LayerStatistics
from ..service.gallery import Sample, StoredImage
from ..service.run import Run

View = dict[str, Any]


def image_view(image: StoredImage) -> View:
    """ImageSchema."""
    variant = image.variant and image.variant.model_dump(exclude_none=True)
    return {**asdict(image), "variant": variant}


def sample_view(sample: Sample, image: StoredImage) -> View:
    """ImageSchema with the sample's name, title and credit."""
    return {**image_view(image), **asdict(sample)}


def layer_view(index: int, row: LayerAnalysis, unavailable: Mapping[str, str]) -> View:
    """LayerSchema."""
    return {
        "index": index,
        "name": row.name,
        "op": row.op,
        "from": row.inputs,
        "input_shape": row.input_shape,
        "output_shape": row.output_shape,
        "parameters": row.parameters,
        "parameter_shapes": row.parameter_shapes,
        "multiply_adds": row.multiply_adds,
        "receptive_field": asdict(row.receptive_field),
        "formula": row.formula,
        "signed": row.signed,
        "available": row.name not in unavailable,
        "reason": unavailable.get(row.name),
    }


def _totals(analysis: Analysis) -> View:
    return {
        "parameters": analysis.parameters,
        "multiply_adds": analysis.multiply_adds,
        "activation_bytes": analysis.activation_bytes,
    }


def analysis_view(model: Model) -> View:
    """AnalysisSchema."""
    rows = model.analysis.layers
    return {
        "name": model.name,
        "spec": written_out(model.network.spec),
        "layers": [layer_view(index, row, model.source.missing) for index, row in enumerate(rows)],
        "totals": _totals(model.analysis),
    }


def model_view(model: Model, *, preset: bool) -> View:
    """ModelSchema."""
    return {
        "id": model.id,
        "title": model.title,
        "preset": preset,
        "weights": asdict(model.source.provenance),
        "preprocessing": asdict(model.preprocessing),
        **analysis_view(model),
    }


def summary_view(model: Model) -> View:
    """ModelSummary."""
    return {
        "id": model.id,
        "name": model.name,
        "title": model.title,
        "input": model.analysis.input_shape,
        "layers": len(model.analysis.layers),
        **_totals(model.analysis),
        "weights": asdict(model.source.provenance),
    }


def run_view(run: Run, computed: Container[int]) -> View:
    """RunSchema; `computed` holds the indices of the layers at hand."""
    return {
        "id": run.id,
        "image": run.image.id,
        "model": run.model.id,
        "model_name": run.model.name,
        "size": run.recipe.size,
        "fit": run.recipe.fit,
        "edits": [edit.model_dump() for edit in run.edits.edits],
        "base": run.base if run.edits.edits else None,
        "input": {"shape": run.analysis.input_shape},
        "placement": asdict(run.placement),
        "weights": asdict(run.model.source.provenance),
        "totals": _totals(run.analysis),
        "layers": [_run_layer(run, index, row, computed) for index, row in enumerate(run.analysis.layers)],
    }


def _run_layer(run: Run, index: int, row: LayerAnalysis, computed: Container[int]) -> View:
    state = "computed" if index in computed else "waiting" if row.name not in run.unavailable else "unavailable"
    return {
        **layer_view(index, row, run.unavailable),
        "shape": row.output_shape,
        "state": state,
        "edited": index in run.reached,
    }


def statistics_view(run: Run, name: str, statistics: LayerStatistics) -> View:
    """LayerStatisticsSchema."""
    node = run.layer(name)
    return {
        "name": node.name,
        "op": node.layer.op,
        "shape": run.shape(node.index),
        "signed": run.signed(node.index),
        "summary": asdict(statistics.summary),
        "maps": [{"index": index, **asdict(one)} for index, one in enumerate(statistics.maps)],
    }


def unit_view(run: Run, explanation: Explanation) -> View:
    """One number explained."""
    return {"run": run.id, **explanation.as_dict()}


def kernels_view(name: str, kernels: NDArray[np.float32]) -> View:
    """A layer's kernels in numbers: each filter's range, norm and mean."""
    rows = kernels.reshape(len(kernels), -1).astype(np.float64)
    columns = {
        "min": rows.min(1),
        "max": rows.max(1),
        "mean": rows.mean(1),
        "std": rows.std(1),
        "norm": np.linalg.norm(rows, axis=1),
    }
    return {
        "layer": name,
        "shape": kernels.shape,
        "filters": [
            {"index": index} | {name: float(values[index]) for name, values in columns.items()}
            for index in range(len(rows))
        ],
    }
