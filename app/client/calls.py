"""Calls to a server: each is one request, asked again while the queue is full, and one record or array."""

import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from .records import (
    Analysis,
    Floats,
    Image,
    Layer,
    Model,
    ModelSummary,
    ProblemError,
    Quantized,
    Unit,
    read_layers,
    read_npy,
    read_u8,
    read_unit,
    record,
    with_totals,
)

try:
    import httpx
except ImportError as error:
    raise ImportError("convscope.client needs httpx: pip install 'convscope[client]'") from error

Fit = Literal["crop", "pad", "stretch", "native"]
ArchiveFormat = Literal["npz", "safetensors"]
Photo = str | os.PathLike[str] | bytes | NDArray[Any]
Spec = Mapping[str, Any]

DEFAULT_URL = "http://127.0.0.1:8000"
LONGEST_WAIT = 30.0
"""Seconds; a server that asks for more patience than this gets it in portions."""
_BUSY = 503
_NPY_MAGIC = b"\x93NUMPY"


class Run:
    """One image through one network. Values are computed on the server when they are asked for."""

    def __init__(self, client: "Client", answer: Mapping[str, Any]) -> None:
        self._client = client
        self.id: str = answer["id"]
        self.image: str = answer["image"]
        self.model: str = answer["model"]
        self.model_name: str = answer["model_name"]
        self.size: int | None = answer["size"]
        self.fit: Fit = answer["fit"]
        self.input_shape: tuple[int, ...] = tuple(answer["input"]["shape"])
        self.layers: dict[str, Layer] = read_layers(answer)

    def __repr__(self) -> str:
        return f"<Run {self.id} of {self.model_name}, {len(self.layers)} layers>"

    @property
    def path(self) -> str:
        """The run's address below the server's."""
        return f"/api/v1/runs/{quote(self.id, safe='')}"

    def layer(self, name: str) -> Floats:
        """A layer exactly as computed: float32 C×H×W, or N after a flatten."""
        return read_npy(self._form(name, format="npy"))

    def map(self, name: str, k: int) -> Floats:
        """One map of a layer, float32 H×W; one value of a vector."""
        return read_npy(self._form(name, format="npy", map=k))

    def quantized(self, name: str) -> Quantized:
        """A layer in one byte a value, a quarter of the bytes on the wire."""
        return read_u8(self._form(name, format="u8"))

    def statistics(self, name: str) -> dict[str, Any]:
        """A layer's numbers: `summary`, and in `maps` one entry a map (min, max, argmax, mean, std, zeros)."""
        answer: dict[str, Any] = json.loads(self._form(name, format="json"))
        return answer

    def picture(self, name: str, k: int | None = None, *, format: str = "png", **options: Any) -> bytes:  # noqa: A002
        """A layer's wall of maps, or map `k`, as a file: `png` exact pixels, `svg` and `pdf` figures with a legend.

        Options: `colormap`, `scale`, `normalize` (`map` or `layer`), and `title` of a figure.
        """
        return self._form(name, format=format, map=k, **options)

    def explain(self, layer: str, channel: int, y: int = 0, x: int = 0) -> Unit:
        """Where the value at (`channel`, `y`, `x`) comes from; a vector's unit is its `channel` alone."""
        path = f"{self.path}/layers/{quote(layer, safe='')}/units/{channel}/{y}/{x}"
        return read_unit(self._client.get(path).json())

    def input(self) -> Floats:
        """The tensor that the network saw, float32 C×H×W."""
        return read_npy(self._client.get(f"{self.path}/input", format="npy").content)

    def archive(
        self,
        path: str | os.PathLike[str],
        layers: Sequence[str] | None = None,
        format: ArchiveFormat = "npz",  # noqa: A002
    ) -> Path:
        """Write several layers, all that can be computed by default, into one file; a broken download leaves none."""
        return self._download(path, "archive", format=format, layers=_joined(layers))

    def page(self, path: str | os.PathLike[str], layers: Sequence[str] | None = None, title: str | None = None) -> Path:
        """Write a view of the layers, the explorer's by default, as one HTML file that works from disk."""
        return self._download(path, "page", layers=_joined(layers), title=title)

    def _download(self, path: str | os.PathLike[str], kind: str, **query: Any) -> Path:
        target = Path(path)
        part = target.with_name(f"{target.name}.part")
        try:
            with self._client.stream(f"{self.path}/{kind}", **query) as answer, part.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def _form(self, name: str, **query: Any) -> bytes:
        return self._client.get(f"{self.path}/layers/{quote(name, safe='')}", **query).content


class Client:
    """A server at `url`. `timeout` is in seconds; a full queue (503) is asked again up to `retries` times.

    Every call raises `ProblemError` for an answer that says what is wrong, and httpx's errors where no answer comes.
    What is sent twice is kept once, so asking again is always safe. Use it as a context manager, or `close` it.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        timeout: float = 120.0,
        *,
        retries: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        self._retries = retries

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def upload(self, photo: Photo) -> Image:
        """Keep an image: a file's path, its bytes, or an array of C×H×W or H×W that is used exactly as it is."""
        data, kind = _body(photo)
        return record(Image, self._send("POST", "/api/v1/images", content=data, headers={"Content-Type": kind}).json())

    def models(self) -> list[ModelSummary]:
        """The presets."""
        return [record(ModelSummary, row) for row in self.get("/api/v1/models").json()]

    def model(self, network: str | Spec, *, seed: int = 0) -> Model:
        """A network: a preset's name or an id, or a spec, which is kept with weights drawn from `seed`."""
        if isinstance(network, str):
            answer = self.get(f"/api/v1/models/{quote(network, safe='')}").json()
        else:
            body = {"spec": network, "weights": {"init": "kaiming", "seed": seed}}
            answer = self._send("POST", "/api/v1/models", json=body).json()
        return record(Model, with_totals(answer))

    def analyze(self, spec: Spec) -> Analysis:
        """The arithmetic of a network of any size, which is not kept."""
        return record(Analysis, with_totals(self._send("POST", "/api/v1/analyses", json={"spec": spec}).json()))

    def run(
        self,
        image: Image | str,
        model: Model | str = "vgg16",
        size: int | None = None,
        fit: Fit = "crop",
        edits: Sequence[Mapping[str, Any]] = (),
    ) -> Run:
        """An image, or its id, through a network; answered before anything is computed.

        `size` is the shorter side that the network sees, its own by default. `edits` scale maps or replace filters.
        """
        body: dict[str, Any] = {"image": _reference(image), "model": _reference(model), "size": size, "fit": fit}
        if edits:
            body["edits"] = list(edits)
        return Run(self, self._send("POST", "/api/v1/runs", json=body).json())

    def find_run(self, run: str) -> Run:
        """A run by its id."""
        return Run(self, self.get(f"/api/v1/runs/{quote(run, safe='')}").json())

    def filters(self, model: Model | str, layer: str, k: int | None = None) -> Floats:
        """A layer's kernels, float32 C_out×C_in/groups×kH×kW; with `k` that one filter, 1×C_in/groups×kH×kW."""
        path = f"/api/v1/models/{quote(_reference(model), safe='')}/layers/{quote(layer, safe='')}/filters"
        return read_npy(self.get(path, format="npy", filter=k).content)

    def activations(
        self,
        photo: Photo,
        layers: Sequence[str],
        model: Model | str = "vgg16",
        size: int | None = None,
        fit: Fit = "crop",
    ) -> dict[str, Floats]:
        """One call: an image in, the named layers out as float32 arrays; the server keeps nothing."""
        data, kind = _body(photo)
        form = {"model": _reference(model), "layers": ",".join(layers), "fit": fit, "format": "npz"}
        if size is not None:
            form["size"] = str(size)
        answer = self._send("POST", "/api/v1/activations", data=form, files={"file": ("file", data, kind)})
        with np.load(io.BytesIO(answer.content), allow_pickle=False) as archive:
            return {name: archive[name] for name in layers}

    def get(self, path: str, **query: Any) -> httpx.Response:
        """A GET below the server's address, `query` without what is None."""
        return self._send("GET", path, params=_given(query))

    @contextmanager
    def stream(self, path: str, **query: Any) -> Iterator[httpx.Response]:
        """A GET whose body is read as it comes."""
        answer = self._send("GET", path, stream=True, params=_given(query))
        try:
            yield answer
        finally:
            answer.close()

    def _send(self, method: str, path: str, *, stream: bool = False, **parts: Any) -> httpx.Response:
        request = self._http.build_request(method, path, **parts)
        for left in range(self._retries, -1, -1):
            answer = self._http.send(request, stream=stream)
            if answer.is_success:
                return answer
            answer.read()
            wait = _wait(answer)
            if wait is None or not left:
                break
            time.sleep(wait)
        raise ProblemError(answer.status_code, _problem(answer))


def _wait(answer: httpx.Response) -> float | None:
    """Seconds after which asking again may help; None where it does not."""
    seconds = answer.headers.get("Retry-After", "")
    return min(float(seconds), LONGEST_WAIT) if answer.status_code == _BUSY and seconds.isdecimal() else None


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem that an answer says; what a proxy says in other words becomes one."""
    if "json" in answer.headers.get("Content-Type", ""):
        problem = answer.json()
        if isinstance(problem, dict):
            return problem
    return {"title": answer.reason_phrase, "detail": answer.text[:200]}


def _body(photo: Photo) -> tuple[bytes, str]:
    """A body and its type; an npy file is known by its first bytes."""
    if isinstance(photo, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, photo, allow_pickle=False)
        data = buffer.getvalue()
    else:
        data = photo if isinstance(photo, bytes) else Path(photo).read_bytes()
    return data, "application/x-npy" if data.startswith(_NPY_MAGIC) else "application/octet-stream"


def _reference(named: Image | Model | str) -> str:
    return named if isinstance(named, str) else named.id


def _joined(names: Sequence[str] | None) -> str | None:
    return None if names is None else ",".join(names)


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}
