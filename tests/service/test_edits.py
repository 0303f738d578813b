"""Runs with edits: numbers as torch gives them with the edited weights, early layers shared, weights left alone."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor

from app.errors import Invalid, OverLimit, Unavailable
from app.net.edits import Edit
from app.service import runs as runs_module
from app.service.layers import Picture
from app.service.run import Run, RunRecipe
from app.service.service import Service

from .test_runs import npy, running, some_input

pytestmark = pytest.mark.anyio

GROUPED: dict[str, Any] = {
    "name": "grouped",
    "input": [2, 8, 8],
    "layers": [
        {"op": "conv", "filters": 4, "kernel": 3, "padding": 1},
        {"op": "relu"},
        {"op": "conv", "filters": 4, "kernel": [3, 1], "groups": 2},
        {"op": "relu"},
        {"op": "maxpool", "kernel": 2},
        {"op": "flatten"},
        {"op": "linear", "units": 3},
        {"op": "softmax"},
    ],
}
NAMES = ("conv1", "relu1", "conv2", "relu2", "maxpool1", "flatten1", "linear1", "softmax1")
IMAGE = some_input(shape=(2, 8, 8))
KERNEL = np.linspace(-1, 1, 6).reshape(2, 3, 1).tolist()  # one filter of conv2: 2 of 4 channels, 3×1


async def base_run(service: Service, spec: dict[str, Any] = GROUPED, image: np.ndarray = IMAGE) -> Run:
    model = await service.models.add(spec, 0)
    stored = await service.gallery.add(npy(image), array=True)
    return await service.runs.create(RunRecipe(image=stored.id, model=model.id))


async def edited_run(service: Service, *edits: dict[str, Any], **network: Any) -> Run:
    base = await base_run(service, **network)
    wanted = tuple(Edit(**edit) for edit in edits)
    return await service.runs.create(base.recipe.model_copy(update={"edits": wanted}))


def by_torch(
    params: Mapping[str, Mapping[str, Tensor]], scales: Mapping[str, Mapping[int, float]]
) -> dict[str, Tensor]:
    """Every layer of GROUPED by torch called directly, each map times its factor."""
    out: dict[str, Tensor] = {}
    x = torch.from_numpy(IMAGE)[None]
    steps = (
        ("conv1", lambda x: F.conv2d(x, **params["conv1"], padding=1)),
        ("relu1", F.relu),
        ("conv2", lambda x: F.conv2d(x, **params["conv2"], groups=2)),
        ("relu2", F.relu),
        ("maxpool1", lambda x: F.max_pool2d(x, 2)),
        ("flatten1", lambda x: x.flatten(1)),
        ("linear1", lambda x: F.linear(x, **params["linear1"])),
        ("softmax1", lambda x: F.softmax(x, 1)),
    )
    for name, step in steps:
        x = step(x).clone()
        for channel, factor in scales.get(name, {}).items():
            x[:, channel] *= factor
        out[name] = x
    return out


def edit_of(layer: str, channel: int, **change: Any) -> dict[str, Any]:
    return {"layer": layer, "channel": channel, **change}


CASES = {
    "a convolution's map off": [edit_of("conv1", 2, scale=0)],
    "a map after relu doubled": [edit_of("relu1", 1, scale=2)],
    "a map turned round": [edit_of("relu2", 0, scale=-1.5)],
    "a pooled map off": [edit_of("maxpool1", 3, scale=0)],
    "one number of a vector": [edit_of("flatten1", 7, scale=3), edit_of("softmax1", 1, scale=0.5)],
    "a kernel of a group": [edit_of("conv2", 3, kernel=KERNEL)],
    "a bias": [edit_of("conv1", 0, bias=0.75)],
    "a row": [edit_of("linear1", 2, kernel=[float(k % 5) for k in range(48)], bias=-1)],
    "everything of one filter": [edit_of("conv2", 1, kernel=KERNEL, bias=0.5, scale=-2)],
    "several layers": [
        edit_of("linear1", 0, scale=0),
        edit_of("conv1", 3, bias=1),
        edit_of("conv1", 0, scale=0.25),
        edit_of("conv1", 1, kernel=np.ones((2, 3, 3)).tolist()),
    ],
}


@pytest.mark.parametrize("edits", CASES.values(), ids=CASES)
async def test_every_layer_is_what_torch_gives_with_the_edited_weights(
    tmp_path: Path, edits: list[dict[str, Any]]
) -> None:
    async with running(tmp_path) as service:
        run = await edited_run(service, *edits)
        served = (await service.models.weights(run.model)).params
        params = {layer: {name: tensor.clone() for name, tensor in held.items()} for layer, held in served.items()}
        scales: dict[str, dict[int, float]] = {}
        for edit in edits:
            if "kernel" in edit:
                params[edit["layer"]]["weight"][edit["channel"]] = torch.tensor(edit["kernel"])
            if "bias" in edit:
                params[edit["layer"]]["bias"][edit["channel"]] = edit["bias"]
            if "scale" in edit:
                scales.setdefault(edit["layer"], {})[edit["channel"]] = edit["scale"]
        expected = by_torch(params, scales)
        for index, name in enumerate(NAMES):
            torch.testing.assert_close(await service.runs.activation(run, index), expected[name])


@pytest.mark.parametrize("edits", CASES.values(), ids=CASES)
async def test_every_number_of_an_edited_run_is_explained(tmp_path: Path, edits: list[dict[str, Any]]) -> None:
    async with running(tmp_path) as service:
        run = await edited_run(service, *edits)
        for edit in (*edits, edit_of("linear1", 1)):
            layer = await service.layers.array(run, edit["layer"])
            place = (edit["channel"], 2, 1)[: layer.ndim]
            unit = await service.explain(run, edit["layer"], edit["channel"], *((2, 1) if layer.ndim == 3 else (0, 0)))
            assert unit.value == layer[place]
            assert unit.total == pytest.approx(unit.value, rel=1e-5, abs=1e-6)
            assert unit.scale == edit.get("scale")
            if "kernel" in edit:
                assert unit.kernel is not None
                np.testing.assert_allclose(unit.kernel.ravel(), np.ravel(edit["kernel"]), rtol=1e-7)
            if "bias" in edit:
                assert unit.bias == edit["bias"]


async def test_a_scaled_map_is_explained_as_its_factor_times_the_sum(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await base_run(service)
        plain = await service.explain(base, "conv1", 2, 3, 4)
        scaled = await service.explain(await edited_run(service, edit_of("conv1", 2, scale=-0.5)), "conv1", 2, 3, 4)
        assert scaled.scale == -0.5
        assert scaled.formula == f"−0.5 · ({plain.formula})"
        assert scaled.bias is not None
        assert scaled.products_sum == plain.products_sum
        assert scaled.total == -0.5 * (plain.products_sum + scaled.bias)
        assert plain.scale is None


async def test_the_served_weights_stay_as_they_are(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await base_run(service)
        weights = (await service.models.weights(base.model)).params
        before = {layer: {name: tensor.clone() for name, tensor in held.items()} for layer, held in weights.items()}
        values = (await service.runs.activation(base, len(NAMES) - 1)).clone()
        run = await edited_run(service, edit_of("conv1", 0, kernel=np.zeros((2, 3, 3)).tolist(), bias=5))
        assert not torch.equal(await service.runs.activation(run, len(NAMES) - 1), values)
        for layer, held in before.items():
            for name, tensor in held.items():
                assert torch.equal(weights[layer][name], tensor)
        service.runs.activations.discard(lambda _: True)
        assert torch.equal(await service.runs.activation(base, len(NAMES) - 1), values)


async def test_layers_before_the_first_edit_are_not_computed_again(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await base_run(service)
        await service.runs.activation(base, len(NAMES) - 1)
        computed = service.runs.layers_computed
        run = await edited_run(service, edit_of("conv2", 1, bias=2))
        assert service.runs.computed(run) == {0, 1}
        await service.runs.activation(run, len(NAMES) - 1)
        assert service.runs.layers_computed - computed == len(NAMES) - 2
        assert await service.runs.activation(run, 1) is await service.runs.activation(base, 1)


async def test_a_map_scaled_alone_is_made_from_the_layer_at_hand(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await base_run(service)
        plain = await service.runs.activation(base, 2)
        computed = service.runs.layers_computed
        run = await edited_run(service, edit_of("conv2", 1, scale=2), edit_of("relu2", 0, scale=2))
        assert run.rescaled == {2}
        scaled = await service.runs.activation(run, 2)
        assert service.runs.layers_computed == computed
        assert torch.equal(scaled[:, 1], 2 * plain[:, 1])
        assert torch.equal(scaled[:, [0, 2, 3]], plain[:, [0, 2, 3]])


async def test_what_an_edited_run_computes_before_the_edit_is_there_for_the_unedited_one(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await edited_run(service, edit_of("conv2", 1, bias=2))
        await service.runs.activation(run, len(NAMES) - 1)
        base = await service.runs.find(run.base)
        assert service.runs.computed(base) == {0, 1}


async def test_a_branch_that_no_edit_reaches_is_shared(tmp_path: Path) -> None:
    conv = {"op": "conv", "filters": 2, "kernel": 1}
    spec = {
        "name": "branches",
        "input": [2, 8, 8],
        "layers": [
            {**conv, "name": "left"},
            {**conv, "name": "right", "from": "input"},
            {"op": "add", "from": ["left", "right"]},
        ],
    }
    async with running(tmp_path) as service:
        run = await edited_run(service, edit_of("left", 0, scale=0), spec=spec)
        assert run.reached == {0, 2}
        base = await service.runs.find(run.base)
        assert await service.runs.activation(run, 1) is await service.runs.activation(base, 1)


async def test_bytes_before_the_edit_are_those_of_the_unedited_run(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await edited_run(service, edit_of("conv2", 1, scale=0))
        base = await service.runs.find(run.base)
        early = await service.layers.render(base, "relu1", Picture(format="u8"))
        assert await service.layers.render(run, "relu1", Picture(format="u8")) is early
        late = [await service.layers.render(one, "conv2", Picture(format="u8")) for one in (base, run)]
        assert late[0] != late[1]


async def test_the_id_of_an_unedited_run_is_made_of_four_fields(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        base = await base_run(service)
        recipe = json.dumps(
            {"image": base.image.id, "model": base.model.id, "size": None, "fit": "native"}, separators=(",", ":")
        )
        assert base.id == hashlib.sha256(recipe.encode()).hexdigest()[:32]
        assert base.base == base.id


async def test_equal_edits_are_one_run_however_they_are_written(tmp_path: Path) -> None:
    first = edit_of("conv1", 1, scale=0.1)
    second = edit_of("conv2", 0, kernel=KERNEL)
    third = edit_of("conv2", 0, bias=1)
    nothing = edit_of("relu2", 0, scale=1)
    async with running(tmp_path) as service:
        run = await edited_run(service, first, second, third)
        assert await edited_run(service, third, nothing, first, second) is run
        together = edit_of("conv2", 0, bias=1.0, kernel=np.float32(KERNEL).tolist())
        assert await edited_run(service, together, edit_of("conv1", 1, scale=float(np.float32(0.1)))) is run
        assert await edited_run(service, nothing) is await base_run(service)
        assert await edited_run(service, first) is not run


async def test_an_edited_run_is_found_again_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await edited_run(service, edit_of("conv2", 0, kernel=KERNEL, scale=0.3))
        before = await service.layers.array(run, "linear1")
    async with running(tmp_path) as service:
        again = await service.runs.find(run.id)
        assert again.id == run.id
        np.testing.assert_array_equal(await service.layers.array(again, "linear1"), before)


async def test_a_map_is_off_even_where_it_is_infinite(tmp_path: Path) -> None:
    spec = {"name": "twice", "input": [1, 1, 2], "layers": [{"op": "add", "from": ["input", "input"]}]}
    image = np.array([[[3e38, 1]]], dtype=np.float32)
    async with running(tmp_path) as service:
        run = await edited_run(service, edit_of("add1", 0, scale=0), spec=spec, image=image)
        assert (await service.layers.array(run, "add1")).tolist() == [[[0, 0]]]
        assert (await service.explain(run, "add1", 0, 0, 0)).total == 0


async def test_a_negative_factor_makes_a_layer_and_those_that_pass_it_on_signed(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        run = await edited_run(service, edit_of("relu2", 0, scale=-1))
        signed = {row.name: row.signed for row in run.analysis.layers}
        assert [name for name in NAMES if signed[name]] == [
            "conv1",
            "conv2",
            "relu2",
            "maxpool1",
            "flatten1",
            "linear1",
        ]
        base = await service.runs.find(run.base)
        assert not base.signed(NAMES.index("relu2"))


@pytest.mark.parametrize(
    ("edits", "where", "expected"),
    [
        ([edit_of("conv3", 0, scale=0)], "edits[0] (conv3).layer", "`conv2` or `conv1`"),
        ([edit_of("input", 0, scale=0)], "edits[0] (input).layer", None),
        ([edit_of("conv1", 4, scale=0)], "edits[0] (conv1).channel", "0 to 3"),
        ([edit_of("linear1", 3, scale=0)], "edits[0] (linear1).channel", "0 to 2"),
        ([edit_of("conv1", 10**30, scale=0)], "edits[0] (conv1).channel", "0 to 3"),
        ([edit_of("conv1", 0)], "edits[0] (conv1).scale", "scale, kernel or bias"),
        ([edit_of("conv1", 0, kernel=[[[1.0]]])], "edits[0] (conv1).kernel", "2×3×3 (C_in/groups×kH×kW)"),
        (
            [edit_of("conv2", 0, kernel=np.ones((4, 3, 1)).tolist())],
            "edits[0] (conv2).kernel",
            "2×3×1 (C_in/groups×kH×kW)",
        ),
        ([edit_of("linear1", 0, kernel=[1.0, 2.0])], "edits[0] (linear1).kernel", "48 (a list of values)"),
        ([edit_of("relu1", 0, kernel=[1.0])], "edits[0] (relu1).kernel", "scale"),
        ([edit_of("maxpool1", 0, bias=1)], "edits[0] (maxpool1).bias", "scale"),
        (
            [edit_of("conv1", 0, scale=0), edit_of("conv1", 0, scale=0)],
            "edits[1] (conv1).scale",
            "each field of a channel once",
        ),
        (
            [edit_of("conv1", 0, scale=0, bias=1), edit_of("conv1", 0, bias=2)],
            "edits[1] (conv1).bias",
            "each field of a channel once",
        ),
    ],
)
async def test_an_edit_that_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, edits: list[dict[str, Any]], where: str, expected: str | None
) -> None:
    async with running(tmp_path) as service:
        with pytest.raises(Invalid) as refusal:
            await edited_run(service, *edits)
        assert refusal.value.where == where
        if expected is not None:
            assert refusal.value.expected == expected


async def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        with pytest.raises(Invalid) as refusal:
            await edited_run(service, edit_of("conv9", 0, scale=0), edit_of("conv1", 9, kernel=[1.0]))
        assert [fault.where for fault in refusal.value.faults] == [
            "edits[0] (conv9).layer",
            "edits[1] (conv1).channel",
            "edits[1] (conv1).kernel",
        ]


async def test_a_locally_connected_layer_has_no_one_kernel(tmp_path: Path) -> None:
    spec = {"name": "places", "input": [2, 8, 8], "layers": [{"op": "local", "filters": 1, "kernel": 3}]}
    async with running(tmp_path) as service:
        with pytest.raises(Invalid, match="a kernel and a bias for every place"):
            await edited_run(service, edit_of("local1", 0, kernel=np.ones((2, 3, 3)).tolist()), spec=spec)
        run = await edited_run(service, edit_of("local1", 0, scale=0), spec=spec)
        assert not (await service.layers.array(run, "local1")).any()


async def test_a_layer_without_a_bias_takes_none(tmp_path: Path) -> None:
    conv = {"op": "conv", "filters": 1, "kernel": 3, "bias": False}
    async with running(tmp_path) as service:
        with pytest.raises(Invalid, match="conv1 has no bias"):
            await edited_run(service, edit_of("conv1", 0, bias=1), spec={**GROUPED, "layers": [conv]})


async def test_a_layer_that_cannot_be_computed_cannot_be_edited(tmp_path: Path) -> None:
    async with running(tmp_path) as service:
        model = await service.models.find("vgg16")
        image = await service.gallery.add(npy(some_input(shape=(3, 32, 32))), array=True)
        recipe = RunRecipe(image=image.id, model=model.id, edits=(Edit(layer="fc8", channel=0, scale=0),))
        with pytest.raises(Unavailable) as refusal:
            await service.runs.create(recipe)
        assert refusal.value.where == "fc8"
        assert refusal.value.expected == "a layer whose weights are there, such as conv5_3"


async def test_more_edits_than_allowed_are_refused_with_the_number(tmp_path: Path) -> None:
    async with running(tmp_path, max_edits=2) as service:
        edits = [edit_of("conv1", channel, scale=0) for channel in range(3)]
        assert (await edited_run(service, *edits[:2])).reached
        with pytest.raises(OverLimit) as refusal:
            await edited_run(service, *edits)
        assert refusal.value.limit == 2


async def test_kernels_of_remembered_runs_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "KERNEL_BYTES", 2 * 4 * 6)  # two kernels of conv2
    async with running(tmp_path) as service:
        first, *_ = [await edited_run(service, edit_of("conv2", k, kernel=KERNEL)) for k in range(3)]
        again = await service.runs.find(first.id)
        assert again is not first
        assert again.id == first.id


@pytest.mark.parametrize(
    "change",
    [
        {"scale": float("nan")},
        {"scale": float("inf")},
        {"scale": 1e7},
        {"scale": True},
        {"scale": "0"},
        {"bias": -1e7},
        {"kernel": []},
        {"kernel": [[1.0, 2.0], [3.0]]},
        {"kernel": ["1"]},
        {"kernel": [None]},
        {"kernel": [True]},
        {"kernel": [float("nan")]},
        {"kernel": [1e7]},
        {"kernel": [10**40]},
        {"kernel": [-(2**63)]},
        {"kernel": 1.0},
        {"kernel": {"0": 1}},
        {"scale": 0, "channel": -1},
        {"scale": 0, "channel": 1.5},
        {"scale": 0, "colour": "red"},
    ],
)
def test_a_number_that_is_no_number_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Edit(**{"layer": "conv1", "channel": 0, **change})
