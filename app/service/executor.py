"""One thread a device runs the networks; its queue is bounded in length and in wait. Knows nothing of what it runs."""

import asyncio
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import torch

from ..errors import Busy

log = logging.getLogger(__name__)

Result = TypeVar("Result")


def choose_device(wish: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """The device that networks run on; the only place that decides it."""
    available = torch.cuda.is_available()
    if wish == "cuda" and not available:
        raise RuntimeError("CONVSCOPE_DEVICE=cuda, but torch finds no GPU; use auto or cpu.")
    return torch.device("cuda" if available and wish != "cpu" else "cpu")


def usable_cores() -> int:
    """Cores this process may use (its affinity and, in a container, its CPU quota)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, round(int(quota) / int(period))))


def use_exact_float32() -> None:
    """No TF32: on a GPU, too, a number is what float32 arithmetic gives."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def use_threads(count: int) -> None:
    """Let torch use `count` threads for what this thread computes.

    The number is a thread's own once it has been read there; before, it follows the last one set anywhere.
    """
    torch.get_num_threads()
    torch.set_num_threads(count)


@dataclass(slots=True)
class _Job:
    work: Callable[[], object]
    future: "asyncio.Future[object]"
    loop: asyncio.AbstractEventLoop
    queued_at: float = field(default_factory=time.monotonic)

    def settle(self, result: object, error: BaseException | None) -> None:
        """Called in the loop; a future whose waiter has left is already done."""
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class Executor:
    """Runs work on the device, first come first served, and small array work on a few threads beside it."""

    def __init__(self, device: torch.device, *, threads: int, length: int, wait_seconds: float) -> None:
        self.device = device
        self._threads = threads or usable_cores()
        self._length = length
        self._wait_seconds = wait_seconds
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._thread = threading.Thread(target=self._loop, name=f"convscope-{device}", daemon=True)
        self._beside = ThreadPoolExecutor(
            max_workers=2, thread_name_prefix="convscope-render", initializer=use_threads, initargs=(1,)
        )

    def start(self) -> None:
        """Start the device's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the work in hand and end the threads."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._beside.shutdown(cancel_futures=True)

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._jobs.qsize()

    @property
    def full(self) -> bool:
        """Whether the queue takes no more."""
        return self.waiting >= self._length

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` on the device's thread. Raises `Busy` when the queue is full or the wait too long."""
        if self.full:
            raise Busy(f"{self._length} runs are waiting already.", limit=self._length, retry_after=self._retry_after())
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop)
        self._jobs.put(job)
        return await job.future  # type: ignore[return-value]

    async def beside(self, work: Callable[[], Result]) -> Result:
        """Run array work that needs no device, such as decoding, quantising or encoding, on another thread."""
        return await asyncio.get_running_loop().run_in_executor(self._beside, work)

    def _retry_after(self) -> float:
        return max(1.0, round(self._wait_seconds / 4))

    def _loop(self) -> None:
        use_threads(self._threads)
        use_exact_float32()
        while (job := self._jobs.get()) is not None:
            self._do(job)

    def _do(self, job: _Job) -> None:
        if job.future.cancelled():
            return
        result: object = None
        error: BaseException | None = None
        waited = time.monotonic() - job.queued_at
        if waited > self._wait_seconds:
            error = Busy(
                f"The run waited {waited:.0f} s for its turn; at most {self._wait_seconds:.0f} s are allowed.",
                limit=self._wait_seconds,
                retry_after=self._retry_after(),
            )
        else:
            try:
                result = job.work()
            except BaseException as caught:  # whatever it is belongs to the one who asked
                error = caught
        job.loop.call_soon_threadsafe(job.settle, result, error)
