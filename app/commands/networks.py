"""`convscope models` and `convscope analyze`: networks and their arithmetic; torch is needed for their JSON alone."""

from dataclasses import dataclass
from pathlib import Path

from ..net.analysis import Analysis, analyze
from ..net.graph import Network, build_network
from ..net.presets import preset, preset_names
from ..net.spec import parse_spec
from ..settings import Settings
from .files import STANDARD, read_spec
from .text import by, table


@dataclass(frozen=True, slots=True)
class Named:
    """A network as the command line names it: a preset, or a specification from a file or standard input."""

    reference: str

    @property
    def is_file(self) -> bool:
        """Whether it is read: `-`, a name that ends in `.json`, or any other file that is there and no preset."""
        name = self.reference
        return name == STANDARD or name.endswith(".json") or (name not in preset_names() and Path(name).is_file())


def models_text() -> str:
    """The presets as a table."""
    rows = []
    for name in preset_names():
        entry = preset(name)
        totals = analyze(build_network(entry.spec))
        weights = "shipped" if entry.weights_file else "seeded" if totals.parameters else "none"
        counts = (f"{totals.parameters:,}", f"{totals.multiply_adds:,}")
        rows.append((name, entry.title, by(entry.spec.input), weights, str(len(totals.layers)), *counts))
    return table(("model", "title", "input", "weights", "layers", "parameters", "multiply-adds"), rows, left=4)


def models_json(settings: Settings) -> bytes:
    """The presets as `GET /api/v1/models` answers them."""
    from ..net.model import preset_model  # noqa: PLC0415 - loads torch
    from ..web.deps import to_json  # noqa: PLC0415
    from ..web.views import summary_view  # noqa: PLC0415

    models = (preset_model(name, max_parameters=settings.max_parameters) for name in preset_names())
    return to_json([summary_view(model) for model in models])


def analysis_text(named: Named, settings: Settings) -> str:
    """A network's arithmetic as a table. Raises `SpecError`, `NotFound`, `BadRequest`, `OSError`."""
    network = _network(named, settings)
    analysis = analyze(network)
    head = ("layer", "op", "from", "output", "parameters", "multiply-adds", "field", "stride")
    lines = [
        f"{network.spec.name}, input {by(analysis.input_shape)}",
        "",
        table(head, [*_layer_rows(analysis)], left=4),
        "",
        f"{analysis.parameters:,} parameters",
        f"{analysis.multiply_adds:,} multiply-adds",
        f"{analysis.activation_bytes:,} bytes of activations",
    ]
    return "\n".join(lines)


def analysis_json(named: Named, settings: Settings) -> bytes:
    """The same as `POST /api/v1/analyses` answers it."""
    from ..net.model import make_model  # noqa: PLC0415 - loads torch
    from ..web.deps import to_json  # noqa: PLC0415
    from ..web.views import analysis_view  # noqa: PLC0415

    network = _network(named, settings)
    model = make_model(network, analyze(network), max_parameters=settings.max_parameters)
    return to_json(analysis_view(model))


def _network(named: Named, settings: Settings) -> Network:
    if named.is_file:
        return build_network(parse_spec(read_spec(named.reference), max_layers=settings.max_spec_layers))
    return build_network(preset(named.reference).spec)


def _layer_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Name, op, inputs, output, counts, and the receptive field's size and stride of each layer."""
    rows: list[tuple[str, ...]] = []
    for row in analysis.layers:
        field = row.receptive_field
        size = "whole input" if field.whole else by(field.size)
        stride = "" if field.whole else "differs" if field.stride is None else by(field.stride)
        counts = (f"{row.parameters:,}", f"{row.multiply_adds:,}")
        rows.append((row.name, row.op, ", ".join(row.inputs), by(row.output_shape), *counts, size, stride))
    return rows
