"""The device's thread: in order, bounded in length and wait, and never stopped by what it runs."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import torch

from app.errors import Busy
from app.service.executor import Executor, choose_device

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def executor(length: int = 8, wait_seconds: float = 5.0) -> AsyncIterator[Executor]:
    made = Executor(torch.device("cpu"), threads=1, length=length, wait_seconds=wait_seconds)
    made.start()
    try:
        yield made
    finally:
        await asyncio.to_thread(made.stop)


class Gate:
    """Work that holds the device until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.leave = threading.Event()

    def __call__(self) -> None:
        self.entered.set()
        assert self.leave.wait(10)


async def test_work_runs_in_order_on_one_thread() -> None:
    async with executor() as device:
        seen: list[tuple[int, str]] = []
        work = [
            device.run(lambda number=number: seen.append((number, threading.current_thread().name)))  # type: ignore[misc]
            for number in range(5)
        ]
        await asyncio.gather(*work)
    assert [number for number, _ in seen] == list(range(5))
    assert {name for _, name in seen} == {"convscope-cpu"}


async def test_a_failure_reaches_its_asker_and_the_thread_goes_on() -> None:
    async with executor() as device:
        with pytest.raises(ZeroDivisionError):
            await device.run(lambda: 1 // 0)
        assert await device.run(lambda: 7) == 7


async def test_a_full_queue_refuses_with_its_length_and_when_to_come_again() -> None:
    async with executor(length=1) as device:
        gate = Gate()
        first = asyncio.create_task(device.run(gate))
        await asyncio.to_thread(gate.entered.wait, 10)
        second = asyncio.create_task(device.run(lambda: 2))
        await asyncio.sleep(0)
        assert device.full
        with pytest.raises(Busy) as refusal:
            await device.run(lambda: 3)
        assert refusal.value.limit == 1
        assert refusal.value.retry_after is not None
        gate.leave.set()
        await first
        assert await second == 2


async def test_too_long_a_wait_is_refused() -> None:
    async with executor(wait_seconds=0.01) as device:
        gate = Gate()
        first = asyncio.create_task(device.run(gate))
        await asyncio.to_thread(gate.entered.wait, 10)
        second = asyncio.create_task(device.run(lambda: 2))
        await asyncio.sleep(0.05)
        gate.leave.set()
        await first
        with pytest.raises(Busy, match="waited"):
            await second


async def test_work_whose_asker_left_is_not_done() -> None:
    async with executor() as device:
        gate = Gate()
        first = asyncio.create_task(device.run(gate))
        await asyncio.to_thread(gate.entered.wait, 10)
        done: list[int] = []
        second = asyncio.create_task(device.run(lambda: done.append(2)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        gate.leave.set()
        await first
        await device.run(lambda: None)
    assert done == []


async def test_each_thread_keeps_its_own_number_of_torch_threads() -> None:
    device = Executor(torch.device("cpu"), threads=2, length=4, wait_seconds=5)
    device.start()
    try:
        beside = await device.beside(torch.get_num_threads)
        on_device = await device.run(torch.get_num_threads)
    finally:
        await asyncio.to_thread(device.stop)
    assert (on_device, beside) == (2, 1)


@pytest.fixture
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("_no_gpu")
def test_a_device_that_is_not_there_is_refused_plainly() -> None:
    assert choose_device("auto") == torch.device("cpu")
    with pytest.raises(RuntimeError, match="CONVSCOPE_DEVICE=cuda"):
        choose_device("cuda")
