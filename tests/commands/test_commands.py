"""The commands in this process: what they print is the arrays', what they write opens, what is wrong is said."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
from click.testing import Result
from PIL import Image
from safetensors.numpy import load_file
from typer.testing import CliRunner

from app.cli import commands
from app.settings import Settings

from ..web.api import Api, serving

SAMPLES = Path(__file__).resolve().parents[2] / "app" / "samples"
LECTURE = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
SPEC: dict[str, Any] = {
    "name": "own",
    "input": [3, 12, 12],
    "layers": [
        {"op": "conv", "name": "conv1", "filters": 5, "kernel": 3, "padding": 1},
        {"op": "relu", "name": "relu1"},
        {"op": "maxpool", "name": "pool1", "kernel": 2, "stride": 2},
        {"op": "flatten", "name": "flat"},
        {"op": "linear", "name": "scores", "units": 4},
    ],
}


def convscope(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(commands, [str(argument) for argument in arguments], input=stdin)


def output_of(*arguments: str | Path, stdin: bytes | None = None) -> str:
    result = convscope(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def cells(line: str) -> list[str]:
    return line.split()


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    np.save(tmp_path / "typed.npy", np.array(LECTURE, dtype=np.float32))
    return tmp_path / "typed.npy"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own.json").write_text(json.dumps(SPEC))
    return tmp_path / "own.json"


@pytest.fixture
def values(tmp_path: Path) -> Path:
    np.save(tmp_path / "values.npy", np.random.default_rng(2).normal(size=(3, 12, 12)).astype(np.float32))
    return tmp_path / "values.npy"


# --- networks


def test_models_lists_the_published_sizes() -> None:
    row = next(line for line in output_of("models").splitlines() if line.startswith("vgg16 "))
    assert cells(row) == ["vgg16", "VGG-16", "3×224×224", "shipped", "38", "138,357,544", "15,470,264,320"]
    assert {"vgg19", "slides"} <= {model["name"] for model in json.loads(output_of("models", "--json"))}


def test_analyze_prints_the_lectures_arithmetic() -> None:
    lines = output_of("analyze", "slides").splitlines()
    assert cells(lines[3]) == ["conv1", "conv", "input", "6×28×28", "456", "352,800", "5×5", "1×1"]
    assert cells(lines[5]) == ["conv2", "conv", "relu1", "10×24×24", "1,510", "864,000", "9×9", "1×1"]
    assert "1,966 parameters" in lines


def test_analyze_reads_a_file_a_request_and_standard_input(own: Path, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(json.dumps({"spec": SPEC}))
    tables = [
        output_of("analyze", own),
        output_of("analyze", tmp_path / "request.json"),
        output_of("analyze", "-", stdin=json.dumps(SPEC).encode()),
    ]
    assert tables[0] == tables[1] == tables[2]
    assert f"{5 * 27 + 5 + 5 * 36 * 4 + 4:,} parameters" in tables[0]
    assert json.loads(output_of("analyze", own, "--json"))["totals"]["parameters"] == 864


# --- run


def test_run_prints_each_layers_numbers(typed: Path) -> None:
    (_, row) = output_of("run", typed, "--model", "maxpool_4x4").splitlines()
    mean, std = np.mean([6, 8, 3, 4]), np.std([6, 8, 3, 4])
    assert cells(row) == ["pool", "maxpool", "1×2×2", "3", "8", f"{mean:.5g}", f"{std:.5g}", "0.0%"]


def test_run_says_what_is_left_out_and_what_helps() -> None:
    result = convscope("run", SAMPLES / "chelsea.png", "--size", "32")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1 + 31 + 1  # the head, the feature layers, and the flatten after them
    assert "fc6 and 5 more layers left out" in result.stderr


def test_run_prints_the_numbers_of_every_map_as_json(values: Path, own: Path, tmp_path: Path) -> None:
    (view,) = json.loads(output_of("run", values, "--model", own, "--layers", "relu1", "--json"))
    output_of("run", values, "--model", own, "--layers", "relu1", "--out", tmp_path / "relu1.npy")
    maps = np.load(tmp_path / "relu1.npy")
    assert [one["max"] for one in view["maps"]] == maps.max(axis=(1, 2)).tolist()


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_an_archive_holds_every_layer(values: Path, own: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"all.{ending}"
    result = convscope("run", values, "--model", own, "--out", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert str(path) in result.stderr
    arrays = load_file(path) if ending == "safetensors" else dict(np.load(path))
    assert set(arrays) == {"conv1", "relu1", "pool1", "flat", "scores"}
    np.testing.assert_array_equal(arrays["relu1"], np.maximum(arrays["conv1"], 0))
    pooled = arrays["relu1"].reshape(5, 6, 2, 6, 2).max(axis=(2, 4))
    np.testing.assert_array_equal(arrays["pool1"], pooled)


def test_a_folder_gets_a_picture_a_layer(values: Path, own: Path, tmp_path: Path) -> None:
    output_of("run", values, "--model", own, "--layers", "conv1,pool1", "--out", tmp_path / "maps")
    assert {path.name for path in (tmp_path / "maps").iterdir()} == {"conv1.png", "pool1.png"}


def test_a_folder_takes_any_format(typed: Path, tmp_path: Path) -> None:
    output_of("run", typed, "--model", "maxpool_4x4", "--out", tmp_path, "--format", "npy")
    np.testing.assert_array_equal(np.load(tmp_path / "pool.npy"), [[[6, 8], [3, 4]]])


def test_a_files_ending_is_its_format(typed: Path, tmp_path: Path) -> None:
    for ending in ("png", "svg", "pdf", "json", "u8"):
        output_of("run", typed, "--model", "maxpool_4x4", "--out", tmp_path / f"pool.{ending}", "--scale", "7")
    with Image.open(tmp_path / "pool.png") as picture:
        assert picture.size == (14, 14)
    assert "pool of maxpool_4x4" in (tmp_path / "pool.svg").read_text()
    assert len(pypdf.PdfReader(tmp_path / "pool.pdf").pages) == 1
    assert json.loads((tmp_path / "pool.json").read_text())["summary"]["max"] == 8
    assert (tmp_path / "pool.u8").read_bytes().startswith(b"CSU8")


def test_a_page_holds_the_layers_and_names_the_photo(values: Path, own: Path, tmp_path: Path) -> None:
    output_of("run", values, "--model", own, "--layers", "relu1,pool1", "--out", tmp_path / "view.html")
    html = (tmp_path / "view.html").read_text()
    assert "<title>values.npy through own</title>" in html
    assert html.count('<script type="text/plain" data-bytes=') == html.count('class="layer"') == 2


def test_a_figure_names_the_photo(typed: Path, tmp_path: Path) -> None:
    output_of("run", typed, "--model", "maxpool_4x4", "--out", tmp_path / "pool.svg")
    assert "Image typed.npy, seen as 1×4×4." in " ".join((tmp_path / "pool.svg").read_text().split())


def test_pipes_carry_photo_and_array(typed: Path) -> None:
    result = convscope("run", "-", "--model", "maxpool_4x4", "--out", "-", "--format", "npy", stdin=typed.read_bytes())
    np.testing.assert_array_equal(np.load(io.BytesIO(result.stdout_bytes)), [[[6, 8], [3, 4]]])


def test_the_seed_decides_the_weights(values: Path, own: Path) -> None:
    first, again, other = (output_of("run", values, "--model", own, "--seed", seed) for seed in ("0", "0", "1"))
    assert first == again != other


def test_nothing_is_kept(typed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    monkeypatch.setenv("CONVSCOPE_DATA_DIR", str(kept))
    output_of("run", typed, "--model", "maxpool_4x4")
    assert not kept.exists()


# --- explain


def test_explain_prints_the_winner_of_the_lectures_pooling(typed: Path) -> None:
    text = output_of("explain", typed, "--model", "maxpool_4x4", "--unit", "pool:0:0:1")
    assert "value    8" in text
    assert "winner   8 at row 1, column 3" in text
    assert [cells(line) for line in text.splitlines()[-2:]] == [["2", "4"], ["7", "8"]]


def test_explains_sums_make_the_total(values: Path, own: Path) -> None:
    text = output_of("explain", values, "--model", own, "--unit", "conv1:4:0:3", "--channels", "2")
    unit = json.loads(output_of("explain", values, "--model", own, "--unit", "conv1:4:0:3", "--json"))
    by_channel = (np.array(unit["patch"]) * unit["kernel"]).sum(axis=(1, 2))
    order = np.argsort(-np.abs(by_channel))
    assert [line for line in text.splitlines() if line.startswith("input channel")] == [
        f"input channel {k}: sum {by_channel[k]:.9g}" for k in order[:2]
    ]
    assert f"1 more channels: sum {by_channel[order[2]]:.9g}" in text
    assert f"total:        {by_channel.sum() + unit['bias']:.9g}" in text
    assert "3 of 9 cells in padding" in text
    assert text.count("[0]") == 6


def test_explain_names_a_vectors_unit_by_its_index(values: Path, own: Path) -> None:
    assert "scores (linear) of own" in output_of("explain", values, "--model", own, "--unit", "scores:3")


# --- the same as over REST


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(Settings(data_dir=tmp_path_factory.mktemp("data"), device="cpu")) as served:
        yield served


def test_networks_as_json_are_the_apis(api: Api, own: Path) -> None:
    assert json.loads(output_of("models", "--json")) == api.get("/api/v1/models").json()
    assert json.loads(output_of("analyze", own, "--json")) == api.post("/api/v1/analyses", json={"spec": SPEC}).json()


def test_layers_and_units_as_json_are_the_apis(api: Api, values: Path, own: Path) -> None:
    run = api.run(api.array(np.load(values)), api.model(SPEC["input"], *SPEC["layers"], name="own"))
    layer = f"/api/v1/runs/{run['id']}/layers/conv1"
    (statistics,) = json.loads(output_of("run", values, "--model", own, "--layers", "conv1", "--json"))
    assert statistics == api.get(f"{layer}?format=json").json()
    unit = json.loads(output_of("explain", values, "--model", own, "--unit", "conv1:1:2:3", "--json"))
    assert unit["patch"] == api.get(f"{layer}/units/1/2/3").json()["patch"]
    assert unit["total"] == api.get(f"{layer}/units/1/2/3").json()["total"]


# --- what is wrong


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("analyze", "vgg61"), 1, "vgg16"),
        (("analyze", "missing.json"), 1, "missing.json: No such file"),
        (("run", "missing.png"), 1, "missing.png: No such file"),
        (("run", "{typed}", "--model", "maxpool_4x4", "--layers", "pol"), 1, "pool"),
        (("run", "{typed}", "--model", "vgg16"), 1, "1 channels"),
        (("run", "{own}"), 1, "image"),
        (("run", "{typed}", "--model", "maxpool_4x4", "--out", "{folder}/a/b.png"), 1, "No such file"),
        (("run", "{values}", "--model", "{own}", "--out", "{folder}/a.png"), 2, "5 layers are named; png holds one"),
        (("run", "{values}", "--model", "{own}", "--out", "{folder}/a.npz", "--format", "npy"), 2, "--format npz"),
        (("run", "{typed}", "--model", "maxpool_4x4", "--title", "\x01", "--out", "{folder}/a.svg"), 2, "--title"),
        (("run", "{typed}", "--model", "maxpool_4x4", "--map", "1", "--out", "{folder}/a.png"), 1, "0 to 0"),
        (("run", "{typed}", "--scale", "0"), 2, "--scale"),
        (("explain", "{typed}", "--unit", "pool:1"), 1, "vgg16"),
        (("explain", "{typed}", "--model", "maxpool_4x4", "--unit", "pool:0:9:0"), 1, "0 to 1"),
        (("explain", "{typed}", "--unit", "pool:0:0"), 2, "LAYER:CHANNEL:ROW:COLUMN"),
        (("explain", "{typed}", "--unit", "pool:a"), 2, "LAYER:CHANNEL:ROW:COLUMN"),
        (("explain", "{typed}"), 2, "--unit"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_fit(
    arguments: tuple[str, ...], status: int, words: str, typed: Path, own: Path, values: Path, tmp_path: Path
) -> None:
    places = {"typed": typed, "own": own, "values": values, "folder": tmp_path}
    result = convscope(*(argument.format(**places) for argument in arguments))
    assert result.exit_code == status, result.output
    assert words in result.stderr
    assert result.stdout == ""
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.stderr


def test_every_fault_of_a_network_is_told_with_its_place(tmp_path: Path) -> None:
    layers = [{"op": "conv", "filters": 2, "kernel": 3, "x": 1}, {"op": "pooling"}]
    result = convscope("analyze", "-", stdin=json.dumps({"input": [1, 8, 8], "layers": layers}).encode())
    assert result.exit_code == 1
    assert result.stderr.startswith("convscope: The network does not fit together\n")
    assert "layers[0]" in result.stderr
    assert "layers[1]" in result.stderr
    assert "expected: " in result.stderr


@pytest.mark.parametrize("text", ["", "[1]", "{", "\x00", "[" * 100_000])
def test_what_is_no_specification_is_refused(text: str) -> None:
    result = convscope("analyze", "-", stdin=text.encode())
    assert result.exit_code == 1
    assert "-" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_refused_file_leaves_nothing_behind(typed: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    result = convscope("run", typed, "--model", "maxpool_4x4", "--map", "3", "--out", target / "pool.png")
    assert result.exit_code == 1
    assert list(target.iterdir()) == []
