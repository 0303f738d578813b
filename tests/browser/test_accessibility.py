"""axe finds nothing serious: in both themes, at a desk's and at a phone's width, on the walls and in the microscope."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .explorer import Explorer

GRAVE = {"serious", "critical"}


@pytest.mark.parametrize("explain", [0, 1], ids=["walls", "microscope"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing_serious(
    explorer: Explorer, width: int, scheme: Literal["light", "dark"], explain: int
) -> None:
    explorer.page.set_viewport_size({"width": width, "height": 900})
    explorer.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    explorer.open(layer="conv3_2", map=102, y=17, x=23, explain=explain)
    if explain:
        expect(explorer.page.locator(".ms")).to_have_attribute("data-state", "ready")
    found = Axe().run(explorer.page).response["violations"]
    grave = {
        fault["id"]: [node["html"][:160] for node in fault["nodes"]] for fault in found if fault["impact"] in GRAVE
    }
    assert grave == {}
