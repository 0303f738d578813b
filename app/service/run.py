"""One run as it stands: image, network, arithmetic, and who waits for which layer. It computes nothing."""

import asyncio
import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from ..errors import NotFound, Unavailable
from ..net.analysis import Analysis, Shape
from ..net.graph import INPUT, Node
from ..net.model import Model
from ..net.ops import by
from .gallery import StoredImage
from .images import Fit, Placement

INPUT_NAME = "input"


class RunRecipe(BaseModel):
    """What a run is made of; its digest is the run's id.

    `size` is the shorter side that the network sees, None where the image's own size counts (`native`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str
    model: str
    size: int | None = None
    fit: Fit = "crop"

    def settled(self, image: StoredImage, model: Model) -> "RunRecipe":
        """The same recipe with ids and defaults written out, so that equal runs have equal ids."""
        native = image.kind == "array" or self.fit == "native"
        size = None if native else self.size or min(model.analysis.input_shape[1:])
        return RunRecipe(image=image.id, model=model.id, size=size, fit="native" if native else self.fit)

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]


@dataclass(slots=True)
class Waiting:
    """A layer that somebody waits for."""

    future: "asyncio.Future[Tensor]"
    waiters: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """A run as it stands: its arithmetic, known before anything is computed, and who waits for which layer."""

    recipe: RunRecipe
    model: Model
    image: StoredImage
    original: Callable[[], bytes]
    analysis: Analysis
    placement: Placement
    unavailable: dict[str, str]
    waiting: dict[int, Waiting] = field(default_factory=dict)
    wanted: frozenset[int] = frozenset()  # read by the device's thread; replaced, never changed
    task: "asyncio.Task[None] | None" = None
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.recipe.id

    def layer(self, name: str) -> Node:
        """The layer of that name, computable. Raises `NotFound` or `Unavailable`."""
        node = self.model.network.node(name)
        if (reason := self.unavailable.get(node.name)) is not None:
            raise Unavailable(f"{node.name}: {reason}", where=node.name, expected=self._what_helps(node))
        return node

    def _what_helps(self, node: Node) -> str | None:
        """The command that installs the weights a layer lacks, or the size that the weights it has are for."""
        if node.name in self.model.source.missing:
            return self.model.source.provenance.install
        return f"an input of {by(self.model.analysis.input_shape)}"

    def index(self, name: str) -> int:
        """Index of a computable layer, `INPUT` for `input`."""
        return INPUT if name == INPUT_NAME else self.layer(name).index

    def channel(self, index: int, channel: int) -> int:
        """`channel`, checked. Raises `NotFound` where the layer has no such map."""
        count = self.shape(index)[0]
        if not 0 <= channel < count:
            name = INPUT_NAME if index == INPUT else self.model.network.nodes[index].name
            raise NotFound(f"{name} has no map {channel}.", where="map", expected=f"0 to {count - 1}")
        return channel

    def shape(self, index: int) -> Shape:
        """Shape of a layer's output, or of the input for `INPUT`."""
        return self.analysis.input_shape if index == INPUT else self.analysis.layers[index].output_shape

    def signed(self, index: int) -> bool:
        """Whether a layer's values may be negative; the input's may."""
        return True if index == INPUT else self.analysis.layers[index].signed

    def owns(self, key: Hashable) -> bool:
        """Whether a cache's key is of this run."""
        return isinstance(key, tuple) and key[0] == self.id

    @property
    def available(self) -> list[Node]:
        """The layers that can be computed, in order."""
        return [node for node in self.model.network.nodes if node.name not in self.unavailable]
