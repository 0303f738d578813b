"""Two runs side by side: which layers belong together, and by how much B's values differ from A's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from torch import from_numpy

from ..errors import Invalid, NotFound
from ..net.graph import INPUT
from ..net.receptive import ReceptiveField
from ..probe.differences import (
    LayerDifference,
    Maps,
    Pair,
    Region,
    difference,
    is_inside,
    no_difference,
    partners,
    region,
)
from ..probe.quantize import quantize
from ..render.atlas import atlas_png, map_png
from ..render.colormaps import colormap, default_colormap
from ..render.statistics import as_maps
from ..render.tone import Tone
from ..settings import Settings
from .encode import to_npy, to_u8
from .executor import Executor
from .layers import Picture, ahead, to_array
from .run import INPUT_NAME, Run
from .runs import Runs

State = Literal["compared", "other shape", "missing", "unavailable", "left out"]

# The network's input: every pixel sees itself.
PIXEL = ReceptiveField((1, 1), (1, 1), (0, 0), whole=False)


class Alignment(BaseModel):
    """How the values of two runs are laid on each other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(description="The id of the other run, B.")
    shift: str = Field(
        "0,0",
        pattern=r"^-?\d{1,6},-?\d{1,6}$",
        description="How far B's image is A's moved, in pixels of the input: down, right. B is moved back by it.",
        examples=["4,0"],
    )
    border: int = Field(0, ge=0, le=100_000, description="Pixels of the input left out on every side.")

    @property
    def pixels(self) -> Pair:
        """The shift as numbers, down and right."""
        down, right = self.shift.split(",")
        return int(down), int(right)


class Comparison(Alignment):
    """What is asked of two runs as a whole."""

    tolerance: float = Field(
        1e-6, ge=0, le=1, description="Relative difference above which a layer counts as the first to differ."
    )
    maps: int = Field(8, ge=0, le=4096, description="Maps listed of each layer, the most different first.")


class DifferencePicture(Alignment, Picture):
    """What is asked of one layer."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One layer of A beside its partner in B; `region` and `difference` where it could be compared."""

    index: int
    name: str
    partner: str | None
    state: State
    reason: str | None = None
    region: Region | None = None
    inside: bool | None = None
    difference: LayerDifference | None = None


class Differences:
    """Compares runs; each layer is computed by the runs and compared when both sides are there."""

    def __init__(self, settings: Settings, runs: Runs, executor: Executor) -> None:
        self._max_pixels = settings.max_picture_pixels
        self._runs = runs
        self._executor = executor

    async def compare(self, a: Run, b: Run, alignment: Alignment) -> AsyncIterator[Compared]:
        """The input, then every layer of A in order; the next ones are computed while one is on its way."""
        pairs = {one.name: one for one in _pairs(a, b, alignment)}

        async def settled(name: str) -> Compared:
            one = pairs[name]
            if one.state != "compared":
                return one
            return await self._compared(a, b, one)

        async for _, one in ahead(list(pairs), settled):
            yield one

    async def _compared(self, a: Run, b: Run, one: Compared) -> Compared:
        if _is_shared(a, b, one):
            return replace(one, difference=no_difference(a.shape(one.index)[0]))
        sides = await self._sides(a, b, one)
        return replace(one, difference=await self._executor.beside(lambda: difference(*sides())))

    async def layer(self, a: Run, b: Run, name: str, alignment: Alignment) -> Compared:
        """One layer's numbers. Raises `NotFound`, `Unavailable`, `Invalid` where it cannot be compared."""
        return await self._compared(a, b, _pair(a, b, name, alignment))

    async def render(self, a: Run, b: Run, name: str, picture: DifferencePicture) -> bytes:
        """B − A of one layer as npy, u8 or png, C×H×W of the compared cells. Raises as `layer`, and `OverLimit`."""
        one = _pair(a, b, name, picture)
        if picture.map is not None:
            a.channel(one.index, picture.map)
        sides = await self._sides(a, b, one)
        return await self._executor.beside(lambda: self._encode(*sides(), picture))

    async def _sides(self, a: Run, b: Run, one: Compared) -> Callable[[], tuple[Maps, Maps]]:
        """The compared values of both runs, C×H×W, as soon as both layers are there; they are copied when called."""
        assert one.region is not None
        assert one.partner is not None
        chosen = one.region
        before, after = await asyncio.gather(self._layer(a, one.name), self._layer(b, one.partner))
        return lambda: (chosen.of_a(before()), chosen.of_b(after()))

    async def _layer(self, run: Run, name: str) -> Callable[[], Maps]:
        index = run.index(name)
        if index == INPUT:
            image = await self._runs.input(run)
            return lambda: image
        activation = await self._runs.activation(run, index)
        return lambda: as_maps(to_array(activation))

    def _encode(self, before: Maps, after: Maps, picture: DifferencePicture) -> bytes:
        with np.errstate(all="ignore"):  # values that are not finite stay so
            change = np.ascontiguousarray(after - before)
        if picture.format == "npy":
            return to_npy(change if picture.map is None else change[picture.map])
        if picture.format == "u8":
            return to_u8(quantize(from_numpy(change)[None], signed=True))
        colours = colormap(picture.colormap) if picture.colormap else default_colormap(signed=True)
        tone = Tone(signed=True, normalize=picture.normalize)
        if picture.map is None:
            return atlas_png(change, colours, tone, scale=picture.scale, max_pixels=self._max_pixels)
        return map_png(change, picture.map, colours, tone, scale=picture.scale, max_pixels=self._max_pixels)


def _is_shared(a: Run, b: Run, one: Compared) -> bool:
    """Whether both runs have the very same values here, as an edited run and its base before the first edit."""
    return one.region is not None and one.region.move.by == (0, 0) and a.key(one.index) == b.key(one.index)


def _pair(a: Run, b: Run, name: str, alignment: Alignment) -> Compared:
    """A layer of A, computable and with a computable partner of the same shape."""
    a.index(name)
    one = next(one for one in _pairs(a, b, alignment) if one.name == name)
    if one.state == "compared":
        return one
    if one.state == "missing":
        raise NotFound(f"{name}: {one.reason}", where="layer", expected="a layer that both runs have")
    if one.state == "unavailable" and one.partner is not None:
        b.layer(one.partner)
    raise Invalid(f"{name}: {one.reason}", where="layer", expected="a layer that the runs share, and cells left of it")


def _pairs(a: Run, b: Run, alignment: Alignment) -> list[Compared]:
    """The input and every layer of A, each with its partner, and whether they can be compared; no values."""
    found = partners(a.model.network, b.model.network)
    return [_paired(a, b, INPUT, {INPUT: INPUT}, alignment)] + [
        _paired(a, b, node.index, found, alignment) for node in a.model.network.nodes
    ]


def _paired(a: Run, b: Run, index: int, found: Mapping[int, int], alignment: Alignment) -> Compared:
    name = _name(a, index)
    if index not in found:
        return Compared(index, name, None, "missing", "the other network has no layer of this name")
    partner = _name(b, found[index])
    ours, theirs = a.shape(index), b.shape(found[index])
    if ours != theirs:
        return Compared(index, name, partner, "other shape", f"{_by(ours)} here, {_by(theirs)} there")
    for run, layer in ((a, name), (b, partner)):
        if (reason := run.unavailable.get(layer)) is not None:
            return Compared(index, name, partner, "unavailable", reason)
    field = PIXEL if index == INPUT else a.analysis.layers[index].receptive_field
    height, width = ours[1:] if len(ours) == 3 else (1, 1)
    chosen = region(height, width, field, alignment.pixels, alignment.border)
    if chosen is None:
        return Compared(index, name, partner, "left out", "the shift and the border leave no cell of it")
    _, *image = a.analysis.input_shape
    inside = is_inside(chosen, field, (image[0], image[1]), alignment.pixels)
    return Compared(index, name, partner, "compared", None, chosen, inside)


def _name(run: Run, index: int) -> str:
    return INPUT_NAME if index == INPUT else run.model.network.nodes[index].name


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(f"{side:,}" for side in shape)
