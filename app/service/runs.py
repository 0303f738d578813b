"""Runs: one image through one network, each layer published the moment it is computed and shared by all who ask.

A run is known by what it is made of, so the same run asked for twice is one. Only its recipe is kept;
activations live in a cache and are computed again, from the nearest layer still there, when they are gone.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import Busy, ConvscopeError, Invalid, NotFound, OverLimit
from ..net.analysis import Shape, analyze
from ..net.edits import Edit, settle
from ..net.graph import INPUT
from ..net.model import Model
from ..net.weights import Weights
from ..probe.capture import Walk, plan
from ..settings import Settings
from .cache import ByteCache
from .executor import Executor
from .gallery import Gallery, StoredImage
from .images import Placement, check_photo_channels, decode, decode_array, place, preprocess
from .models import Models
from .run import Run, RunRecipe, Waiting
from .store import Store, is_id

log = logging.getLogger(__name__)

# Kernels that remembered runs may hold in their edits: 64 MB, many times what one request can send.
KERNEL_BYTES = 64 * 1024 * 1024


class Runs:
    """Makes runs, computes their layers and keeps what fits into the cache."""

    def __init__(  # the parts it works with, each made once by the service
        self, settings: Settings, store: Store, gallery: Gallery, models: Models, executor: Executor
    ) -> None:
        self._settings = settings
        self._store = store
        self._gallery = gallery
        self._models = models
        self._executor = executor
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self.activations: ByteCache[Tensor] = ByteCache(settings.activation_cache_bytes)
        self.layers_computed = 0
        # Called on the device's thread for every layer, before anyone has it.
        self.on_layer: Callable[[Run, int, Tensor], None] = lambda _run, _index, _activation: None

    async def create(self, recipe: RunRecipe) -> Run:
        """The run of this recipe, kept. Raises for a missing image or model, a misfit, or an exceeded limit."""
        image = await self._gallery.find(recipe.image)
        model = await self._models.find(recipe.model)
        unedited = recipe.settled(image, model)
        if (run := self._known(unedited.id)) is None:
            run = await self._keep(self.prepare(unedited, image, model, partial(self._gallery.original, image.id)))
        return await self._edited(run, recipe.edits) if recipe.edits else run

    async def _edited(self, base: Run, wanted: Sequence[Edit]) -> Run:
        """The kept run with these edits; the base itself where they change nothing."""
        if len(wanted) > self._settings.max_edits:
            raise OverLimit(
                f"{len(wanted)} edits; at most {self._settings.max_edits} are made in one run here.",
                where="edits",
                limit=self._settings.max_edits,
            )
        edits = settle(wanted, base.model.network, base.analysis)
        for edit in edits.edits:
            base.layer(edit.layer)
        if not edits.edits:
            return base
        return self._known(base.recipe.edited(edits).id) or await self._keep(base.edited(edits))

    def _known(self, run_id: str) -> Run | None:
        """The run of this id if it is remembered, now the newest."""
        if (run := self._runs.get(run_id)) is not None:
            self._runs.move_to_end(run_id)
        return run

    async def _keep(self, run: Run) -> Run:
        await self._executor.beside(partial(self._store.put, f"runs/{run.id}", run.recipe.to_json()))
        return self._remember(run)

    async def find(self, run_id: str) -> Run:
        """The run of this id, from memory or from its kept recipe. Raises `NotFound`."""
        if (run := self._known(run_id)) is not None:
            return run
        data = self._store.get(f"runs/{run_id}") if is_id(run_id) else None
        if data is None:
            raise NotFound(f"There is no run {run_id!r}.", expected="an id that POST /api/v1/runs answered")
        return await self.create(RunRecipe.model_validate_json(data))

    def prepare(self, recipe: RunRecipe, image: StoredImage, model: Model, original: Callable[[], bytes]) -> Run:
        """A run, not kept: its arithmetic and its limits, nothing computed. `original` gives the image's bytes."""
        shape, placement = self._input(recipe, image, model)
        analysis = model.analysis if shape == model.analysis.input_shape else analyze(model.network, shape)
        run = Run(recipe, model, image, original, analysis, placement, model.unavailable(analysis))
        self._check_limits(run)
        return run

    def _remember(self, run: Run) -> Run:
        run = self._runs.setdefault(run.id, run)
        kernels = sum(known.recipe.nbytes for known in self._runs.values())
        while len(self._runs) > self._settings.max_runs or (kernels > KERNEL_BYTES and len(self._runs) > 1):
            _, oldest = self._runs.popitem(last=False)
            kernels -= oldest.recipe.nbytes
        return run

    def _input(self, recipe: RunRecipe, image: StoredImage, model: Model) -> tuple[Shape, Placement]:
        """The input's shape and how its pixels lie on the photo."""
        channels, height, width = model.analysis.input_shape
        if image.kind == "photo":
            check_photo_channels(channels)
        elif image.shape[0] != channels:
            raise Invalid(
                f"The array has {image.shape[0]} channels, {model.name} takes {channels}.",
                where="image",
                expected=f"an array of {channels}×H×W",
            )
        if recipe.size is None:
            height, width = image.height, image.width
        else:
            shorter = min(height, width)
            height, width = (max(1, round(side * recipe.size / shorter)) for side in (height, width))
        if max(height, width) > self._settings.max_input_size:
            raise OverLimit(
                f"The network would see {height}×{width} pixels; at most {self._settings.max_input_size} a side "
                "are computed here.",
                where="size",
                limit=self._settings.max_input_size,
                expected="a smaller size, or fit=crop with a size",
            )
        placement = place(image.width, image.height, height=height, width=width, fit=recipe.fit)
        return (channels, height, width), placement

    def _check_limits(self, run: Run) -> None:
        rows = [row for row in run.analysis.layers if row.name not in run.unavailable]
        activations = 4 * sum(_values(row.output_shape) for row in rows)
        scratch = max((row.scratch_bytes for row in rows), default=0)
        need = {
            "bytes of activations": (activations + scratch, self._settings.max_activation_bytes),
            "operations": (sum(row.operations for row in rows), self._settings.max_multiply_adds),
        }
        for what, (amount, limit) in need.items():
            if amount > limit:
                raise OverLimit(
                    f"This run needs {amount:,} {what}; this server allows {limit:,}.",
                    where="size",
                    limit=limit,
                    expected="a smaller input or fewer filters",
                )

    def forget(self, run: Run) -> bool:
        """Drop what was computed for a run that is not kept; whether it was one."""
        passing = run.id not in self._runs
        if passing:
            self.activations.discard(run.owns)
        return passing

    async def stop(self) -> None:
        """End the work of all runs."""
        tasks = [run.task for run in self._runs.values() if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def computed(self, run: Run) -> set[int]:
        """Indices of the layers that are at hand."""
        return {node.index for node in run.available if run.key(node.index) in self.activations}

    async def input(self, run: Run) -> NDArray[np.float32]:
        """The tensor that the network sees, C×H×W."""
        return await self._executor.beside(partial(self._load_input, run))

    def _load_input(self, run: Run) -> NDArray[np.float32]:
        data = run.original()
        if run.image.kind == "array":
            return decode_array(data, self._settings)
        channels, height, width = run.analysis.input_shape
        return preprocess(
            decode(data, self._settings).pixels,
            channels=channels,
            height=height,
            width=width,
            fit=run.recipe.fit,
            preprocessing=run.model.preprocessing,
        )[0]

    async def activation(self, run: Run, index: int) -> Tensor:
        """One layer's activation, 1×C×H×W or 1×N float32: at once when it is there, else the moment it is computed.

        A caller who leaves takes its wish back; work that nobody waits for stops after the layer in hand.
        """
        key = run.key(index)
        if (activation := self.activations.get(key)) is not None:
            return activation
        waiting = run.waiting.setdefault(index, Waiting(asyncio.get_running_loop().create_future()))
        waiting.waiters += 1
        self._tell(run)
        try:
            async with asyncio.timeout(self._settings.request_seconds):
                return await asyncio.shield(waiting.future)
        except TimeoutError:
            raise Busy(
                f"The layer was not there after {self._settings.request_seconds:.0f} s.",
                limit=self._settings.request_seconds,
                retry_after=5,
            ) from None
        finally:
            waiting.waiters -= 1
            if waiting.waiters == 0 and run.waiting.get(index) is waiting:
                del run.waiting[index]
                waiting.future.cancel()
                self._tell(run)

    def _tell(self, run: Run) -> None:
        """Let the device's thread know what is wanted now, and start the work when none is going on."""
        run.wanted = frozenset(run.waiting)
        if run.wanted and run.task is None:
            run.task = asyncio.create_task(self._drive(run))

    async def _drive(self, run: Run) -> None:
        """Have the device compute what is wanted; a failure goes to everyone who waits."""
        error: BaseException | None = None
        try:
            image = await self._activation_of_input(run)
            weights = await self._models.weights(run.model)
            loop = asyncio.get_running_loop()

            def publish(index: int, activation: Tensor) -> None:
                loop.call_soon_threadsafe(self._publish, run, index, activation)

            await self._executor.run(partial(self._compute, run, weights, image, publish))
        except ConvscopeError as caught:
            error = caught
        except Exception as caught:
            log.exception("run %s failed", run.id)
            error = caught
        run.task = None
        if error is not None:
            self._fail(run, error)
        self._tell(run)

    def _fail(self, run: Run, error: BaseException) -> None:
        waiting, run.waiting = run.waiting, {}
        for entry in waiting.values():
            if not entry.future.done():
                entry.future.set_exception(error)

    async def _activation_of_input(self, run: Run) -> Tensor:
        key = run.key(INPUT)
        if (image := self.activations.get(key)) is not None:
            return image
        array = await self.input(run)
        image = torch.tensor(array)[None]
        image = image.to(self._executor.device, memory_format=torch.channels_last)
        self.activations.put(key, image, image.nbytes)
        return image

    def _compute(self, run: Run, weights: Weights, image: Tensor, publish: Callable[[int, Tensor], object]) -> None:
        """On the device's thread: one layer after the other until nothing is wanted any more."""
        walk = Walk(run.model.network, weights, image, run.edits)

        def at_hand(index: int) -> bool:
            if index in walk:
                return True
            known = self._computed_before(run, index)
            if known is not None:
                walk.add(index, known)
            return known is not None

        done: set[int] = set()
        while wanted := run.wanted - done:
            steps = plan(run.model.network, wanted, at_hand)
            if steps:
                index = steps[0]
                activation = walk.compute(index)
                self.activations.put(run.key(index), activation, activation.nbytes)
                self.layers_computed += 1
                self.on_layer(run, index, activation)
            else:
                index = min(wanted)
                activation = walk[index]
            done.add(index)
            publish(index, activation)

    def _computed_before(self, run: Run, index: int) -> Tensor | None:
        """A layer from the cache; where an edit only scales maps of it, made from the unedited run's."""
        known = self.activations.peek(run.key(index))
        if known is None and index in run.rescaled:
            plain = self.activations.peek((run.base, index))
            if plain is not None:
                known = run.edits.scaled(run.model.network.nodes[index].name, plain)
                self.activations.put(run.key(index), known, known.nbytes)
        return known

    def _publish(self, run: Run, index: int, activation: Tensor) -> None:
        """In the loop: hand a layer to everyone who waits for it."""
        waiting = run.waiting.pop(index, None)
        if waiting is not None and not waiting.future.done():
            waiting.future.set_result(activation)
        run.wanted = frozenset(run.waiting)


def _values(shape: Shape) -> int:
    return int(np.prod(shape, dtype=object))
