"""Comparisons as the JSON of `difference_schemas`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..net.graph import INPUT
from ..probe.differences import has_same_ops, partners
from ..service.differences import Compared, Comparison
from ..service.run import Run

View = dict[str, Any]


def difference_view(run: Run, one: Compared, most: int | None) -> View:
    """LayerDifferenceSchema; `run` is A, and of its maps at most `most` are listed."""
    found, region = one.difference, one.region
    return {
        "index": one.index,
        "name": one.name,
        "op": None if one.index == INPUT else run.model.network.nodes[one.index].layer.op,
        "shape": run.shape(one.index),
        "partner": one.partner,
        "state": one.state,
        "reason": one.reason,
        "equal": found and found.equal,
        "relative": found and found.relative,
        "norm": found and found.norm,
        "reference_norm": found and found.reference_norm,
        "max_abs": found and found.max_abs,
        "move": region and asdict(region.move),
        "region": region and {name: getattr(region, name) for name in ("top", "left", "height", "width")},
        "inside": one.inside,
        "maps": [asdict(each) for each in found.maps[:most]] if found else [],
    }


def differences_view(a: Run, b: Run, asked: Comparison, compared: Sequence[Compared]) -> View:
    """DifferencesSchema; `compared` starts with the input."""
    found = partners(a.model.network, b.model.network)
    views = [difference_view(a, one, asked.maps) for one in compared]
    layers = compared[1:]
    first = (one.name for one in layers if one.difference is not None and one.difference.exceeds(asked.tolerance))
    return {
        "a": a.id,
        "b": b.id,
        "matched_by": "position" if has_same_ops(a.model.network, b.model.network) else "name",
        "tolerance": asked.tolerance,
        "shift": asked.pixels,
        "border": asked.border,
        "first": next(first, None),
        "equal": all(
            one.state == "unavailable" or (one.difference is not None and one.difference.equal) for one in layers
        ),
        "input": views[0],
        "layers": views[1:],
        "only_in_b": [node.name for node in b.model.network.nodes if node.index not in set(found.values())],
    }
