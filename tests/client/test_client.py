"""The client against the application in this process: every call, against arrays worked out here."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

from app.client import Client, ProblemError, calls
from app.settings import Settings

from ..web.api import Api, npy, photo, png, serving

SPEC: dict[str, Any] = {
    "name": "small",
    "input": [3, 6, 8],
    "layers": [
        {"op": "conv", "name": "conv1", "filters": 4, "kernel": 3, "padding": 1},
        {"op": "relu", "name": "relu1"},
        {"op": "maxpool", "name": "pool1", "kernel": 2, "stride": 2},
        {"op": "flatten", "name": "flat"},
        {"op": "linear", "name": "scores", "units": 5},
    ],
}
VALUES = np.random.default_rng(3).normal(size=(3, 6, 8)).astype(np.float32)


class Bridge(httpx.BaseTransport):
    """Hands a synchronous client's requests to the application in this process."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._api.request(request.method, str(request.url), content=request.read(), headers=request.headers)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(Settings(data_dir=tmp_path_factory.mktemp("data"), device="cpu")) as served:
        yield served


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    with Client("http://test", transport=Bridge(api)) as client:
        yield client


def conv1(client: Client) -> tuple[torch.Tensor, torch.Tensor]:
    """The convolution's values worked out by torch from the kernels that the client reads, and those kernels."""
    kernels = torch.from_numpy(client.filters(client.model(SPEC), "conv1"))
    return F.conv2d(torch.from_numpy(VALUES)[None], kernels, padding=1)[0], kernels


def test_a_layer_is_what_torch_computes_from_the_kernels(client: Client) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    expected, _ = conv1(client)
    np.testing.assert_allclose(run.layer("conv1"), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(run.map("conv1", 2), run.layer("conv1")[2])
    np.testing.assert_array_equal(run.layer("relu1"), np.maximum(run.layer("conv1"), 0))
    assert run.layer("conv1").dtype == np.float32


def test_one_filter_is_that_of_all(client: Client) -> None:
    model = client.model(SPEC)
    np.testing.assert_array_equal(client.filters(model, "conv1", 1)[0], client.filters(model, "conv1")[1])


def test_an_array_is_seen_exactly_as_it_is(client: Client) -> None:
    image = client.upload(VALUES)
    assert (image.kind, image.shape) == ("array", (3, 6, 8))
    np.testing.assert_array_equal(client.run(image, client.model(SPEC)).input(), VALUES)


def test_a_photo_is_uploaded_from_a_path_or_bytes_under_one_id(client: Client, tmp_path: Path) -> None:
    data = png(photo(9, 12))
    (tmp_path / "photo.png").write_bytes(data)
    image = client.upload(data)
    assert client.upload(tmp_path / "photo.png") == client.upload(str(tmp_path / "photo.png")) == image
    assert (image.kind, image.width, image.height, image.format) == ("photo", 12, 9, "PNG")


def test_an_npy_file_is_an_array(client: Client, tmp_path: Path) -> None:
    np.save(tmp_path / "values.npy", VALUES)
    assert client.upload(tmp_path / "values.npy").kind == "array"


def test_a_spec_is_kept_and_found_by_its_id(client: Client) -> None:
    model = client.model(SPEC)
    assert client.model(model.id) == model
    assert list(model.layers) == ["conv1", "relu1", "pool1", "flat", "scores"]
    assert model.parameters == 4 * 3 * 9 + 4 + 4 * 3 * 4 * 5 + 5
    assert model.layers["pool1"].output_shape == (4, 3, 4)
    assert model.layers["pool1"].receptive_field.size == (4, 4)
    assert model.layers["conv1"].parameter_shapes == {"weight": (4, 3, 3, 3), "bias": (4,)}
    assert client.model(SPEC, seed=1).id != model.id


def test_the_presets_are_listed(client: Client) -> None:
    vgg16 = next(model for model in client.models() if model.name == "vgg16")
    assert (vgg16.input, vgg16.parameters) == ((3, 224, 224), 138_357_544)
    assert client.model("vgg16").id == vgg16.id


def test_analysis_allocates_nothing(client: Client) -> None:
    layers = [{"op": "flatten"}, {"op": "linear", "units": 1_000_000, "bias": False}]
    assert client.analyze({"input": [1, 1000, 1000], "layers": layers}).parameters == 10**12


def test_quantised_values_are_within_half_a_step(client: Client) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    for name in ("conv1", "relu1"):
        exact, bytes_ = run.layer(name), run.quantized(name)
        reach = np.abs(exact).max(axis=(1, 2), keepdims=True)
        assert bytes_.signed == (name == "conv1")
        assert (np.abs(bytes_.values() - exact) <= reach / (254 if bytes_.signed else 510) * 1.001).all()
        np.testing.assert_array_equal(bytes_.high, exact.max(axis=(1, 2)))


def test_statistics_are_the_arrays(client: Client) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    statistics = run.statistics("relu1")
    assert statistics["summary"]["max"] == run.layer("relu1").max()
    assert [one["max"] for one in statistics["maps"]] == run.layer("relu1").max(axis=(1, 2)).tolist()


def test_one_number_is_its_patch_times_its_kernel(client: Client) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    unit = run.explain("conv1", 2, 0, 4)
    expected, kernels = conv1(client)
    padded = np.pad(VALUES, ((0, 0), (1, 1), (1, 1)))
    np.testing.assert_array_equal(unit.patch, padded[:, 0:3, 4:7])
    assert unit.kernel is not None
    assert unit.by_channel is not None
    np.testing.assert_array_equal(unit.kernel, kernels[2])
    assert unit.value == pytest.approx(float(expected[2, 0, 4]), rel=1e-5)
    assert unit.by_channel.sum() + unit.bias == pytest.approx(unit.total, rel=1e-12)
    assert unit.inside.tolist() == [[False] * 3, [True] * 3, [True] * 3]


def test_a_vectors_number_needs_its_channel_alone(client: Client) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    assert run.explain("scores", 3).value == run.layer("scores")[3]


def test_a_maximum_has_no_kernel(client: Client) -> None:
    unit = client.run(client.upload(VALUES), client.model(SPEC)).explain("pool1", 0, 1, 1)
    assert unit.kernel is None
    assert unit.json["winner"]["value"] == unit.patch.max()


@pytest.mark.parametrize("form", ["npz", "safetensors"])
def test_an_archive_holds_the_layers(client: Client, tmp_path: Path, form: Any) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    path = run.archive(tmp_path / f"layers.{form}", ["conv1", "scores"], format=form)
    arrays = load_file(path) if form == "safetensors" else dict(np.load(path))
    assert set(arrays) == {"conv1", "scores"}
    np.testing.assert_array_equal(arrays["conv1"], run.layer("conv1"))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_an_archive_that_is_refused_leaves_no_file(client: Client, tmp_path: Path) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    with pytest.raises(ProblemError, match="conv9"):
        run.archive(tmp_path / "layers.npz", ["conv9"])
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_the_servers_file(client: Client, api: Api, tmp_path: Path) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    path = run.page(tmp_path / "view.html", ["relu1", "scores"], title="Mine")
    assert path.read_bytes() == api.get(f"/api/v1/runs/{run.id}/page?layers=relu1,scores&title=Mine").content


def test_one_call_gives_what_a_run_gives(client: Client) -> None:
    model = client.model(SPEC)
    layers = client.activations(VALUES, ["relu1", "scores"], model)
    run = client.run(client.upload(VALUES), model)
    assert list(layers) == ["relu1", "scores"]
    np.testing.assert_array_equal(layers["relu1"], run.layer("relu1"))
    np.testing.assert_array_equal(layers["scores"], run.layer("scores"))


def test_size_and_fit_reach_the_network(client: Client) -> None:
    image = client.upload(png(photo(20, 30)))
    run = client.run(image, "vgg16", size=32, fit="stretch")
    assert (run.size, run.fit, run.input_shape) == (32, "stretch", (3, 32, 32))
    assert client.activations(png(photo(20, 30)), ["pool1"], size=32)["pool1"].shape == (64, 16, 16)


def test_a_run_is_found_by_its_id(client: Client) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    found = client.find_run(run.id)
    assert (found.id, found.layers) == (run.id, run.layers)
    assert run.layers["scores"].available


def test_a_picture_is_the_servers_file(client: Client, api: Api) -> None:
    run = client.run(client.upload(VALUES), client.model(SPEC))
    answer = api.get(f"/api/v1/runs/{run.id}/layers/relu1?format=png&map=1&colormap=magma&scale=3")
    assert run.picture("relu1", 1, colormap="magma", scale=3) == answer.content


def test_a_problem_says_all_that_the_server_says(client: Client) -> None:
    with pytest.raises(ProblemError) as caught:
        client.analyze({"input": [3, 4, 4], "layers": [{"op": "conv", "name": "big", "filters": 2, "kernel": 9}]})
    problem = caught.value
    assert (problem.status, problem.type) == (422, "/problems/invalid-spec")
    assert problem.title == "The network does not fit together"
    assert problem.where == "layers[0] (big).kernel"
    assert problem.expected
    assert problem.detail in str(problem)
    assert problem.expected in str(problem)


@pytest.mark.parametrize("name", ["../../models", "a/b", "?x=1"])
def test_a_name_never_leads_to_another_address(client: Client, name: str) -> None:
    with pytest.raises(ProblemError) as caught:
        client.run(client.upload(VALUES), client.model(SPEC)).layer(name)
    assert caught.value.status == 404


class Script(httpx.BaseTransport):
    """Answers what it was told, one after the other, and remembers the bodies it was sent."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        return self.answers.pop(0)


def busy(retry_after: str | None = "2") -> httpx.Response:
    problem = {"type": "/problems/busy", "title": "The queue is full", "status": 503, "detail": "64 runs wait"}
    headers = {"Content-Type": "application/problem+json"} | ({"Retry-After": retry_after} if retry_after else {})
    return httpx.Response(503, headers=headers, content=json.dumps(problem))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(calls.time, "sleep", seconds.append)
    return seconds


def test_a_full_queue_is_asked_again_after_as_long_as_it_says(waits: list[float]) -> None:
    script = Script(busy("2"), busy("7"), httpx.Response(200, json=[]))
    assert Client(transport=script).models() == []
    assert waits == [2, 7]


def test_a_form_is_sent_whole_each_time(waits: list[float]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, pool=VALUES)
    script = Script(busy(), httpx.Response(200, content=buffer.getvalue()))
    Client(transport=script).activations(npy(VALUES), ["pool"])
    assert npy(VALUES) in script.bodies[0]
    assert script.bodies[0] == script.bodies[1]


def test_patience_has_an_end(waits: list[float]) -> None:
    script = Script(*(busy("3600") for _ in range(3)))
    with pytest.raises(ProblemError) as caught:
        Client(transport=script, retries=2).models()
    assert (caught.value.status, caught.value.type) == (503, "/problems/busy")
    assert waits == [calls.LONGEST_WAIT] * 2
    assert script.answers == []


def test_a_503_that_does_not_say_when_is_an_error_at_once(waits: list[float]) -> None:
    with pytest.raises(ProblemError):
        Client(transport=Script(busy(None))).models()
    assert waits == []


def test_an_error_in_other_words_is_a_problem_too() -> None:
    with pytest.raises(ProblemError) as caught:
        Client(transport=Script(httpx.Response(502, text="no upstream"))).models()
    assert (caught.value.status, caught.value.title, caught.value.detail) == (502, "Bad Gateway", "no upstream")


def test_bytes_that_are_no_u8_layer_are_refused() -> None:
    run = {"id": "a", "image": "b", "model": "c", "model_name": "d", "size": 1, "fit": "crop", "layers": []}
    script = Script(
        httpx.Response(200, json=run | {"input": {"shape": [1, 1, 1]}}), httpx.Response(200, content=bytes(24))
    )
    with pytest.raises(ValueError, match="u8"):
        Client(transport=script).find_run("a").quantized("conv1")
