"""The forms in which a layer leaves the service: exact arrays, bytes to colour, pictures, statistics, archives."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping, Sequence
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from ..probe.quantize import quantize
from ..render.atlas import atlas_png, map_png
from ..render.colormaps import Colormap, colormap, default_colormap
from ..render.drawing import to_png
from ..render.figure import Figure, layer_figure
from ..render.pdf import to_pdf
from ..render.picture import array_picture
from ..render.statistics import LayerStatistics, as_maps, layer_statistics
from ..render.svg import to_svg
from ..render.tone import Normalize, Tone
from ..settings import Settings
from .cache import ByteCache
from .encode import npz, safetensors, to_npy, to_u8
from .executor import Executor
from .figures import figure_caption, figure_title
from .images import restore
from .run import INPUT_NAME, Run
from .runs import Runs

ArchiveFormat = Literal["npz", "safetensors", "u8"]
LayerFormat = Literal["npy", "u8", "png", "json"]
ViewFormat = Literal["npy", "u8", "png", "json", "svg", "pdf"]

PRINTABLE = "^[^\\x00-\\x1f\\x7f-\\x9f\\ufffe\\uffff]+$"
"""Letters that a file of XML can hold, on one line."""

Result = TypeVar("Result")

FIGURES: Mapping[str, Callable[[Figure], bytes]] = {"svg": to_svg, "pdf": to_pdf}

# Layers in the making while one is on its way: enough that the device never waits for the network.
LAYERS_AHEAD = 6


class Picture(BaseModel):
    """How a layer is shown or written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: LayerFormat = "npy"
    map: int | None = Field(None, ge=0, description="One map, for npy and pictures; all when left out.")
    colormap: str | None = Field(None, description="For pictures: viridis, magma, cividis, grey, RdBu or iceburn.")
    scale: int = Field(1, ge=1, le=64, description="For png: pixels a value, nearest neighbour.")
    normalize: Normalize = Field("map", description="For pictures: the scale ends at the map's or layer's largest.")


class LayerView(Picture):
    """How a layer is shown or written, figures with a legend included."""

    format: ViewFormat = "npy"  # type: ignore[assignment]
    title: str | None = Field(None, max_length=200, pattern=PRINTABLE, description="Title of a figure, svg or pdf.")
    scale: int = Field(
        1, ge=1, le=64, description="For png: pixels a value; for svg and pdf: points a value, 1 for what reads well."
    )


class Layers:
    """Renders the layers of runs; what is quick to ask for again is cached within a byte budget."""

    def __init__(
        self, settings: Settings, runs: Runs, executor: Executor, image_names: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._image_names = image_names
        self._max_pixels = settings.max_picture_pixels
        self._runs = runs
        self._executor = executor
        self.rendered: ByteCache[bytes] = ByteCache(settings.rendered_cache_bytes)
        self._u8_wishes: Counter[Hashable] = Counter()
        runs.on_layer = self._on_layer

    async def array(self, run: Run, name: str) -> NDArray[np.float32]:
        """A layer exactly as computed, C×H×W or N, or the input under `input`."""
        if name == INPUT_NAME:
            return await self._runs.input(run)
        activation = await self._runs.activation(run, run.layer(name).index)
        return await self._executor.beside(partial(to_array, activation))

    async def render(self, run: Run, name: str, picture: Picture) -> bytes:
        """A layer as npy, u8, png, svg or pdf. Raises `NotFound`, `Unavailable`, `OverLimit`."""
        index = run.layer(name).index
        chosen = None if picture.map is None else run.channel(index, picture.map)
        if picture.format == "u8":
            return await self._u8(run, index)
        activation = await self._runs.activation(run, index)
        if isinstance(picture, LayerView) and picture.format in FIGURES:
            return await self._executor.beside(partial(self._figure, run, index, activation, picture))
        if picture.format == "png":
            return await self._executor.beside(partial(self._png, run, index, activation, picture))
        return await self._executor.beside(lambda: to_npy(to_array(activation, chosen)))

    async def statistics(self, run: Run, name: str) -> LayerStatistics:
        """A layer's numbers, map by map."""
        array = await self.array(run, name)
        return await self._executor.beside(partial(layer_statistics, array))

    async def input(self, run: Run, form: Literal["npy", "png"]) -> bytes:
        """The tensor that the network sees, exactly, or as the picture before the weights' mean and scale."""
        array = await self._runs.input(run)
        return await self._executor.beside(lambda: to_npy(array) if form == "npy" else _input_png(run, array))

    async def archive(self, run: Run, names: Sequence[str], form: ArchiveFormat) -> AsyncIterator[bytes]:
        """Several layers in one stream, each as soon as it is computed; memory holds a few at a time."""
        if form == "u8":
            return self._frames(run, names)
        arrays = self._arrays(run, names)
        if form == "npz":
            return npz(arrays)
        return safetensors({name: run.shape(run.index(name)) for name in names}, arrays)

    def forget(self, run: Run) -> None:
        """Drop what was computed and rendered for a run that is not kept."""
        if self._runs.forget(run):
            self.rendered.discard(run.owns)

    async def _frames(self, run: Run, names: Sequence[str]) -> AsyncIterator[bytes]:
        async for _, body in ahead(names, lambda name: self._u8(run, run.layer(name).index)):
            yield body

    async def _arrays(self, run: Run, names: Sequence[str]) -> AsyncIterator[tuple[str, NDArray[np.float32]]]:
        async for named in ahead(names, lambda name: self.array(run, name)):
            yield named

    async def _u8(self, run: Run, index: int) -> bytes:
        key = run.key(index)
        if (body := self.rendered.get(key)) is not None:
            return body
        self._u8_wishes[key] += 1
        try:
            activation = await self._runs.activation(run, index)
        finally:
            self._u8_wishes[key] -= 1
            if not self._u8_wishes[key]:
                del self._u8_wishes[key]
        if (body := self.rendered.peek(key)) is not None:
            return body
        return await self._executor.beside(partial(self._quantize, run, index, activation))

    def _on_layer(self, run: Run, index: int, activation: Tensor) -> None:
        """On the device's thread: quantise what is wished for at once, with all of its cores and a warm cache."""
        if run.key(index) in self._u8_wishes:
            self._quantize(run, index, activation)

    def _quantize(self, run: Run, index: int, activation: Tensor) -> bytes:
        body = to_u8(quantize(activation, signed=run.signed(index)))
        self.rendered.put(run.key(index), body, len(body))
        return body

    def _png(self, run: Run, index: int, activation: Tensor, picture: Picture) -> bytes:
        colours, tone = _colours(run, index, picture)
        maps = as_maps(to_array(activation))
        if picture.map is None:
            return atlas_png(maps, colours, tone, scale=picture.scale, max_pixels=self._max_pixels)
        return map_png(maps, picture.map, colours, tone, scale=picture.scale, max_pixels=self._max_pixels)

    def _figure(self, run: Run, index: int, activation: Tensor, picture: LayerView) -> bytes:
        colours, tone = _colours(run, index, picture)
        figure = layer_figure(
            as_maps(to_array(activation)),
            colours,
            tone,
            index=picture.map,
            title=picture.title or figure_title(run, index, picture.map),
            caption=figure_caption(run, index, self._image_names.get(run.image.id), colours.name),
            scale=picture.scale,
            max_pixels=self._max_pixels,
        )
        return FIGURES[picture.format](figure)


def _colours(run: Run, index: int, picture: Picture) -> tuple[Colormap, Tone]:
    signed = run.signed(index)
    colours = colormap(picture.colormap) if picture.colormap else default_colormap(signed=signed)
    return colours, Tone(signed=signed, normalize=picture.normalize)


async def ahead(
    names: Sequence[str], make: Callable[[str], Coroutine[Any, Any, Result]]
) -> AsyncIterator[tuple[str, Result]]:
    """What `make` gives for each name, in order, while the next few are in the making already."""
    making: deque[tuple[str, asyncio.Task[Result]]] = deque()
    waiting = iter(names)
    try:
        while True:
            for name in islice(waiting, LAYERS_AHEAD - len(making)):
                making.append((name, asyncio.create_task(make(name))))
            if not making:
                return
            name, task = making[0]
            yield name, await task
            making.popleft()
    finally:
        for _, task in making:
            task.cancel()


def to_array(activation: Tensor, channel: int | None = None) -> NDArray[np.float32]:
    """An activation as C×H×W or N, or one map of it; memory of its own."""
    chosen = activation[0] if channel is None else activation[0, channel]
    return np.ascontiguousarray(chosen.numpy(force=True))


def _input_png(run: Run, array: NDArray[np.float32]) -> bytes:
    photo = run.image.kind == "photo"
    return to_png(restore(array, run.model.preprocessing) if photo else array_picture(array), palette=None)
