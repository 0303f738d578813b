"""The compare page in a real browser: pixels and printed numbers against the arrays, links, keys, states, sizes."""

import io
import json
import re
from typing import Any, Literal, cast

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import Page, Response, Route, expect

from .colours import entries, painted, quantised
from .conftest import Watch
from .explorer import READY_MILLISECONDS, Floats, number, pixels

TILE, GAP = 112, 6
BORDER = 32
GRAVE = {"serious", "critical"}
OWN_BYTES = 150 * 1024


class Compare:
    """The page and the API behind it."""

    def __init__(self, page: Page, api: httpx.Client) -> None:
        self.page = page
        self.api = api

    def open(self, **query: object) -> "Compare":
        self.page.goto("/compare?" + "&".join(f"{name}={value}" for name, value in query.items()))
        return self.ready()

    def ready(self) -> "Compare":
        expect(self.page.locator("body")).to_have_attribute("data-state", "ready", timeout=READY_MILLISECONDS)
        return self

    @property
    def data(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.page.locator("#page-data").text_content() or ""))

    def run(self, side: str) -> str:
        return cast(str, self.data[side]["run"]["id"])

    def maps(self, side: str, layer: str) -> Floats:
        answer = self.api.get(f"/api/v1/runs/{self.run(side)}/layers/{layer}", params={"format": "npy"})
        return cast(Floats, np.load(io.BytesIO(answer.raise_for_status().content)))

    def ranking(self) -> list[list[str]]:
        """The layers as listed: name, bar or words, share, cells."""
        rows = self.page.locator("#ranking li")
        return [[part.strip() for part in text.split("\n") if part.strip()] for text in rows.all_inner_texts()]

    def tile(self, map_index: int, position: int) -> NDArray[np.uint8]:
        """The square of A (0), B (1) or B − A (2) of one triplet, RGB."""
        left = position * (TILE + GAP)
        return pixels(self.page.locator(f"#triplet-{map_index} canvas"))[:, left : left + TILE, :3]

    def value(self, name: str) -> float:
        return number((self.page.locator(f"#value-{name}").text_content() or "").removeprefix("+"))


@pytest.fixture
def compare(watch: Watch, page: Page, api: httpx.Client) -> Compare:
    """The compare page, not opened yet; `watch` holds it to silence."""
    return Compare(page, api)


def difference(a: Floats, b: Floats, border: int) -> Floats:
    return (b - a)[:, border:-border, border:-border]


class TestMovedPhoto:
    def test_layers_that_move_by_whole_cells_are_equal_bit_for_bit(self, compare: Compare) -> None:
        ranking = compare.open(right=4).ranking()
        assert ranking[0][1:4] == ["pool3", "first", "51.3 %"]
        equal = [row[0] for row in ranking if "equal, bit for bit" in row]
        assert equal == [
            "input", "conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "conv3_1", "conv3_2", "conv3_3",
        ]  # fmt: skip
        expect(compare.page.locator("#depth")).to_have_attribute("aria-label", re.compile("first to differ: pool3"))
        expect(compare.page.locator("#depth-note")).to_contain_text("From conv4_2 on")

    def test_it_opens_on_the_layer_in_which_they_part(self, compare: Compare) -> None:
        compare.open(right=4)
        expect(compare.page.locator("#layer-name")).to_have_text("pool3")
        expect(compare.page.locator("#layer-note")).to_have_text("4 px are half a cell here: B cannot be moved back")

    def test_without_moving_back_every_layer_differs(self, compare: Compare) -> None:
        compare.open(right=4)
        compare.page.locator("#back").uncheck()
        compare.ready()
        assert not any("equal, bit for bit" in row for row in compare.ranking())
        assert "back=0" in compare.page.url

    def test_values_are_those_of_the_arrays(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2", map=4, y=22, x=17)
        a, b = (compare.maps(side, "relu4_2")[4, 22, 17] for side in ("a", "b"))
        assert compare.value("a") == pytest.approx(a, abs=0.005)
        assert compare.value("b") == pytest.approx(b, abs=0.005)
        assert compare.value("difference") == pytest.approx(b - a, abs=0.005)

    def test_the_cell_of_b_is_moved_back(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv2_2", map=3, y=40, x=50)
        a, b = (compare.maps(side, "relu2_2") for side in ("a", "b"))
        assert a[3, 40, 50] == b[3, 40, 52]
        assert compare.value("b") == pytest.approx(b[3, 40, 52], abs=0.005)
        assert compare.value("difference") == 0
        places = [compare.page.locator(f"#field-place-{side}").text_content() for side in ("a", "b")]
        assert places == ["x 94 to 107, y 74 to 87", "x 98 to 111, y 74 to 87"]

    def test_maps_have_the_colours_of_their_values_on_one_scale(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2", map=4)
        a, b = (compare.maps(side, "relu4_2") for side in ("a", "b"))
        most = max(a.max(), b.max())
        for position, values in enumerate((a, b)):
            levels = quantised(values[92], signed=False).astype(np.float64)
            expected = painted(entries(levels, values[92].max() / most, signed=False), "viridis", 4)
            assert np.array_equal(compare.tile(92, position), expected)
        change = difference(a, b, BORDER // 8)
        levels = quantised(change[92], signed=True).astype(np.float64)
        share = np.abs(change[92]).max() / np.abs(change).max()
        assert np.array_equal(
            compare.tile(92, 2)[16:96, 16:96], painted(entries(levels, share, signed=True), "RdBu", 4)
        )

    def test_maps_are_ranked_by_how_much_they_change(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2")
        norms = np.linalg.norm(difference(compare.maps("a", "relu4_2"), compare.maps("b", "relu4_2"), 4), axis=(1, 2))
        shown = compare.page.locator(".trip").evaluate_all(
            """nodes => nodes.map(node => [node.offsetTop, node.offsetLeft, node.dataset.map])
               .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(place => Number(place[2]))"""
        )
        assert shown == np.argsort(-norms, kind="stable")[: len(shown)].tolist()
        expect(compare.page.locator("#unit-rank")).to_have_text("most changed of 512")

    def test_cells_are_counted(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2", map=4)
        change = difference(compare.maps("a", "relu4_2"), compare.maps("b", "relu4_2"), 4)[4]
        counts = {"up": (change > 0).sum(), "down": (change < 0).sum(), "equal": (change == 0).sum()}
        for name, count in counts.items():
            expect(compare.page.locator(f'[data-number="{name}"]')).to_have_text(f"{count:,}")
        expect(compare.page.locator("#compared-cells")).to_contain_text("20×20 cells")


class TestUse:
    def test_hovering_marks_the_place_everywhere_without_a_request(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2", map=4, y=22, x=17)
        asked: list[str] = []
        compare.page.on("request", lambda request: asked.append(request.url))
        compare.page.locator("#triplet-92 .tiles").hover(position={"x": TILE + GAP + 10 * 4 + 1, "y": 5 * 4 + 1})
        assert compare.value("a") == pytest.approx(compare.maps("a", "relu4_2")[4, 5, 10], abs=0.005)
        style = compare.page.locator("#triplets").evaluate(
            "node => ['--row', '--column'].map(name => node.style.getPropertyValue(name))"
        )
        assert style == ["22px", "42px"]
        compare.page.mouse.move(5, 5)
        assert compare.value("a") == pytest.approx(compare.maps("a", "relu4_2")[4, 22, 17], abs=0.005)
        assert asked == []

    def test_a_click_chooses_map_and_cell_and_the_address_gives_them_again(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2")
        compare.page.locator("#triplet-430 .tiles").click(position={"x": 41, "y": 21})
        compare.ready()
        assert {"map=430", "y=5", "x=10"} <= set(compare.page.url.split("?")[1].split("&"))
        before = compare.page.locator("#values").inner_text()
        compare.page.reload()
        compare.ready()
        expect(compare.page.locator("#unit-map")).to_have_text("430")
        assert compare.page.locator("#values").inner_text() == before
        compare.page.go_back()

    def test_keys_step_through_layers_and_maps_and_back_undoes(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2", map=4, y=1, x=1)
        compare.page.keyboard.press("ArrowRight")
        compare.ready()
        expect(compare.page.locator("#unit-map")).to_have_text("92")
        compare.page.keyboard.press("]")
        compare.ready()
        expect(compare.page.locator("#layer-name")).to_have_text("conv4_3")
        compare.page.keyboard.press("n")
        compare.ready()
        expect(compare.page.get_by_role("radio", name="Each map")).to_be_checked()
        compare.page.go_back()
        compare.ready()
        expect(compare.page.get_by_role("radio", name="Shared scale")).to_be_checked()

    def test_swapping_exchanges_both_sides(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv2_2", map=3, y=40, x=52)
        a, b = compare.run("a"), compare.run("b")
        compare.page.keyboard.press("x")
        compare.page.wait_for_url("**swap=1**")
        compare.ready()
        assert (compare.run("a"), compare.run("b")) == (b, a)
        assert compare.data["shift"] == [0, -4]
        assert any(row[:2] == ["conv2_2", "equal, bit for bit"] for row in compare.ranking())

    def test_holding_b_shows_b_in_place_of_a(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2", map=4)
        a, b = compare.tile(4, 0), compare.tile(4, 1)
        compare.page.keyboard.down("b")
        expect(compare.page.locator("#triplet-heads span").first).to_have_text("B")
        assert np.array_equal(compare.tile(4, 0), b)
        compare.page.keyboard.up("b")
        expect(compare.page.locator("#triplet-heads span").first).to_have_text("A")
        assert np.array_equal(compare.tile(4, 0), a)

    def test_a_change_of_b_is_another_address(self, compare: Compare) -> None:
        compare.open(right=4, layer="conv4_2")
        compare.page.locator('[name="down"]').fill("8")
        compare.page.keyboard.press("Enter")
        compare.page.wait_for_url("**down=8**")
        compare.ready()
        assert "layer=conv4_2" in compare.page.url
        assert compare.data["shift"] == [8, 4]

    def test_the_layers_are_taken_home(self, compare: Compare) -> None:
        compare.open(right=4)
        with compare.page.expect_download() as saved:
            compare.page.locator('[data-action="save-csv"]').click()
        lines = saved.value.path().read_text().splitlines()
        assert lines[0].startswith("name,partner,state,equal,relative")
        pool3 = next(line for line in lines if line.startswith("pool3,")).split(",")
        assert float(pool3[4]) == pytest.approx(0.513, abs=0.0005)


class TestStates:
    def test_the_same_photo_is_equal_in_every_layer(self, compare: Compare) -> None:
        compare.open(right=0)
        expect(compare.page.locator("#depth")).to_contain_text("equal in every layer")
        assert all("equal, bit for bit" in row or "weights not installed" in row[1] for row in compare.ranking()[:19])

    def test_without_b_the_page_offers_what_to_compare_with(self, compare: Compare) -> None:
        compare.open(model="vgg16")
        expect(compare.page.locator(".no-b")).to_contain_text("Choose what to compare with")
        compare.page.get_by_role("link", name="Move this photo").click()
        compare.page.wait_for_url("**right=4**")
        compare.ready()

    def test_two_photos_cannot_be_moved_back(self, compare: Compare) -> None:
        compare.open(model="vgg16")
        compare.page.locator("#menu-b summary").click()
        compare.page.locator("#menu-b").get_by_role("link", name="astronaut.png").click()
        compare.page.wait_for_url("**image_b=**")
        compare.ready()
        expect(compare.page.locator("#back")).to_be_disabled()
        expect(compare.page.locator("#stuck")).to_have_text("B is another photo")
        assert "first" in next(row for row in compare.ranking() if "conv1_1" in row)

    def test_another_network_is_compared_where_shapes_are_equal(self, compare: Compare) -> None:
        compare.open(model="vgg16", model_b="vgg19", layer="conv3_2")
        assert "random weights" in compare.data["b"]["name"]
        words = dict(row[:2] for row in compare.ranking() if len(row) == 2)
        assert words["fc6"] == "weights not installed"

    def test_an_edited_run_differs_from_the_edited_layer_on(self, compare: Compare) -> None:
        compare.open(model="vgg16")
        image = compare.data["a"]["run"]["image"]
        runs = [
            compare.api.post("/api/v1/runs", json={"image": image, "model": "vgg16", "edits": edits}).json()["id"]
            for edits in ([], [{"layer": "relu4_1", "channel": 147, "scale": 0}])
        ]
        compare.open(a=runs[0], b=runs[1], layer="conv4_1")
        assert compare.data["b"]["name"] == "the same photo, 1 edit"
        expect(compare.page.locator("#depth")).to_have_attribute("aria-label", re.compile("first to differ: conv4_1"))
        expect(compare.page.locator("#unit-map")).to_have_text("147")
        expect(compare.page.locator('[data-number="share"]')).to_have_text("100.0 %")

    def test_values_of_a_vector_are_compared_one_by_one(self, compare: Compare) -> None:
        compare.open(model="two_layer", right=1, layer="scores")
        a, b = compare.maps("a", "scores"), compare.maps("b", "scores")
        k = int(np.abs(b - a).argmax())
        expect(compare.page.locator("#unit-map")).to_have_text(str(k))
        assert compare.value("difference") == pytest.approx(b[k] - a[k], abs=0.0005)
        expect(compare.page.locator("#compared-cells")).to_have_text(f"all {len(a)} values")

    def test_what_cannot_be_compared_says_why_in_its_place(self, compare: Compare, watch: Watch) -> None:
        watch.expect("503")

        def busy(route: Route) -> None:
            body = {"title": "The queue is full", "status": 503, "detail": "64 runs wait already."}
            route.fulfill(status=503, body=json.dumps(body), headers={"content-type": "application/problem+json"})

        compare.page.route("**/difference?**", busy)
        compare.page.goto("/compare?right=4&layer=conv4_2")
        fault = compare.page.locator("#layer-fault")
        expect(fault).to_contain_text("The queue is full")
        compare.page.unroute("**/difference?**")
        fault.get_by_role("button", name="Try now").click()
        compare.ready()
        expect(fault).to_be_hidden()
        expect(compare.page.locator("#unit-map")).to_have_text("4")

    def test_a_border_that_leaves_nothing_is_said(self, compare: Compare, watch: Watch) -> None:
        watch.expect("422")
        compare.open(right=4, layer="conv4_2", border=200)
        expect(compare.page.locator("#layer-fault")).to_contain_text("leave no cell")


class TestLooks:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1440, 1000, 390])
    def test_axe_finds_nothing_serious(self, compare: Compare, width: int, scheme: Literal["light", "dark"]) -> None:
        compare.page.set_viewport_size({"width": width, "height": 900})
        compare.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        compare.open(right=4, layer="conv4_2", map=4)
        found = Axe().run(compare.page).response["violations"]
        grave = {
            fault["id"]: [node["html"][:160] for node in fault["nodes"]] for fault in found if fault["impact"] in GRAVE
        }
        assert grave == {}

    @pytest.mark.parametrize("width", [1440, 1280, 1000, 390])
    def test_nothing_is_wider_than_the_window(self, compare: Compare, width: int) -> None:
        compare.page.set_viewport_size({"width": width, "height": 900})
        compare.open(right=4, layer="conv4_2", map=4)
        assert compare.page.evaluate("document.documentElement.scrollWidth") <= width

    def test_its_own_scripts_and_styles_are_small(self, compare: Compare) -> None:
        sizes: dict[str, int] = {}

        def weigh(response: Response) -> None:
            if re.search(r"/static/(js|css)/", response.url):
                sizes[response.url] = len(response.body())

        compare.page.on("response", weigh)
        compare.open(right=4)
        assert 0 < sum(sizes.values()) <= OWN_BYTES, sizes

    def test_without_scripts_the_maps_are_pictures(self, browser: Any, server: str) -> None:
        with browser.new_context(base_url=server, java_script_enabled=False) as context:
            page = context.new_page()
            page.goto("/compare?right=4&layer=pool5")
            pictures = page.locator(".plain img")
            expect(pictures).to_have_count(3)
            widths = pictures.evaluate_all("images => images.map(image => image.naturalWidth)")
            assert min(widths) > 0
            expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()
