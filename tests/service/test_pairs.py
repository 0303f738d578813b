"""Pairs of runs: what a caller says becomes two runs, and B's picture is what A's network saw, altered."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from PIL import Image

from app.errors import Invalid, NotFound
from app.service.pairs import Alteration, Pair, Wish, find_pair
from app.service.service import Service
from app.settings import Settings

Result = TypeVar("Result")
Do = Callable[[Callable[[Service], Coroutine[Any, Any, Result]]], Result]


@pytest.fixture
def do(tmp_path: Path) -> Do[Any]:
    """Runs work with a started service of its own."""

    def run(work: Callable[[Service], Coroutine[Any, Any, Any]]) -> Any:
        async def whole() -> Any:
            service = Service(Settings(data_dir=tmp_path, device="cpu"))
            await service.start()
            try:
                return await work(service)
            finally:
                await service.stop()

        return asyncio.run(whole())

    return run


def noise(height: int, width: int) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


async def inputs(service: Service, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    assert pair.b is not None
    return await service.runs.input(pair.a), await service.runs.input(pair.b)


async def wish(service: Service, data: bytes, **more: Any) -> Wish:
    image = await service.gallery.add(data, array=False)
    return Wish(image=image.id, model="slides", **more)


def test_nothing_said_of_b_leaves_it_out(do: Do[Pair]) -> None:
    async def work(service: Service) -> Pair:
        return await find_pair(service, await wish(service, noise(40, 50)), Wish(), None)

    assert do(work).b is None


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "native"])
def test_b_is_what_a_saw_moved_by_pixels_of_the_input(do: Do[Any], fit: str) -> None:
    async def work(service: Service) -> tuple[np.ndarray, np.ndarray]:
        a = await wish(service, noise(64, 96), fit=fit)
        return await inputs(service, await find_pair(service, a, Wish(), Alteration(right=3, down=-2)))

    a, b = do(work)
    assert a.shape == b.shape
    assert np.array_equal(b[:, :-2, 3:], a[:, 2:, :-3])


def test_an_alteration_that_changes_nothing_is_the_same_run(do: Do[Pair]) -> None:
    async def work(service: Service) -> Pair:
        return await find_pair(service, await wish(service, noise(32, 32)), Wish(), Alteration())

    pair = do(work)
    assert pair.b is not None
    assert pair.b.id == pair.a.id


def test_another_image_and_another_network(do: Do[Pair]) -> None:
    async def work(service: Service) -> Pair:
        other = await service.gallery.add(noise(48, 48), array=False)
        a = await wish(service, noise(32, 32))
        return await find_pair(service, a, Wish(image=other.id, model="linear"), None)

    pair = do(work)
    assert pair.b is not None
    assert (pair.a.model.name, pair.b.model.name) == ("slides", "linear")
    assert pair.b.image.width == 48


def test_the_same_runs_are_found_by_their_ids(do: Do[Any]) -> None:
    async def work(service: Service) -> tuple[Pair, Pair]:
        first = await find_pair(service, await wish(service, noise(32, 32)), Wish(), Alteration(right=1))
        assert first.b is not None
        return first, await find_pair(service, Wish(run=first.a.id), Wish(run=first.b.id), None)

    first, second = do(work)
    assert (first.a.id, first.b.id) == (second.a.id, second.b.id)


def test_an_unknown_run_is_not_found(do: Do[Pair]) -> None:
    with pytest.raises(NotFound):
        do(lambda service: find_pair(service, Wish(run="0" * 32), Wish(), None))


def test_a_shift_beyond_the_photo_is_refused(do: Do[Pair]) -> None:
    async def work(service: Service) -> Pair:
        return await find_pair(service, await wish(service, noise(32, 32)), Wish(), Alteration(right=32))

    with pytest.raises(Invalid, match="leaves nothing"):
        do(work)


class TestChanges:
    def test_enlarging_keeps_the_size_and_the_middle(self) -> None:
        scale, crop = Alteration(zoom=150).changes(100, 200)
        assert scale.scale == 1.5
        assert crop.crop == (50, 25, 250, 125)

    def test_they_are_made_in_one_order(self) -> None:
        altered = Alteration(right=1, turn=5, zoom=110, crop=2, blur=1, noise=3)
        assert [change.op for change in altered.changes(64, 64)] == [
            "rotate", "scale", "crop", "crop", "shift", "blur", "noise",
        ]  # fmt: skip

    def test_a_crop_takes_the_same_from_every_side(self) -> None:
        (crop,) = Alteration(crop=3).changes(20, 30)
        assert crop.crop == (3, 3, 27, 17)
