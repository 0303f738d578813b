"""What the page says when the server refuses, is full, or is gone; what is on the page stays."""

import json
import re

from playwright.sync_api import Route, expect

from .conftest import Watch
from .explorer import Explorer

FULL = json.dumps(
    {"type": "/problems/queue-full", "title": "The queue is full", "status": 503, "detail": "64 runs wait already."}
)


def full(route: Route) -> None:
    route.fulfill(status=503, body=FULL, headers={"content-type": "application/problem+json", "retry-after": "1"})


def test_a_full_queue_is_said_in_its_layer_and_tried_again(explorer: Explorer, watch: Watch) -> None:
    watch.expect("503")
    refused: list[str] = []

    def once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            full(route)

    explorer.page.route(re.compile(r"/layers/relu3_2\?format=u8"), once)
    explorer.page.goto("/?layer=conv3_2&map=102")
    fault = explorer.page.locator('.blk[data-block="conv3_2"] .fault')
    expect(fault).to_be_visible()
    expect(fault).to_contain_text("The queue is full")
    expect(fault).to_be_hidden(timeout=10_000)
    explorer.ready()
    assert explorer.wall("conv3_2").layer == "relu3_2"


def test_a_number_that_cannot_be_explained_says_why(explorer: Explorer, watch: Watch) -> None:
    watch.expect("503")
    explorer.page.route("**/units/**", full)
    explorer.page.goto("/?layer=conv1_1&map=45&y=67&x=85&explain=1")
    problem = explorer.page.locator(".ms-problem")
    expect(problem).to_contain_text("The queue is full")
    explorer.page.unroute("**/units/**")
    problem.get_by_role("button", name="Try again").click()
    expect(explorer.page.locator(".ms")).to_have_attribute("data-state", "ready")


def test_a_dead_server_leaves_the_last_result(explorer: Explorer, watch: Watch) -> None:
    watch.expect("ERR_CONNECTION_REFUSED|ERR_FAILED|net::")
    explorer.open(layer="conv3_2", map=102, y=17, x=23)
    before = explorer.wall("conv3_2").colours(102).tobytes()
    explorer.page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    explorer.page.locator('.blk[data-block="conv3_2"] .grid').click(position={"x": 20, "y": 20})
    message = explorer.page.locator("#server-message")
    expect(message).to_be_visible()
    expect(message).to_contain_text("The server does not answer.")
    assert explorer.wall("conv3_2").colours(102).tobytes() == before
    explorer.page.unroute("**/api/**")
    message.get_by_role("button", name="Try now").click()
    expect(message).to_be_hidden(timeout=10_000)


def test_an_unknown_image_gives_a_page_that_says_so(explorer: Explorer, watch: Watch) -> None:
    watch.expect("404")
    answer = explorer.page.goto("/?image=0123456789abcdef0123456789abcdef")
    assert answer is not None
    assert answer.status == 404
    assert "text/html" in answer.headers["content-type"]
    expect(explorer.page.locator("h1")).to_be_visible()
