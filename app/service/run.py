"""One run as it stands: image, network, arithmetic, and who waits for which layer. It computes nothing."""

import asyncio
import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from ..errors import NotFound, Unavailable
from ..net.analysis import Analysis, Shape
from ..net.edits import NO_EDITS, Edit, Edits
from ..net.graph import INPUT, Node
from ..net.model import Model
from ..net.ops import by
from .gallery import StoredImage
from .images import Fit, Placement

INPUT_NAME = "input"


class RunRecipe(BaseModel):
    """What a run is made of; its digest is the run's id.

    `size` is the shorter side that the network sees, None where the image's own size counts (`native`). `edits`
    are part of the digest only where there are any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str
    model: str
    size: int | None = None
    fit: Fit = "crop"
    edits: tuple[Edit, ...] = ()

    def settled(self, image: StoredImage, model: Model) -> "RunRecipe":
        """The unedited recipe with ids and defaults written out, so that equal runs have equal ids."""
        native = image.kind == "array" or self.fit == "native"
        size = None if native else self.size or min(model.analysis.input_shape[1:])
        return RunRecipe(image=image.id, model=model.id, size=size, fit="native" if native else self.fit)

    def edited(self, edits: Edits) -> "RunRecipe":
        """The same recipe with settled edits."""
        return self.model_copy(update={"edits": edits.edits})

    def to_json(self) -> bytes:
        """What is kept, and what the id is made of."""
        return self.model_dump_json(exclude=set() if self.edits else {"edits"}).encode()

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return hashlib.sha256(self.to_json()).hexdigest()[:32]

    @property
    def nbytes(self) -> int:
        """Bytes of the kernels that its edits hold."""
        return sum(edit.nbytes for edit in self.edits)


@dataclass(slots=True)
class Waiting:
    """A layer that somebody waits for."""

    future: "asyncio.Future[Tensor]"
    waiters: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """A run as it stands: its arithmetic, known before anything is computed, and who waits for which layer.

    With edits it is a run of its own, which has the layers that no edit reaches in common with its `base`.
    """

    recipe: RunRecipe
    model: Model
    image: StoredImage
    original: Callable[[], bytes]
    analysis: Analysis
    placement: Placement
    unavailable: dict[str, str]
    edits: Edits = NO_EDITS
    waiting: dict[int, Waiting] = field(default_factory=dict)
    wanted: frozenset[int] = frozenset()  # read by the device's thread; replaced, never changed
    task: "asyncio.Task[None] | None" = None
    id: str = field(init=False)
    base: str = field(init=False)  # the id of the unedited run, its own where there are no edits
    reached: frozenset[int] = field(init=False)  # the layers that edits change
    rescaled: frozenset[int] = field(init=False)  # those that are the base's with some maps scaled

    def __post_init__(self) -> None:
        self.id = self.recipe.id
        self.base = self.recipe.edited(NO_EDITS).id
        self.reached = self.edits.reached(self.model.network)
        self.rescaled = self.edits.rescaled(self.model.network)

    def edited(self, edits: Edits) -> "Run":
        """The run of the same image, network and size with edits."""
        return Run(
            self.recipe.edited(edits),
            self.model,
            self.image,
            self.original,
            edits.signs(self.model.network, self.analysis),
            self.placement,
            self.unavailable,
            edits,
        )

    def key(self, index: int) -> tuple[str, int]:
        """Under which a layer's values are cached: the base run's where no edit reaches it, INPUT included."""
        return (self.id if index in self.reached else self.base, index)

    def layer(self, name: str) -> Node:
        """The layer of that name, computable. Raises `NotFound` or `Unavailable`."""
        node = self.model.network.node(name)
        if (reason := self.unavailable.get(node.name)) is not None:
            raise Unavailable(f"{node.name}: {reason}", where=node.name, expected=self._what_helps(node))
        return node

    def _what_helps(self, node: Node) -> str | None:
        """What to do about the weights that a layer lacks, or the size that the weights it has are for."""
        if node.name in self.model.source.missing:
            return self.model.source.remedy
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
