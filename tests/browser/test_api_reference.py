"""The API reference in a browser: every call is shown, nothing comes from another host, and anybody can read it."""

from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import Watch

GRAVE = {"serious", "critical"}


def open_reference(page: Page) -> None:
    page.goto("/api")
    expect(page.locator("body")).to_have_attribute("data-state", "ready")


def test_the_reference_shows_every_call_of_the_document(watch: Watch, page: Page, api: httpx.Client) -> None:
    open_reference(page)
    paths = api.get("/api/v1/openapi.json").json()["paths"]
    calls = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    shown = page.locator(".opblock-summary").all()
    assert calls == {
        (
            row.locator(".opblock-summary-method").inner_text(),
            row.locator(".opblock-summary-path").get_attribute("data-path") or "",
        )
        for row in shown
    }


def test_a_call_tried_out_on_the_page_answers(watch: Watch, page: Page) -> None:
    open_reference(page)
    call = page.locator(".opblock", has=page.locator('[data-path="/healthz"]'))
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table .response .response-col_status").first).to_have_text("200")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_reference_fits_its_window_and_axe_finds_nothing_serious(
    watch: Watch, page: Page, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_reference(page)
    page.locator('.opblock:has([data-path="/api/v1/activations"]) .opblock-summary-control').click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page).response["violations"]
    grave = {
        fault["id"]: [node["html"][:160] for node in fault["nodes"]] for fault in found if fault["impact"] in GRAVE
    }
    assert grave == {}


def test_a_document_that_does_not_come_is_said(watch: Watch, page: Page) -> None:
    watch.expect("503")
    page.route("**/api/v1/openapi.json", lambda route: route.fulfill(status=503, body="{}"))
    page.goto("/api")
    expect(page.get_by_role("alert")).to_contain_text("The server answered 503.")
