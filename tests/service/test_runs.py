"""Runs: shared, published layer by layer, computed again when gone, ended when nobody waits."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from app.errors import Busy, Invalid, NotFound, OverLimit, Unavailable
from app.net.graph import INPUT
from app.probe import capture
from app.service.run import Run, RunRecipe
from app.service.service import Service
from app.settings import Settings

pytestmark = pytest.mark.anyio

CHAIN: dict[str, Any] = {
    "name": "chain",
    "input": [1, 8, 8],
    "layers": [
        {"op": "conv", "filters": 4, "kernel": 3, "padding": 1},
        {"op": "relu"},
        {"op": "conv", "filters": 4, "kernel": 3, "padding": 1},
        {"op": "relu"},
        {"op": "maxpool", "kernel": 2},
        {"op": "flatten"},
        {"op": "linear", "units": 3},
    ],
}
LAST = len(CHAIN["layers"]) - 1


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def some_input(seed: int = 0, shape: tuple[int, ...] = (1, 8, 8)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@asynccontextmanager
async def running(folder: Path, **changes: Any) -> AsyncIterator[Service]:
    service = Service(Settings(data_dir=folder, device="cpu", **changes))
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def chain_run(service: Service, seed: int = 0, spec: dict[str, Any] = CHAIN) -> Run:
    model = await service.models.add(spec, 0)
    image = await service.gallery.add(npy(some_input(seed)), array=True)
    return await service.runs.create(RunRecipe(image=image.id, model=model.id))


class Slow:
    """Stands before every layer, so that a test decides when the next one is computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gates = threading.Semaphore(0)
        self.computed: list[int] = []
        compute = capture.Walk.compute

        def held(walk: capture.Walk, index: int) -> torch.Tensor:
            assert self.gates.acquire(timeout=10)
            self.computed.append(index)
            return compute(walk, index)

        monkeypatch.setattr(capture.Walk, "compute", held)

    def let(self, layers: int) -> None:
        self.gates.release(layers)


async def test_every_layer_equals_torch(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await chain_run(service)
        params = (await service.models.weights(run.model)).params
        x = torch.from_numpy(some_input())[None]
        wanted = [F.conv2d(x, params["conv1"]["weight"], params["conv1"]["bias"], padding=1)]
        wanted.append(wanted[-1].relu())
        wanted.append(F.conv2d(wanted[-1], params["conv2"]["weight"], params["conv2"]["bias"], padding=1))
        wanted.append(wanted[-1].relu())
        wanted.append(F.max_pool2d(wanted[-1], 2))
        wanted.append(wanted[-1].flatten(1))
        wanted.append(F.linear(wanted[-1], params["linear1"]["weight"], params["linear1"]["bias"]))
        for index, value in enumerate(wanted):
            torch.testing.assert_close(await service.runs.activation(run, index), value)


async def test_the_same_run_asked_for_twice_is_computed_once(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        first, second = await chain_run(service), await chain_run(service)
        assert first is second
        await asyncio.gather(*(service.runs.activation(run, LAST) for run in (first, second) for _ in range(5)))
        assert service.runs.layers_computed == len(CHAIN["layers"])


async def test_a_layer_is_there_before_the_next_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    async with running(tmp_path) as service:
        run = await chain_run(service)
        last = asyncio.create_task(service.runs.activation(run, LAST))
        first = asyncio.create_task(service.runs.activation(run, 0))
        slow.let(1)
        await asyncio.wait_for(first, 10)
        assert slow.computed == [0]
        assert not last.done()
        slow.let(100)
        await last


async def test_a_later_wish_goes_on_from_where_the_walk_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    async with running(tmp_path, activation_cache_bytes=0) as service:
        run = await chain_run(service)
        early = asyncio.create_task(service.runs.activation(run, 1))
        slow.let(1)
        while slow.computed != [0]:
            await asyncio.sleep(0.001)
        late = asyncio.create_task(service.runs.activation(run, 3))
        await asyncio.sleep(0)
        slow.let(100)
        await asyncio.gather(early, late)
        assert slow.computed == [0, 1, 2, 3]


async def test_work_ends_when_everyone_has_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    async with running(tmp_path) as service:
        run = await chain_run(service)
        leaving = asyncio.create_task(service.runs.activation(run, LAST))
        slow.let(1)
        while slow.computed != [0]:
            await asyncio.sleep(0.001)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        slow.let(100)
        while run.task is not None:
            await asyncio.sleep(0.001)
        assert len(slow.computed) <= 2  # the layer in hand is finished, nothing after it


async def test_what_the_cache_dropped_is_made_again_from_the_nearest_layer(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await chain_run(service)
        before = (await service.runs.activation(run, LAST)).clone()
        service.runs.activations.discard(lambda key: key == (run.id, LAST) or key == (run.id, LAST - 1))
        assert torch.equal(await service.runs.activation(run, LAST), before)
        assert service.runs.layers_computed == len(CHAIN["layers"]) + 2


async def test_without_any_cache_every_layer_still_comes(tmp_path: Path) -> None:
    async with running(tmp_path, activation_cache_bytes=0, rendered_cache_bytes=0) as service:
        run = await chain_run(service)
        for index in reversed(range(LAST + 1)):
            assert (await service.runs.activation(run, index)).shape[1:] == run.shape(index)


async def test_a_run_is_found_again_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await chain_run(service)
        before = await service.layers.array(run, "linear1")
    async with running(tmp_path) as service:
        again = await service.runs.find(run.id)
        np.testing.assert_array_equal(await service.layers.array(again, "linear1"), before)


async def test_a_failure_in_a_layer_reaches_all_who_wait_and_the_next_try_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as service:
        run = await chain_run(service)
        with monkeypatch.context() as broken:
            broken.setattr(capture.Walk, "compute", lambda *_: 1 // 0)
            results = await asyncio.gather(
                *(service.runs.activation(run, index) for index in (0, 3)), return_exceptions=True
            )
        assert [type(result) for result in results] == [ZeroDivisionError] * 2
        assert (await service.runs.activation(run, 3)).shape == (1, 4, 8, 8)


async def test_too_long_a_request_is_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch)
    async with running(tmp_path, request_seconds=0.05) as service:
        run = await chain_run(service)
        with pytest.raises(Busy) as refusal:
            await service.runs.activation(run, 0)
        assert refusal.value.retry_after is not None
        slow.let(100)


async def test_a_passing_run_leaves_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        model = await service.models.add(CHAIN, 0)
        run = await service.passing_run(npy(some_input()), array=True, model=model.id, size=None, fit="crop")
        await service.layers.array(run, "relu1")
        service.layers.forget(run)
        assert service.runs.activations.size == 0
        assert not service.store.has(f"images/{run.image.id}")
        with pytest.raises(NotFound):
            await service.gallery.find(run.image.id)


async def test_a_passing_run_does_not_disturb_the_same_run_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        kept = await chain_run(service)
        await service.runs.activation(kept, LAST)
        passing = await service.passing_run(npy(some_input()), array=True, model=kept.model.id, size=None, fit="crop")
        assert passing.id == kept.id
        service.layers.forget(passing)
        assert service.runs.computed(kept) == set(range(LAST + 1))


async def test_limits_name_what_was_exceeded(tmp_path: Path) -> None:
    async with running(tmp_path, max_activation_bytes=1_000, max_input_size=64) as service:
        with pytest.raises(OverLimit) as refusal:
            await chain_run(service)
        assert refusal.value.limit == 1_000
        image = await service.gallery.add(npy(some_input(shape=(1, 65, 8))), array=True)
        model = await service.models.add(CHAIN, 0)
        with pytest.raises(OverLimit) as refusal:
            await service.runs.create(RunRecipe(image=image.id, model=model.id))
        assert refusal.value.limit == 64


@pytest.mark.parametrize(
    "layer",
    [
        {"op": "conv", "filters": 1, "kernel": 1, "stride": 10**9, "padding": 10**9},  # 3×3 values from 4·10^18
        {"op": "maxpool", "kernel": 10**9, "padding": [1, 0, 0, 0], "ceil_mode": True},
        {"op": "conv", "filters": 1, "kernel": 2, "padding": "same", "dilation": 10**9},
    ],
)
async def test_a_layer_that_pads_without_end_is_refused_before_it_takes_the_memory(
    tmp_path: Path, layer: dict[str, Any]
) -> None:
    async with running(tmp_path) as service:
        with pytest.raises(OverLimit, match="bytes of activations"):
            await chain_run(service, spec={"input": [1, 8, 8], "layers": [layer]})


async def test_pooling_counts_as_work(tmp_path: Path) -> None:
    # 8×8 windows of 3×3 cells
    spec = {"input": [1, 8, 8], "layers": [{"op": "maxpool", "kernel": 3, "stride": 1, "padding": 1}]}
    async with running(tmp_path, max_multiply_adds=575) as service:
        with pytest.raises(OverLimit, match="576 operations"):
            await chain_run(service, spec=spec)


async def test_an_array_of_other_channels_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        image = await service.gallery.add(npy(some_input(shape=(3, 8, 8))), array=True)
        model = await service.models.add(CHAIN, 0)
        with pytest.raises(Invalid, match="3 channels"):
            await service.runs.create(RunRecipe(image=image.id, model=model.id))


async def test_at_another_size_layers_whose_weights_do_not_fit_say_so(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        model = await service.models.add(CHAIN, 0)
        image = await service.gallery.add(npy(some_input(shape=(1, 12, 12))), array=True)
        run = await service.runs.create(RunRecipe(image=image.id, model=model.id))
        assert (await service.layers.array(run, "maxpool1")).shape == (4, 6, 6)
        with pytest.raises(Unavailable, match="3×144"):
            run.layer("linear1")


async def test_the_oldest_runs_are_forgotten_and_made_again(tmp_path: Path) -> None:
    async with running(tmp_path, max_runs=1) as service:
        first = await chain_run(service, seed=0)
        await chain_run(service, seed=1)
        again = await service.runs.find(first.id)
        assert again is not first
        assert again.id == first.id


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
async def test_a_gpu_gives_the_same_numbers(tmp_path: Path) -> None:
    async with running(tmp_path / "cpu") as service:
        on_cpu = await service.layers.array(await chain_run(service), "linear1")
    gpu = Service(Settings(data_dir=tmp_path / "gpu", device="cuda"))
    await gpu.start()
    try:
        run = await chain_run(gpu)
        np.testing.assert_allclose(await gpu.layers.array(run, "linear1"), on_cpu, rtol=1e-4, atol=1e-5)
        assert (await gpu.runs.activation(run, INPUT + 1)).device.type == "cuda"
    finally:
        await gpu.stop()
