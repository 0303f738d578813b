"""Networks by name and by id: presets and kept specifications; weights are loaded when needed, within a budget."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any

from ..errors import NotFound
from ..net.analysis import analyze
from ..net.graph import build_network
from ..net.model import Model, make_model, preset_model
from ..net.presets import preset_names
from ..net.spec import parse_spec
from ..net.weights import Weights
from ..settings import Settings
from .cache import ByteCache
from .executor import Executor
from .store import Store, is_id

MOST_REMEMBERED = 256


class Models:
    """All networks that runs can be made of. A network is small; its weights are not and may be dropped."""

    def __init__(self, settings: Settings, store: Store, executor: Executor) -> None:
        self._settings = settings
        self._store = store
        self._executor = executor
        self._presets = {name: preset_model(name, max_parameters=settings.max_parameters) for name in preset_names()}
        self._by_id = {model.id: model for model in self._presets.values()}
        self._kept: OrderedDict[str, Model] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Weights]] = {}
        self.loaded: ByteCache[Weights] = ByteCache(settings.model_cache_bytes)

    def presets(self) -> list[Model]:
        """Every preset, in the order of the list."""
        return list(self._presets.values())

    def is_preset(self, model: Model) -> bool:
        """Whether this network is one of the presets."""
        return model.id in self._by_id

    def make(self, spec: Mapping[str, Any], seed: int = 0) -> Model:
        """A network with seeded weights, not kept; no tensor is made. Raises `SpecError`."""
        parsed = parse_spec(spec, max_layers=self._settings.max_spec_layers)
        network = build_network(parsed)
        return make_model(network, analyze(network), seed=seed, max_parameters=self._settings.max_parameters)

    async def add(self, spec: Mapping[str, Any], seed: int) -> Model:
        """Keep a network with seeded weights. Raises `SpecError`, `StorageFull`."""
        model = await self._executor.beside(partial(self.make, spec, seed))
        record = json.dumps({"spec": spec, "seed": seed}, sort_keys=True).encode()
        await self._executor.beside(partial(self._store.put, f"models/{model.id}", record))
        return self._remember(model)

    async def find(self, reference: str) -> Model:
        """The network of this id or preset name. Raises `NotFound`."""
        for known in (self._presets, self._by_id, self._kept):
            if (model := known.get(reference)) is not None:
                return model
        return self._remember(await self._executor.beside(partial(self._from_store, reference)))

    async def weights(self, model: Model) -> Weights:
        """A network's tensors on the device, loaded once however many ask, kept while the budget allows."""
        if (weights := self.loaded.get(model.id)) is not None:
            return weights
        if (task := self._loading.get(model.id)) is None:
            task = self._loading[model.id] = asyncio.create_task(self._load(model))
        return await asyncio.shield(task)

    async def _load(self, model: Model) -> Weights:
        try:
            weights = await self._executor.beside(partial(model.source.load, self._executor.device))
            self.loaded.put(model.id, weights, model.source.nbytes)
            return weights
        finally:
            del self._loading[model.id]

    def _from_store(self, reference: str) -> Model:
        data = self._store.get(f"models/{reference}") if is_id(reference) else None
        if data is None:
            names = ", ".join(self._presets)
            raise NotFound(
                f"There is no network {reference!r}.",
                where="model",
                expected=f"an id that POST /api/v1/models answered, or one of {names}",
            )
        record = json.loads(data)
        return self.make(record["spec"], record["seed"])

    def _remember(self, model: Model) -> Model:
        self._kept[model.id] = model
        while len(self._kept) > MOST_REMEMBERED:
            self._kept.popitem(last=False)
        return model
