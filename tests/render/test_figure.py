"""Figures opened again as XML and as PDF: their pixels are the lookup table's, their numbers the arrays'."""

from base64 import b64decode
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pypdf
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.errors import Invalid, OverLimit
from app.render.colormaps import colormap
from app.render.drawing import GAP
from app.render.figure import MARGIN, Figure, layer_figure, printed
from app.render.pdf import to_pdf
from app.render.svg import to_svg
from app.render.tone import Tone

SVG = "{http://www.w3.org/2000/svg}"
FROM_ZERO, BOTH_SIGNS = Tone(signed=False), Tone(signed=True)
SIGNED = np.random.default_rng(7).normal(size=(6, 9, 12)).astype(np.float32)
POSITIVE = np.maximum(SIGNED, 0)


def figure(
    maps: NDArray[np.float32],
    tone: Tone = FROM_ZERO,
    *,
    index: int | None = None,
    title: str = "relu1 of small",
    scale: int = 1,
    name: str | None = None,
) -> Figure:
    colours = colormap(name or ("RdBu" if tone.signed else "viridis"))
    caption = "Network small, layer relu1."
    return layer_figure(
        maps, colours, tone, index=index, title=title, caption=caption, scale=scale, max_pixels=1_000_000
    )


def svg_of(one: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(one))


def texts_of(one: Figure) -> list[str]:
    return [element.text or "" for element in svg_of(one).iter(f"{SVG}text")]


def embedded(one: Figure, k: int) -> NDArray[np.uint8]:
    """The pixels of the k-th embedded picture, H×W×3."""
    image = list(svg_of(one).iter(f"{SVG}image"))[k]
    head, _, data = image.attrib["href"].partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(b64decode(data))).convert("RGB"))


def page_of(one: Figure) -> pypdf.PageObject:
    reader = pypdf.PdfReader(BytesIO(to_pdf(one)), strict=True)
    (page,) = reader.pages
    return page


def by_definition(values: NDArray[np.float32], reach: float, name: str, *, signed: bool) -> NDArray[np.uint8]:
    """Colours by the u8 format's definition, in float64."""
    share = values.astype(np.float64) / reach
    places = np.floor(share * 127 + 128.5) if signed else np.floor(share * 255 + 0.5)
    return colormap(name).table[places.astype(int)]


@pytest.mark.parametrize(
    ("maps", "tone", "name"), [(POSITIVE, FROM_ZERO, "viridis"), (SIGNED, BOTH_SIGNS, "RdBu")], ids=["relu", "conv"]
)
def test_one_maps_pixels_are_the_lookup_tables(maps: NDArray[np.float32], tone: Tone, name: str) -> None:
    reach = float(np.abs(maps[4]).max())
    np.testing.assert_array_equal(
        embedded(figure(maps, tone, index=4), 0), by_definition(maps[4], reach, name, signed=tone.signed)
    )


def test_a_walls_pixels_are_each_maps_own() -> None:
    wall = embedded(figure(POSITIVE), 0)
    first, second = wall[:9, :12], wall[:9, 12 + GAP : 24 + GAP]
    for pixels, values in ((first, POSITIVE[0]), (second, POSITIVE[1])):
        np.testing.assert_array_equal(pixels, by_definition(values, float(values.max()), "viridis", signed=False))


def test_the_pdf_holds_the_same_pixels_as_the_svg() -> None:
    for one in (figure(SIGNED, BOTH_SIGNS), figure(POSITIVE, index=2)):
        pictures = [np.asarray(found.image.convert("RGB")) for found in page_of(one).images]  # type: ignore[union-attr]
        assert len(pictures) == 2
        for k, pixels in enumerate(pictures):
            np.testing.assert_array_equal(pixels, embedded(one, k))


@pytest.mark.parametrize(("tone", "entries"), [(FROM_ZERO, slice(0, None)), (BOTH_SIGNS, slice(1, None))])
def test_the_bar_holds_every_colour_of_the_map_once(tone: Tone, entries: slice) -> None:
    name = "RdBu" if tone.signed else "viridis"
    np.testing.assert_array_equal(embedded(figure(SIGNED, tone, index=0), 1)[0], colormap(name).table[entries])


def test_the_ends_of_a_signed_scale_are_equally_far_from_zero() -> None:
    reach = f"{np.abs(SIGNED[3]).max():.6g}"
    assert texts_of(figure(SIGNED, BOTH_SIGNS, index=3))[1:4] == [f"−{reach}", "0", reach]


def test_a_scale_from_zero_ends_at_the_largest_value() -> None:
    assert texts_of(figure(POSITIVE, index=3))[1:3] == ["0", f"{POSITIVE[3].max():.6g}"]


def test_a_layers_scale_ends_at_the_layers_largest_value() -> None:
    shared = Tone(signed=False, normalize="layer")
    for index in (None, 0):
        texts = texts_of(figure(POSITIVE, shared, index=index))
        assert texts[2] == f"{POSITIVE.max():.6g}"
        assert "ends at the layer's largest value" in " ".join(texts)


def test_a_wall_of_own_scales_says_so() -> None:
    texts = texts_of(figure(SIGNED, BOTH_SIGNS))
    assert texts[1:4] == ["−largest", "0", "largest"]
    assert "Each map has a scale of its own" in " ".join(texts)


def test_the_smallest_and_largest_value_are_the_arrays() -> None:
    least, most = (f"{value:.6g}".replace("-", "−") for value in (SIGNED[5].min(), SIGNED[5].max()))
    assert f"Values from {least} to {most}." in " ".join(texts_of(figure(SIGNED, BOTH_SIGNS, index=5)))


def test_a_dead_map_has_zero_alone_on_its_scale() -> None:
    texts = texts_of(figure(np.zeros((2, 4, 4), np.float32), index=1))
    assert texts[1] == "0"
    assert texts[2].startswith("The scale ends")


def test_dead_maps_of_a_wall_are_counted() -> None:
    maps = POSITIVE.copy()
    maps[[1, 4]] = 0
    assert "2 of 6 maps are zero everywhere" in " ".join(texts_of(figure(maps)))


def test_values_that_are_not_finite_are_counted() -> None:
    maps = POSITIVE.copy()
    maps[2, 0, :3] = [np.nan, np.inf, -np.inf]
    text = " ".join(texts_of(figure(maps, index=2)))
    assert "3 values are not finite" in text
    assert f"to {maps[2][np.isfinite(maps[2])].max():.6g}." in text


def test_signed_values_on_a_sequential_map_have_zero_in_the_middle() -> None:
    one = figure(SIGNED, BOTH_SIGNS, index=0, name="viridis")
    np.testing.assert_array_equal(embedded(one, 1)[0], colormap("viridis").table[1:])
    assert texts_of(one)[2] == "0"


@pytest.mark.parametrize("write", [to_svg, to_pdf])
def test_the_same_figure_gives_the_same_bytes(write) -> None:  # type: ignore[no-untyped-def]
    assert write(figure(SIGNED, BOTH_SIGNS)) == write(figure(SIGNED, BOTH_SIGNS))


def test_a_title_is_text_whatever_it_holds() -> None:
    title = "<script>alert(1)</script> & \"quotes\" 'too' — ]]>"
    one = figure(POSITIVE, index=0, title=title)
    assert " ".join(texts_of(one)).startswith(title)
    assert svg_of(one).findtext(f"{SVG}title") == title
    assert list(svg_of(one).iter(f"{SVG}script")) == []


def test_the_pdf_holds_every_line_as_text() -> None:
    one = figure(SIGNED, BOTH_SIGNS, index=2, title="Größe (a\\b) × −1")
    assert page_of(one).extract_text().split() == " ".join(texts_of(one)).split()


def test_the_pdf_has_the_size_and_the_title_of_the_figure() -> None:
    one = figure(POSITIVE, index=2, title="Größe")
    reader = pypdf.PdfReader(BytesIO(to_pdf(one)), strict=True)
    assert [float(side) for side in reader.pages[0].mediabox] == pytest.approx([0, 0, one.width, one.height], abs=1e-5)
    assert reader.metadata is not None
    assert reader.metadata.title == "Größe"


def test_a_letter_that_the_pdf_lacks_is_named() -> None:
    one = figure(POSITIVE, index=2, title="層")
    assert "層" in texts_of(one)
    with pytest.raises(Invalid, match="層") as caught:
        to_pdf(one)
    assert caught.value.expected is not None
    assert "svg" in caught.value.expected


@pytest.mark.parametrize("scale", [2, 40])
def test_a_scale_is_points_a_value(scale: int) -> None:
    picture = figure(POSITIVE, index=0, scale=scale).pictures[0]
    assert (picture.width, picture.height) == (12 * scale, 9 * scale)


@pytest.mark.parametrize(
    ("height", "width", "points"), [(1, 1, 480), (14, 14, 34), (224, 224, 2), (300, 900, 640 / 900)]
)
def test_without_a_scale_a_picture_reads_well(height: int, width: int, points: float) -> None:
    picture = figure(np.ones((1, height, width), np.float32), index=0).pictures[0]
    assert (picture.width, picture.height) == pytest.approx((width * points, height * points))


def test_nothing_lies_outside_the_page() -> None:
    one = figure(POSITIVE, index=0, title="A long title of many words " * 6)
    for picture in one.pictures:
        assert picture.x >= MARGIN
        assert picture.x + picture.width <= one.width - MARGIN
    assert max(text.y for text in one.texts) < one.height
    assert len({text.y for text in one.texts if text.bold}) > 1


def test_too_large_a_wall_is_refused() -> None:
    with pytest.raises(OverLimit):
        layer_figure(POSITIVE, colormap("viridis"), FROM_ZERO, index=None, title="", caption="", max_pixels=100)


def test_numbers_have_six_digits_and_a_true_minus() -> None:
    assert [printed(value) for value in (-1.23456789, 0.0, 1e-7)] == ["−1.23457", "0", "1e−07"]
