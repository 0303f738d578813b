"""The live camera, on Chromium's test picture: frames come, are the network's, and freeze to a run."""

import io
import re
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserType, Page, Request, Route, expect

from .colours import painted, quantised
from .conftest import Watch
from .explorer import READY_MILLISECONDS, Explorer, array, pixels

FAKE = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SIDE = 64


@pytest.fixture
def filming(
    browser_type: BrowserType, browser_type_launch_args: dict[str, object], server: str, api: httpx.Client
) -> Iterator[Explorer]:
    """A browser of its own that has a camera and may use it."""
    launched = {**browser_type_launch_args, "args": FAKE}
    browser = browser_type.launch(**launched)  # type: ignore[arg-type]
    context = browser.new_context(base_url=server, viewport={"width": 1440, "height": 900})
    watching = Watch(server)
    context.on("page", watching.follow)
    yield Explorer(context.new_page(), api)
    browser.close()
    assert watching.unexpected() == []


def wait_for_frames(page: Page, count: int) -> None:
    expect(page.locator(".live-wall")).to_have_attribute(
        "data-frames", re.compile(rf"^([{count}-9]|\d\d+)$"), timeout=READY_MILLISECONDS
    )


class UnderWay:
    """How many frames wait for their answer, and how many did at most."""

    def __init__(self, page: Page) -> None:
        self.now = self.most = self.answered = 0
        page.on("request", self._sent)
        page.on("requestfinished", self._answered)

    def _sent(self, request: Request) -> None:
        if "/activations" in request.url:
            self.now += 1
            self.most = max(self.most, self.now)

    def _answered(self, request: Request) -> None:
        if "/activations" in request.url:
            self.now -= 1
            self.answered += 1


def test_frames_go_through_the_network_one_at_a_time(filming: Explorer) -> None:
    frames = UnderWay(filming.page)
    filming.open(layer="conv2_1", map=0, camera=SIDE)
    wait_for_frames(filming.page, 3)
    assert frames.answered >= 3
    assert frames.most == 1
    assert float(re.findall(r"[\d.]+", filming.page.locator(".rate").inner_text())[0]) > 0
    assert "camera=64" in filming.page.url


def test_the_drawn_maps_are_those_of_the_frame_that_was_sent(filming: Explorer) -> None:
    page = filming.page
    # The first answer is drawn and the second is held back, so that the wall stands still.
    bodies: list[bytes] = []

    def once(route: Route) -> None:
        bodies.append(route.request.post_data_buffer or b"")
        if len(bodies) == 1:
            route.continue_()

    page.route("**/api/v1/activations", once)
    filming.open(layer="conv3_2", map=0, camera=SIDE)
    wait_for_frames(page, 1)
    name, content = b'name="file"', bodies[0]
    start = content.index(b"\r\n\r\n", content.index(name)) + 4
    photo = content[start : content.index(b"\xff\xd9", start) + 2]
    assert Image.open(io.BytesIO(photo)).size == (SIDE, SIDE)
    answer = filming.api.post(
        "/api/v1/activations",
        files={"file": ("frame.jpg", photo, "image/jpeg")},
        data={"model": "vgg16", "layers": "relu3_2", "format": "npy", "size": str(SIDE)},
    )
    maps = array(answer)
    assert maps.shape == (256, 16, 16)
    wall = pixels(page.locator(".live-wall"))
    alive = np.flatnonzero(maps.max(axis=(1, 2)) > 0)[:5]
    columns = (wall.shape[1] + 1) // 29
    for k in alive:
        row, column = divmod(int(k), columns)
        tile = wall[row * 29 : row * 29 + 28, column * 29 : column * 29 + 28]
        expected = painted(quantised(maps[k], signed=False), "viridis")
        assert np.array_equal(tile[6:22, 6:22, :3], expected)


def test_freezing_goes_to_the_ordinary_run_of_what_was_seen(filming: Explorer) -> None:
    page = filming.page
    filming.open(layer="conv3_2", map=0, camera=SIDE)
    wait_for_frames(page, 1)
    page.get_by_role("button", name="Freeze").click()
    page.wait_for_url(re.compile("size=64"), timeout=READY_MILLISECONDS)
    filming.ready()
    assert "camera=" not in page.url
    assert filming.run["input"]["shape"] == [3, SIDE, SIDE]
    stored = filming.api.get(f"/api/v1/images/{filming.run['image']}")
    assert Image.open(io.BytesIO(stored.content)).size == (SIDE, SIDE)
    assert filming.maps("relu3_2").shape == (256, 16, 16)


def test_without_a_camera_it_says_so_and_can_be_closed(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=0)
    explorer.page.keyboard.press("Control+k")
    expect(explorer.page.locator("#find-text")).to_be_focused()
    explorer.page.keyboard.type("live camera")
    explorer.page.keyboard.press("Enter")
    expect(explorer.page.locator("#camera .message")).to_contain_text(re.compile("No camera was found|may not use"))
    expect(explorer.page.get_by_role("button", name="Freeze")).to_be_disabled()
    explorer.page.keyboard.press("Escape")
    expect(explorer.page.locator("#camera")).to_be_hidden()
    assert "camera=" not in explorer.page.url


def test_the_page_may_use_the_camera_and_nothing_else(api: httpx.Client) -> None:
    policy = api.get("/").headers["permissions-policy"]
    assert "camera=(self)" in policy
    assert "microphone=()" in policy
