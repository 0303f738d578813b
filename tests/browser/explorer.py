"""The explorer page as tests see it: where to go, what a canvas shows, what the REST API says of the same run."""

import base64
import io
import json
from typing import Any, cast

import httpx
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

READY_MILLISECONDS = 60_000

# The pixels of a canvas as base64, so that megabytes travel as one string; read from a copy that is made for reading.
READ_CANVAS = """canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return btoa(text);
}"""


class Wall:
    """A block's canvas as it stands: its pixels, and which maps it says are where. Device pixel ratio 1."""

    def __init__(self, canvas: Locator) -> None:
        data = canvas.evaluate("canvas => ({ ...canvas.dataset })")
        self.layer: str = data["layer"]
        self.tile, self._gap, self._columns = (int(data[name]) for name in ("tile", "gap", "columns"))
        self.order = [int(k) for k in data["order"].split(",")]
        self._pixels = pixels(canvas)

    def __getitem__(self, map_index: int) -> Bytes:
        """The square of one map, RGBA."""
        row, column = divmod(self.order.index(map_index), self._columns)
        pitch = self.tile + self._gap
        return self._pixels[row * pitch : row * pitch + self.tile, column * pitch : column * pitch + self.tile]

    def colours(self, map_index: int) -> Bytes:
        """The square of one map, RGB."""
        return self[map_index][..., :3]


class Explorer:
    """One page and the API behind it."""

    def __init__(self, page: Page, api: httpx.Client) -> None:
        self.page = page
        self.api = api

    def open(self, **query: object) -> "Explorer":
        """Go to the view that the query describes, and wait until all of it is drawn."""
        self.page.goto("/?" + "&".join(f"{name}={value}" for name, value in query.items()))
        return self.ready()

    def ready(self) -> "Explorer":
        expect(self.page.locator("body")).to_have_attribute("data-state", "ready", timeout=READY_MILLISECONDS)
        return self

    @property
    def data(self) -> dict[str, Any]:
        """What the page was rendered from."""
        return cast(dict[str, Any], json.loads(self.page.locator("#page-data").text_content() or ""))

    @property
    def run(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.data["run"])

    def shape(self, layer: str) -> list[int]:
        rows = [row for row in self.run["layers"] if row["name"] == layer]
        return cast(list[int], rows[0]["output_shape"])

    def wall(self, block: str) -> Wall:
        """A block's maps as they are drawn now."""
        return Wall(self.page.locator(f'.blk[data-block="{block}"] .wall > canvas'))

    def maps(self, layer: str) -> Floats:
        """The layer exactly as computed, C×H×W."""
        return array(self.api.get(f"/api/v1/runs/{self.run['id']}/layers/{layer}?format=npy"))

    def unit(self, layer: str, channel: int, *place: int) -> dict[str, Any]:
        """One number explained."""
        path = "/".join(map(str, (channel, *place)))
        answer = self.api.get(f"/api/v1/runs/{self.run['id']}/layers/{layer}/units/{path}")
        return cast(dict[str, Any], answer.raise_for_status().json())


def array(answer: httpx.Response) -> Floats:
    """The array of an npy answer."""
    return cast(Floats, np.load(io.BytesIO(answer.raise_for_status().content)))


def pixels(canvas: Locator) -> Bytes:
    """A canvas as H×W×4 bytes, RGBA."""
    height, width = (int(canvas.get_attribute(side) or 0) for side in ("height", "width"))
    raw = base64.b64decode(canvas.evaluate(READ_CANVAS))
    return np.frombuffer(raw, np.uint8).reshape(height, width, 4)


def number(text: str) -> float:
    """`−1,824.44` as a float."""
    return float(text.replace("−", "-").replace(",", ""))
