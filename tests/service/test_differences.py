"""Two runs compared: the same, edited, of other networks, shifted photos; numbers by NumPy on the layers themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import Invalid, NotFound, Unavailable
from app.net.edits import Edit
from app.service.differences import Alignment, Compared, Comparison, DifferencePicture
from app.service.images import Change
from app.service.run import Run, RunRecipe
from app.service.service import Service

from .test_runs import CHAIN, chain_run, npy, running, some_input

pytestmark = pytest.mark.anyio

CHELSEA = Path(__file__).resolve().parents[2] / "app" / "samples" / "chelsea.png"


async def compared(service: Service, a: Run, b: Run, **asked: Any) -> dict[str, Compared]:
    return {one.name: one async for one in service.differences.compare(a, b, Alignment(to=b.id, **asked))}


async def run_of(service: Service, array: np.ndarray, *layers: dict[str, Any]) -> Run:
    model = await service.models.add({"name": "n", "input": list(array.shape), "layers": list(layers)}, 0)
    image = await service.gallery.add(npy(array), array=True)
    return await service.runs.create(RunRecipe(image=image.id, model=model.id))


async def test_a_run_is_equal_to_itself_in_every_layer(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await chain_run(service)
        found = await compared(service, run, run)
        assert list(found) == ["input", *(node.name for node in run.model.network.nodes)]
        assert all(one.difference is not None and one.difference.equal for one in found.values())


async def test_numbers_are_those_of_the_layers(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        a, b = await chain_run(service, seed=0), await chain_run(service, seed=1)
        found = await compared(service, a, b)
        for name in ("input", "conv1", "relu2", "maxpool1"):
            x, y = [(await service.layers.array(run, name)).astype(np.float64) for run in (a, b)]
            one = found[name].difference
            assert one is not None
            assert one.relative == pytest.approx(np.linalg.norm(y - x) / np.linalg.norm(x))
            assert one.max_abs == np.abs(y - x).max()
            by_map = np.linalg.norm((y - x).reshape(len(x), -1), axis=1)
            assert [each.index for each in one.maps] == np.argsort(-by_map, kind="stable").tolist()
            np.testing.assert_allclose([each.norm for each in one.maps], np.sort(by_map)[::-1])


async def test_an_edit_shows_from_its_layer_on(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await chain_run(service)
        off = Edit(layer="conv2", channel=1, scale=0)
        run = await service.runs.create(base.recipe.model_copy(update={"edits": (off,)}))
        found = await compared(service, base, run)
        equal = {name: one.difference is not None and one.difference.equal for name, one in found.items()}
        assert [name for name in equal if equal[name]] == ["input", "conv1", "relu1"]
        changed = found["conv2"].difference
        assert changed is not None
        assert [one.index for one in changed.maps if one.norm] == [1]
        assert changed.maps[0].relative == 1


async def test_layers_that_both_runs_share_are_not_computed_to_be_compared(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await chain_run(service)
        bias = Edit(layer="linear1", channel=1, bias=2)
        run = await service.runs.create(base.recipe.model_copy(update={"edits": (bias,)}))
        for a, b in ((base, base), (base, run)):
            one = await service.differences.layer(a, b, "relu2", Alignment(to=b.id))
            assert one.difference is not None
            assert one.difference.equal
            assert [each.norm for each in one.difference.maps] == [0] * 4
        assert service.runs.layers_computed == 0


async def test_layers_without_a_partner_say_why(tmp_path: Path) -> None:
    conv = {"op": "conv", "filters": 2, "kernel": 1}
    async with running(tmp_path) as service:
        image = some_input()
        a = await run_of(service, image, conv, {"op": "relu"}, {**conv, "name": "wide"}, {**conv, "name": "alone"})
        b = await run_of(service, image, conv, {"op": "relu"}, {**conv, "name": "wide", "filters": 3})
        found = await compared(service, a, b)
        assert [one.state for one in found.values()] == ["compared"] * 3 + ["other shape", "missing"]
        assert found["wide"].reason == "2×8×8 here, 3×8×8 there"
        assert found["alone"].partner is None
        with pytest.raises(Invalid, match="2×8×8 here"):
            await service.differences.layer(a, b, "wide", Alignment(to=b.id))
        with pytest.raises(NotFound, match="no layer of this name"):
            await service.differences.layer(a, b, "alone", Alignment(to=b.id))
        with pytest.raises(NotFound):
            await service.differences.layer(a, b, "nowhere", Alignment(to=b.id))


async def test_a_layer_that_only_one_run_can_compute_says_so(tmp_path: Path) -> None:
    flat = [{"op": "flatten"}, {"op": "linear", "units": 2}]
    async with running(tmp_path) as service:
        small = await run_of(service, some_input(), *flat)
        image = await service.gallery.add(npy(some_input(shape=(1, 9, 9))), array=True)
        large = await service.runs.create(RunRecipe(image=image.id, model=small.model.id))
        for a, b in ((small, large), (large, small)):
            found = await compared(service, a, b)
            assert [one.state for one in found.values()] == ["other shape", "other shape", "unavailable"]
            assert "2×64" in (found["linear1"].reason or "")
            with pytest.raises(Unavailable):
                await service.differences.layer(a, b, "linear1", Alignment(to=b.id))


async def test_a_border_may_leave_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await chain_run(service)
        found = await compared(service, run, run, border=4)
        assert found["conv1"].state == "left out"
        assert found["flatten1"].state == "compared"
        with pytest.raises(Invalid, match="leave no cell"):
            await service.differences.layer(run, run, "conv1", Alignment(to=run.id, border=4))


async def test_a_shifted_array_is_moved_back(tmp_path: Path) -> None:
    """The conv's inner cells see the same pixels; stride 2 pools them alike after an even shift only."""
    layers = CHAIN["layers"][:2] + CHAIN["layers"][4:5]
    image = some_input(shape=(1, 16, 16))
    async with running(tmp_path) as service:
        a = await run_of(service, image, *layers)
        moved = await service.gallery.vary(a.image, [Change(shift=(2, -2))])
        b = await service.runs.create(RunRecipe(image=moved.id, model=a.model.id))
        found = await compared(service, a, b, shift="2,-2", border=2)
        assert [one.difference is not None and not one.difference.exceeds(1e-6) for one in found.values()] == [True] * 4
        assert found["input"].difference is not None
        assert found["input"].difference.equal
        assert all(one.inside for one in found.values())
        unmoved = await compared(service, a, b)
        assert all(one.difference is not None and one.difference.exceeds(0.1) for one in unmoved.values())
        odd = await service.gallery.vary(a.image, [Change(shift=(1, 0))])
        c = await service.runs.create(RunRecipe(image=odd.id, model=a.model.id))
        found = await compared(service, a, c, shift="1,0", border=2)
        assert [one.region is not None and one.region.move.whole for one in found.values()] == [True, True, True, False]


async def test_the_difference_of_a_layer_is_b_less_a(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        a, b = await chain_run(service, seed=0), await chain_run(service, seed=1)
        x, y = [await service.layers.array(run, "relu1") for run in (a, b)]
        body = await service.differences.render(a, b, "relu1", DifferencePicture(to=b.id, format="npy"))
        assert body == npy(y - x)
        one = await service.differences.render(a, b, "relu1", DifferencePicture(to=b.id, format="npy", map=2))
        assert one == npy((y - x)[2])
        with pytest.raises(NotFound, match="no map 4"):
            await service.differences.render(a, b, "relu1", DifferencePicture(to=b.id, format="npy", map=4))


# Measured with torch and NumPy alone: of the photo at 337×224 two parts of 224×224, four pixels apart, 32 px left out.
POOL3, POOL5 = 0.513, 0.142


@pytest.mark.slow
async def test_vgg16_is_the_same_bit_for_bit_four_pixels_on_down_to_conv3_3(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        photo = await service.gallery.add(CHELSEA.read_bytes(), array=False)
        whole = Change(scale=224 / 300)
        pair = [
            await service.gallery.vary(photo, [whole, Change(crop=(left, 0, left + 224, 224))]) for left in (56, 52)
        ]
        vgg = (await service.models.find("vgg16")).id
        a, b = [await service.runs.create(RunRecipe(image=one.id, model=vgg)) for one in pair]
        found = await compared(service, a, b, shift="0,4", border=32)
        equal = [name for name, one in found.items() if one.difference is not None and one.difference.equal]
        names = ["input", *(node.name for node in a.model.network.nodes)]
        assert equal == names[: names.index("pool3")]
        differences = {name: one.difference for name, one in found.items()}
        for name, relative in (("pool3", POOL3), ("pool5", POOL5)):
            one = differences[name]
            assert one is not None
            assert one.relative == pytest.approx(relative, abs=5e-4)


@pytest.mark.parametrize("shift", ["4", "4,", "a,b", "1.5,0", "4,0,0", "", "9999999,0", " 4,0"])
def test_a_shift_is_two_whole_numbers(shift: str) -> None:
    with pytest.raises(ValueError, match="shift"):
        Comparison(to="x", shift=shift)
    assert Comparison(to="x", shift="-4,12").pixels == (-4, 12)
