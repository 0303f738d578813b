"""The networks that everybody starts from, as data: VGG and the lecture's small ones; no tensor, no image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import NotFound
from .faults import near
from .manifest import shipped_files
from .preprocessing import VGG, Preprocessing, default_preprocessing
from .spec import NetworkSpec, parse_spec

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named network. `weights_file` is the shipped one; `example` an input to type in, where the lecture has one."""

    name: str
    title: str
    spec: NetworkSpec
    weights_file: str | None
    preprocessing: Preprocessing
    year: int | None
    note: str
    example: Matrix | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    input: tuple[int, int, int]
    layers: tuple[dict[str, Any], ...]
    note: str
    year: int | None = None
    preprocessing: Preprocessing | None = None
    example: Matrix | None = None


# --- VGG: convolutions in each of five blocks, table 1 of Simonyan & Zisserman 2014

_VGG_FILTERS = (64, 128, 256, 512, 512)
_VGG = {
    "vgg11": ("VGG-11", "A", (1, 1, 2, 2, 2)),
    "vgg13": ("VGG-13", "B", (2, 2, 2, 2, 2)),
    "vgg16": ("VGG-16", "D", (2, 2, 3, 3, 3)),
    "vgg19": ("VGG-19", "E", (2, 2, 4, 4, 4)),
}


def _vgg(title: str, configuration: str, convolutions: tuple[int, ...]) -> _Entry:
    return _Entry(
        title,
        (3, 224, 224),
        (*_vgg_features(convolutions), *_vgg_classifier()),
        note=f"configuration {configuration} of Simonyan & Zisserman, Very Deep Convolutional Networks",
        year=2014,
        preprocessing=VGG,
    )


def _vgg_features(convolutions: tuple[int, ...]) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    for block, (count, filters) in enumerate(zip(convolutions, _VGG_FILTERS, strict=True), 1):
        for number in range(1, count + 1):
            name = f"{block}_{number}"
            layers += [
                {"op": "conv", "name": f"conv{name}", "filters": filters, "kernel": 3, "padding": 1},
                {"op": "relu", "name": f"relu{name}"},
            ]
        layers.append({"op": "maxpool", "name": f"pool{block}", "kernel": 2, "stride": 2})
    return layers


def _vgg_classifier() -> list[dict[str, Any]]:
    """Without the two dropout layers, which do nothing at inference."""
    return [
        {"op": "flatten", "name": "flatten"},
        {"op": "linear", "name": "fc6", "units": 4096},
        {"op": "relu", "name": "relu6"},
        {"op": "linear", "name": "fc7", "units": 4096},
        {"op": "relu", "name": "relu7"},
        {"op": "linear", "name": "fc8", "units": 1000},
        {"op": "softmax", "name": "softmax"},
    ]


# --- the lecture's small networks

_FLATTEN: dict[str, Any] = {"op": "flatten", "name": "flatten"}
_TYPED_IN = ((1.0, 1.0, 2.0, 4.0), (5.0, 6.0, 7.0, 8.0), (3.0, 2.0, 1.0, 0.0), (1.0, 2.0, 3.0, 4.0))

_LECTURE = {
    "slides": _Entry(
        "Two convolutions",
        (3, 32, 32),
        (
            {"op": "conv", "name": "conv1", "filters": 6, "kernel": 5},
            {"op": "relu", "name": "relu1"},
            {"op": "conv", "name": "conv2", "filters": 10, "kernel": 5},
            {"op": "relu", "name": "relu2"},
        ),
        note="a ConvNet is a sequence of convolutions and ReLU: 32×32×3 to 28×28×6 to 24×24×10",
    ),
    "slide_one": _Entry(
        "One filter",
        (3, 32, 32),
        ({"op": "conv", "name": "conv1", "filters": 1, "kernel": 5},),
        note="one 5×5×3 filter slides over all places: one map of 28×28, each value 75 products and a bias",
    ),
    "linear": _Entry(
        "Linear scores",
        (3, 32, 32),
        (_FLATTEN, {"op": "linear", "name": "scores", "units": 10, "bias": False}),
        note="f = Wx: 32×32×3 stretched to 3072, W is 10×3072",
    ),
    "two_layer": _Entry(
        "Two-layer network",
        (3, 32, 32),
        (
            _FLATTEN,
            {"op": "linear", "name": "hidden", "units": 100, "bias": False},
            {"op": "relu", "name": "relu"},
            {"op": "linear", "name": "scores", "units": 10, "bias": False},
        ),
        note="f = W2·max(0, W1x)",
    ),
    "pooling": _Entry(
        "Pooling",
        (64, 224, 224),
        ({"op": "maxpool", "name": "pool", "kernel": 2, "stride": 2},),
        note="smaller maps, each on its own, nothing to learn: 224×224×64 to 112×112×64",
    ),
    "maxpool_4x4": _Entry(
        "Max pooling by hand",
        (1, 4, 4),
        ({"op": "maxpool", "name": "pool", "kernel": 2, "stride": 2},),
        note="the largest of each 2×2 window, stride 2",
        example=_TYPED_IN,
    ),
    "avgpool_4x4": _Entry(
        "Average pooling by hand",
        (1, 4, 4),
        ({"op": "avgpool", "name": "pool", "kernel": 2, "stride": 2},),
        note="the mean of each 2×2 window, stride 2",
        example=_TYPED_IN,
    ),
    "sizes_fully_connected": _Entry(
        "Fully connected",
        (1, 1000, 1000),
        (_FLATTEN, {"op": "linear", "name": "hidden", "units": 1_000_000, "bias": False}),
        note="a million hidden units on a 1000×1000 image: 10^12 parameters",
    ),
    "sizes_local": _Entry(
        "Locally connected",
        (1, 1000, 1000),
        ({"op": "local", "name": "hidden", "filters": 1, "kernel": 10, "padding": "same", "bias": False},),
        note="a 10×10 filter of its own for each of a million units: 10^8 parameters",
    ),
    "sizes_conv": _Entry(
        "Convolutional",
        (1, 1000, 1000),
        ({"op": "conv", "name": "hidden", "filters": 100, "kernel": 10, "padding": "same", "bias": False},),
        note="100 filters of 10×10, shared by all places: 10^4 parameters",
    ),
}

_ENTRIES: Mapping[str, _Entry] = {name: _vgg(*row) for name, row in _VGG.items()} | _LECTURE


def preset_names() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(_ENTRIES)


@cache
def preset(name: str) -> Preset:
    """The preset of this name. Raises NotFound, naming near matches."""
    if name not in _ENTRIES:
        raise NotFound(f"there is no preset {name!r}", where="model", expected=near(name, _ENTRIES))
    entry = _ENTRIES[name]
    file = shipped_files().get(name)
    return Preset(
        name=name,
        title=entry.title,
        spec=parse_spec({"name": name, "input": entry.input, "layers": entry.layers}),
        weights_file=file.file if file else None,
        preprocessing=entry.preprocessing or default_preprocessing(entry.input[0]),
        year=entry.year,
        note=entry.note,
        example=entry.example,
    )
