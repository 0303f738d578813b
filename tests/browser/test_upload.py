"""A photo of one's own, by button, drop or paste, ends in its maps; a fault leaves the photo before it."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .colours import painted, quantised
from .conftest import Watch
from .explorer import READY_MILLISECONDS, Explorer

# Puts the bytes of a file into an event, as the system does when a file is dropped or pasted.
TRANSFER = """([bytes, name, type]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
  return transfer;
}"""
DROP = """(target, transfer) => {
  for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
PASTE = """(target, transfer) =>
  target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }))"""


def photo(seed: int) -> bytes:
    """A small photo that no other test uploads."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (6, 9, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((300, 260), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def by_button(page: Page, name: str, content: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator("#upload").click()
    chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})


def by_event(page: Page, script: str, name: str, content: bytes) -> None:
    transfer = page.evaluate_handle(TRANSFER, [list(content), name, "image/png"])
    page.locator("main").evaluate(script, transfer)


def by_drop(page: Page, name: str, content: bytes) -> None:
    by_event(page, DROP, name, content)


def by_paste(page: Page, name: str, content: bytes) -> None:
    by_event(page, PASTE, name, content)


@pytest.mark.parametrize(("seed", "upload"), [(1, by_button), (2, by_drop), (3, by_paste)])
def test_an_upload_ends_in_maps_of_that_photo(explorer: Explorer, seed: int, upload: object) -> None:
    explorer.open(layer="conv3_2", map=102)
    before = explorer.run["image"]
    content = photo(seed)
    assert callable(upload)
    upload(explorer.page, "mine.png", content)
    same = explorer.api.post("/api/v1/images", files={"file": ("mine.png", content)}).json()["id"]
    assert same != before
    explorer.page.wait_for_url(f"**image={same}**", timeout=READY_MILLISECONDS)
    explorer.ready()
    assert explorer.run["image"] == same
    values, wall = explorer.maps("relu3_2"), explorer.wall("conv3_2")
    for k in [int(k) for k in np.flatnonzero(values.max(axis=(1, 2)) > 0)[:3]]:
        assert np.array_equal(wall.colours(k), painted(quantised(values[k], signed=False), "viridis"))
    expect(explorer.page.locator("#image-name")).to_have_text("mine.png")


def test_a_file_that_is_no_image_is_refused_where_the_photo_is(explorer: Explorer, watch: Watch) -> None:
    watch.expect("status of 422")
    explorer.open(layer="conv3_2", map=102)
    before = explorer.page.url
    by_button(explorer.page, "notes.png", b"%PDF-1.7 not a picture")
    fault = explorer.page.locator("#upload-error")
    expect(fault).to_be_visible()
    expect(fault).to_contain_text("notes.png")
    expect(fault).to_contain_text("The photo before it stays.")
    assert explorer.page.url == before
    expect(explorer.page.locator("#upload")).to_be_visible()


def test_a_sample_is_one_click_away(explorer: Explorer) -> None:
    explorer.open(layer="conv3_2", map=102)
    others = [sample for sample in explorer.data["samples"] if sample["id"] != explorer.run["image"]]
    explorer.page.locator(f'.samples a[data-image="{others[0]["id"]}"]').click()
    explorer.page.wait_for_url(f"**image={others[0]['id']}**")
    explorer.ready()
    assert explorer.run["image"] == others[0]["id"]
    assert "layer=conv3_2" in explorer.page.url
