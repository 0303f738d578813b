"""What is saved is what is shown, and the copied words, run as they are, give the same map."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from .colours import painted, quantised
from .explorer import Bytes, Explorer, number, pixels

VIEW = {"layer": "conv3_2", "map": 102, "y": 17, "x": 23}
ROOT = Path(__file__).resolve().parents[2]


def copied(explorer: Explorer, name: str) -> str:
    explorer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    explorer.page.locator(".act").get_by_role("button", name=name, exact=True).click()
    expect(explorer.page.locator("#toast")).to_contain_text("copied")
    return str(explorer.page.evaluate("navigator.clipboard.readText()"))


def saved(explorer: Explorer, link: Locator, folder: Path) -> Path:
    with explorer.page.expect_download() as waiting:
        link.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def more(explorer: Explorer, words: str) -> Locator:
    menu = explorer.page.locator("#save-more")
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    return menu.get_by_role("link", name=words, exact=True)


def picture(path: Path) -> Bytes:
    return np.asarray(Image.open(path).convert("RGB"))


def shell(text: str, folder: Path) -> None:
    """Run copied words in an empty folder, `convscope` being this checkout's."""
    command = folder / "bin" / "convscope"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m app "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["sh", "-e", "-c", text], cwd=folder, env=environment, check=True, timeout=120)


def test_the_link_is_the_view(explorer: Explorer) -> None:
    explorer.open(**VIEW, colour="magma", norm="layer")
    link = copied(explorer, "Link")
    value = explorer.page.locator("#probe-value").inner_text()
    explorer.page.goto(link)
    explorer.ready()
    expect(explorer.page.locator("#probe-value")).to_have_text(value)
    assert explorer.page.locator("#control-colour").input_value() == "magma"


def test_curl_fetches_the_map(explorer: Explorer, tmp_path: Path) -> None:
    explorer.open(**VIEW)
    shell(copied(explorer, "curl"), tmp_path)
    assert np.array_equal(np.load(tmp_path / "relu3_2-102.npy"), explorer.maps("relu3_2")[102])


def test_curl_fetches_the_edited_map_and_the_change_of_it(explorer: Explorer, tmp_path: Path) -> None:
    explorer.open(**VIEW, edits="conv3_1:5:x0", diff=1)
    shell(copied(explorer, "curl"), tmp_path)
    change = np.load(tmp_path / "relu3_2-102-difference.npy")
    assert number(explorer.page.locator("#probe-value").inner_text()) == pytest.approx(
        float(change[17, 23]), abs=5.1e-5
    )
    assert np.abs(change).max() > 0


def test_python_prints_the_probe_s_value(explorer: Explorer) -> None:
    explorer.open(**VIEW)
    text = copied(explorer, "Python")
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith("(256, 56, 56)")
    assert float(said.split(")")[1]) == pytest.approx(float(explorer.maps("relu3_2")[102, 17, 23]), rel=1e-6)


def test_the_command_line_makes_the_map_as_the_page_colours_it(explorer: Explorer, tmp_path: Path) -> None:
    explorer.open(**VIEW, colour="magma")
    shell(copied(explorer, "CLI"), tmp_path)
    drawn = picture(tmp_path / "relu3_2-102.png")
    assert np.array_equal(drawn, painted(quantised(explorer.maps("relu3_2")[102], signed=False), "magma"))


def test_png_as_shown_and_a_pixel_a_value(explorer: Explorer, tmp_path: Path) -> None:
    explorer.open(**VIEW, colour="cividis")
    button = explorer.page.locator('.act [data-action="save-png"]')
    shown = picture(saved(explorer, button, tmp_path))
    assert np.array_equal(shown, pixels(explorer.page.locator("#big canvas"))[..., :3])
    exact = picture(saved(explorer, more(explorer, "Map, a pixel a value (PNG)"), tmp_path))
    values = explorer.maps("relu3_2")[102]
    assert np.array_equal(exact, painted(quantised(values, signed=False), "cividis"))
    assert np.array_equal(shown, exact.repeat(5, axis=0).repeat(5, axis=1))


def test_arrays_of_the_map_and_the_layer(explorer: Explorer, tmp_path: Path) -> None:
    explorer.open(**VIEW)
    values = explorer.maps("relu3_2")
    button = explorer.page.locator('.act [data-action="save-npy"]')
    assert np.array_equal(np.load(saved(explorer, button, tmp_path)), values[102])
    assert np.array_equal(np.load(saved(explorer, more(explorer, "Layer (npy)"), tmp_path)), values)
    with np.load(saved(explorer, more(explorer, "Layer (npz)"), tmp_path)) as file:
        assert np.array_equal(file["relu3_2"], values)


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("All maps of the layer (PNG)", b"\x89PNG"),
        ("Map as a figure (SVG)", b"<svg"),
        ("Map as a figure (PDF)", b"%PDF-"),
        ("Layer as a figure (PDF)", b"%PDF-"),
        ("The view as one HTML file", b"<!doctype html"),
    ],
)
def test_every_other_file_is_what_it_says(explorer: Explorer, words: str, start: bytes) -> None:
    explorer.open(**VIEW)
    href = more(explorer, words).get_attribute("href") or ""
    body = explorer.api.get(href).raise_for_status().content
    assert start.lower() in body[:200].lower()


def test_the_command_line_is_not_offered_where_it_cannot_do_the_same(explorer: Explorer) -> None:
    explorer.open(**VIEW, edits="conv3_1:5:x0")
    explorer.page.locator(".act").get_by_role("button", name="CLI", exact=True).click()
    expect(explorer.page.locator("#toast")).to_contain_text("takes no edits")


def test_the_menu_works_by_keyboard(explorer: Explorer) -> None:
    explorer.open(**VIEW)
    summary = explorer.page.locator("#save-more summary")
    summary.focus()
    explorer.page.keyboard.press("Enter")
    first = explorer.page.locator("#save-more a").first
    expect(first).to_be_visible()
    explorer.page.keyboard.press("Tab")
    expect(first).to_be_focused()
    explorer.page.keyboard.press("Escape")
    expect(first).to_be_hidden()
    expect(summary).to_be_focused()
