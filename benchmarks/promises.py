"""The promises, each measured against what a user would otherwise do, the two in turn within one run."""

import json
import statistics
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.resources import resource_path

from .rivals import bare_pass, draw_grids, save_maps, seconds, to_input, vgg16_features
from .server import Client, Server

SIDE = 224
HEADER_BYTES = 24
EDITED_INPUTS = 512  # channels that conv4_2 reads
SETTLE = 2  # first rounds not counted
PHOTOS_FOR_MEMORY = 50
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One promise and what was measured: `value` in `unit`, good when not `worse` than `promised`."""

    promise: str
    value: float
    promised: float
    unit: str
    detail: str
    more_is_better: bool = False

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return self.value >= self.promised if self.more_is_better else self.value <= self.promised


def photos() -> Iterator[NDArray[np.uint8]]:
    """A sample photo with other noise each time: as many different photos as are asked for."""
    with Image.open(resource_path("samples", "chelsea.png")) as image:
        photo = np.asarray(image.convert("RGB").resize((SIDE, SIDE)), dtype=np.int16)
    random = np.random.default_rng(0)
    while True:
        yield np.clip(photo + random.integers(-8, 9, photo.shape), 0, 255).astype(np.uint8)


def delivered(server: Server, rounds: int) -> list[Figure]:
    """All 31 feature layers, and the first one, over HTTP with nothing cached, against the bare pass."""
    model, client, source = vgg16_features(), Client(server.port), photos()
    bare, every, first = [], [], []
    for _ in range(rounds + SETTLE):
        image = to_input(next(source))
        bare.append(bare_pass(model, image))
        run = client.run(next(source))
        layers = [layer for layer in run["layers"] if layer["available"] and len(layer["shape"]) > 1]
        channels, height, width = layers[0]["shape"]
        first_bytes = HEADER_BYTES + 8 * channels + channels * height * width
        names = ",".join(layer["name"] for layer in layers)
        started = time.perf_counter()
        reached = None
        for received in client.stream(f"/api/v1/runs/{run['id']}/archive?format=u8&layers={names}"):
            if reached is None and received >= first_bytes:
                reached = time.perf_counter() - started
        every.append(time.perf_counter() - started)
        first.append(reached or every[-1])
    detail = f"bare pass {1e3 * statistics.median(bare[SETTLE:]):.0f} ms"
    return [
        Figure(f"all {len(layers)} layers delivered / bare pass", _ratio(every, bare), 1.15, "×", detail),
        Figure("first layer delivered / bare pass", _ratio(first, bare), 0.25, "×", detail),
    ]


def _ratio(mine: list[float], theirs: list[float]) -> float:
    """Median of the ratios of neighbours in time."""
    return statistics.median(a / b for a, b in zip(mine[SETTLE:], theirs[SETTLE:], strict=True))


def images(server: Server, rounds: int) -> list[Figure]:
    """Every map of the 13 convolutions as an image, against two usual scripts."""
    model, client, source = vgg16_features(), Client(server.port), photos()
    image = to_input(next(source))
    lut = _lut()
    ours, grids, saved = [], [], []
    with TemporaryDirectory() as folder:
        for number in range(rounds):
            ours += [seconds(lambda: _coloured(client, next(source), lut)) for _ in range(3 if number else 5)]
            grids.append(seconds(lambda: draw_grids(model, image, Path(folder))))
            saved.append(seconds(lambda: save_maps(model, image, Path(folder))))
    mine = statistics.median(ours[SETTLE:])
    return [
        Figure(
            f"4,224 maps as images: {rival} / ours",
            statistics.median(theirs) / mine,
            promised,
            "×",
            f"{statistics.median(theirs):.1f} s against {1e3 * mine:.0f} ms",
            more_is_better=True,
        )
        for rival, theirs, promised in (("matplotlib grids", grids, 200), ("plt.imsave", saved, 30))
    ]


def _lut() -> NDArray[np.uint32]:
    colors = json.loads(resource_path("static", "data", "luts.json").read_text())["viridis"]["colors"]
    return np.array([red | green << 8 | blue << 16 | 0xFF << 24 for red, green, blue in colors], dtype=np.uint32)


def _coloured(client: Client, photo: NDArray[np.uint8], lut: NDArray[np.uint32]) -> int:
    """From the photo to RGBA pixels of every map, as the page does it."""
    run = client.run(photo)
    names = [layer["name"] for layer in run["layers"] if layer["op"] == "relu" and layer["available"]]
    body = client.request("GET", f"/api/v1/runs/{run['id']}/archive?format=u8&layers={','.join(names)}")
    start = drawn = 0
    while start < len(body):
        channels, height, width = struct.unpack_from("<3I", body, start + 8)
        start += HEADER_BYTES + 8 * channels
        size = channels * height * width
        lut.take(np.frombuffer(body, np.uint8, size, start))
        start += size
        drawn += channels
    return drawn


def computed(server: Server, rounds: int) -> list[Figure]:
    """A layer already computed beyond its bytes' own time, and one number explained."""
    client = Client(server.port)
    run = client.run(next(photos()))
    base = f"/api/v1/runs/{run['id']}/layers"
    client.request("GET", f"{base}/pool5?format=u8")
    figures = []
    for name, form in (("relu5_3", "u8"), ("relu3_3", "u8"), ("relu5_3", "npy")):
        path = f"{base}/{name}?format={form}"
        client.request("GET", path)
        took = statistics.median(seconds(lambda path=path: client.request("GET", path)) for _ in range(rounds))  # type: ignore[misc]
        figures.append(Figure(f"{name} as {form}, already computed", 1e3 * took, 5, "ms", "with its bytes"))
    places = iter(range(100 * rounds))
    numbers = [
        seconds(lambda: client.request("GET", f"{base}/conv5_2/units/{next(places)}/7/7")) for _ in range(rounds)
    ]
    detail = "4,608 products of conv5_2, as JSON"
    return [*figures, Figure("one number explained", 1e3 * statistics.median(numbers), 10, "ms", detail)]


def edited(server: Server, rounds: int) -> list[Figure]:
    """From an edit of one channel of conv4_2 to all that changes below it, relu4_2 to pool5, as bytes."""
    client = Client(server.port)
    run = client.run(next(photos()))
    names = [layer["name"] for layer in run["layers"] if layer["available"] and len(layer["shape"]) > 1]
    client.request("GET", f"/api/v1/runs/{run['id']}/archive?format=u8&layers={','.join(names)}")
    below = ",".join(names[names.index("relu4_2") :])
    blur = [[[1 / (9 * EDITED_INPUTS)] * 3] * 3] * EDITED_INPUTS

    def redraw(channel: int, **change: object) -> None:
        edits = [{"layer": "conv4_2", "channel": channel, **change}]
        new = client.json("POST", "/api/v1/runs", {"image": run["image"], "model": "vgg16", "edits": edits})
        client.request("GET", f"/api/v1/runs/{new['id']}/archive?format=u8&layers={below}")

    figures = []
    for what, change in (
        ("a map of conv4_2 switched off", {"scale": 0}),
        ("a kernel of conv4_2 replaced", {"kernel": blur}),
    ):
        took = [seconds(lambda k=k, change=change: redraw(k, **change)) for k in range(rounds)]  # type: ignore[misc]
        figures.append(Figure(what, 1e3 * statistics.median(took), 150, "ms", "until relu4_2 to pool5 are there"))
    return figures


def memory_and_start(server: Server, rounds: int) -> list[Figure]:
    """Resident memory after many different photos, and the time from the command to readiness."""
    client, source = Client(server.port), photos()
    for _ in range(PHOTOS_FOR_MEMORY if rounds > 1 else SETTLE):
        run = client.run(next(source))
        names = ",".join(layer["name"] for layer in run["layers"] if layer["available"] and len(layer["shape"]) > 1)
        for _ in client.stream(f"/api/v1/runs/{run['id']}/archive?format=u8&layers={names}"):
            pass
    resident = server.resident_bytes() / MEGABYTE
    most = server.resident_bytes("VmHWM") / MEGABYTE
    return [
        Figure("resident after 50 photos", resident, 1200, "MB", f"at most {most:.0f} MB on the way"),
        Figure("ready after the command", server.start_seconds, 4, "s", "with the shipped weights"),
    ]
