"""What the figure of a layer is called and what its caption says; it draws nothing."""

from .. import __version__
from ..net.graph import INPUT
from ..net.ops import by
from .run import Run


def figure_title(run: Run, index: int, chosen: int | None) -> str:
    """Layer and network, and the map where it is one alone."""
    name = run.model.network.nodes[index].name
    return f"{name} of {run.model.name}" if chosen is None else f"{name}, map {chosen}, of {run.model.name}"


def figure_caption(run: Run, index: int, image_name: str | None, colours: str) -> str:
    """All that makes the numbers: network, layer, edits, image, the input's size; and the colours and the software."""
    node = run.model.network.nodes[index]
    edits = f" with {len(run.recipe.edits)} edits" if run.recipe.edits else ""
    fit = "" if run.recipe.fit == "native" else f", fit {run.recipe.fit}"
    return (
        f"Network {run.model.name}{edits}, layer {node.name} ({node.layer.op}), {by(run.shape(index))}. "
        f"Image {image_name or run.image.id}, seen as {by(run.shape(INPUT))}{fit}. "
        f"Colours {colours}. Made with convscope {__version__}."
    )
