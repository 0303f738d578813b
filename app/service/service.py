"""The service as its callers see it: the parts, made once and wired here, and what needs several of them."""

import asyncio
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from .. import __version__
from ..errors import Invalid, NotAcceptable, NotFound
from ..net.graph import INPUT
from ..net.model import Model
from ..probe.explain import Explanation, check_place, explain
from ..render.colormaps import colormap, default_colormap
from ..render.filters import filters_png
from ..settings import Settings
from .differences import Differences
from .executor import Executor, choose_device
from .gallery import Gallery, Sample, StoredImage
from .images import Fit, decode, encode_upright
from .layers import Layers
from .models import Models
from .run import Run, RunRecipe
from .runs import Runs
from .store import Store

SHIPPED_MODEL = "vgg16"
CONVOLUTION_RANK = 4


class KernelView(BaseModel):
    """How kernels are shown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: int | None = Field(None, ge=0, description="One filter; all when left out.")
    colormap: str | None = Field(None, description="Colour map of kernels that do not see RGB; RdBu by default.")
    scale: int | None = Field(None, ge=1, le=64, description="Pixels a cell; chosen to be comfortable when left out.")


class Service:
    """Images, networks and runs of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.version = __version__
        self.ready = False
        self.store = Store.in_folder(settings.data_dir, settings.store_bytes)
        self.executor = Executor(
            choose_device(settings.device),
            threads=settings.threads,
            length=settings.queue_length,
            wait_seconds=settings.queue_wait_seconds,
        )
        self.gallery = Gallery(settings, self.store, self.executor)
        self.models = Models(settings, self.store, self.executor)
        self.runs = Runs(settings, self.store, self.gallery, self.models, self.executor)
        self.image_names = {sample.id: sample.name for sample in self.gallery.samples}
        self.layers = Layers(settings, self.runs, self.executor, self.image_names)
        self.differences = Differences(settings, self.runs, self.executor)
        self._warming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the device's thread and load the shipped weights beside it."""
        self.executor.start()
        self._warming = asyncio.create_task(self._warm())

    async def stop(self) -> None:
        """Finish the work in hand."""
        if self._warming is not None:
            self._warming.cancel()
        await self.runs.stop()
        await asyncio.to_thread(self.executor.stop)

    async def _warm(self) -> None:
        await self.models.weights(await self.models.find(SHIPPED_MODEL))
        self.ready = True

    async def samples(self) -> list[tuple[Sample, StoredImage]]:
        """The photos that ship with convscope."""
        return [(sample, await self.gallery.find(sample.id)) for sample in self.gallery.samples]

    async def picture(self, image: StoredImage, max_side: int | None) -> tuple[bytes, str]:
        """An image as its upright picture or a thumbnail, or an array as its npy file, and its media type."""
        return await self.executor.beside(partial(self._picture, image, max_side))

    def _picture(self, image: StoredImage, max_side: int | None) -> tuple[bytes, str]:
        data = self.gallery.original(image.id)
        if image.kind == "array":
            return data, "application/x-npy"
        return encode_upright(decode(data, self.settings), max_side)

    async def passing_run(  # one call's image, network and view
        self, data: bytes, *, array: bool, model: str, size: int | None, fit: Fit
    ) -> Run:
        """A run whose image is not kept."""
        image = await self.executor.beside(partial(self.gallery.read, data, array=array))
        network = await self.models.find(model)
        recipe = RunRecipe(image=image.id, model=network.id, size=size, fit=fit).settled(image, network)
        return self.runs.prepare(recipe, image, network, lambda: data)

    async def explain(self, run: Run, layer: str, channel: int, y: int, x: int) -> Explanation:
        """One number of a layer, worked out again. Raises `NotFound` for a place that the layer does not have."""
        node = run.layer(layer)
        check_place(node, run.analysis, channel, y, x)
        weights = await self.models.weights(run.model)
        values = {index: await self.runs.activation(run, index) for index in (*node.inputs, node.index)}
        return await self.executor.beside(
            partial(
                explain,
                run.model.network,
                weights,
                run.analysis,
                node,
                values.__getitem__,
                channel=channel,
                y=y,
                x=x,
                edits=run.edits,
                max_cells=self.settings.max_unit_cells,
            )
        )

    async def kernels(self, model: Model, layer: str, chosen: int | None = None) -> NDArray[np.float32]:
        """A layer's kernels: C_out×C_in/groups×kH×kW of a convolution, or what else its `weight` is; `chosen` alone.

        Raises `Invalid` for a layer without weights, `Unavailable` where they are missing.
        """
        node = model.network.node(layer)
        if "weight" not in model.analysis.layers[node.index].parameter_shapes:
            raise Invalid(f"{node.name} is a {node.layer.op} layer; it has no kernels.", where="layer")
        model.require(node.name)
        weights = await self.models.weights(model)
        kernel = weights.params[node.name]["weight"]
        if chosen is not None:
            if chosen >= len(kernel):
                raise NotFound(
                    f"{node.name} has no filter {chosen}.", where="filter", expected=f"0 to {len(kernel) - 1}"
                )
            kernel = kernel[chosen : chosen + 1]
        return await self.executor.beside(lambda: np.ascontiguousarray(kernel.numpy(force=True)))

    async def kernels_png(self, model: Model, layer: str, view: KernelView) -> bytes:
        """Kernels as pictures; a linear layer's rows as pictures of the volume that was flattened for it.

        Raises as `kernels`, and `NotAcceptable` for weights without a picture.
        """
        kernels = await self.kernels(model, layer, view.filter)
        if (volume := flattened_volume(model, layer)) is not None:
            kernels = kernels.reshape(-1, *volume)
        if kernels.ndim != CONVOLUTION_RANK:
            raise NotAcceptable(f"The weights of {layer} are no pictures.", expected="format=npy or format=json")
        chosen = colormap(view.colormap) if view.colormap else default_colormap(signed=True)
        return await self.executor.beside(
            partial(
                filters_png,
                kernels,
                chosen,
                index=None if view.filter is None else 0,
                scale=view.scale,
                max_pixels=self.settings.max_picture_pixels,
            )
        )


def flattened_volume(model: Model, layer: str) -> tuple[int, ...] | None:
    """C×H×W of what a linear layer's input was before its flatten; None where there is no such volume."""
    node = model.network.node(layer)
    source = model.network.nodes[node.inputs[0]] if node.inputs[0] != INPUT else None
    if node.layer.op != "linear" or source is None or source.layer.op != "flatten":
        return None
    return model.analysis.layers[source.index].input_shape
