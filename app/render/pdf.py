"""Figures as PDF: one page of the figure's size, text as text, pictures pixel by pixel; it lays nothing out.

The typeface is Helvetica, which every reader has, so that no font is embedded; its letters are those of
Windows-1252 and the minus sign. Source: ISO 32000-1:2008, 8.9.5 (images), 9.6.2.2 (standard fonts), annex D.
"""

from io import BytesIO

import pydyf
from PIL import Image

from ..errors import Invalid
from .figure import Anchor, Figure, Picture, Text

INK = 26 / 255
MINUS = "−"
MINUS_CODE = 0x81
"""A place that Windows-1252 leaves free."""
FONTS = {"regular": "Helvetica", "bold": "Helvetica-Bold"}
ADVANCES = {".": 0.278, ",": 0.278, " ": 0.278, MINUS: 0.584, "+": 0.584, "'": 0.191}
ADVANCE = 0.556
"""Widths of Helvetica's letters in their size (Adobe's metrics): those of digits, and of what stands between them."""
BEFORE: dict[Anchor, float] = {"start": 0.0, "middle": 0.5, "end": 1.0}
"""The part of a text that lies before its anchor."""


def to_pdf(figure: Figure) -> bytes:
    """A figure as a file of its own; the same figure gives the same bytes.

    Raises `Invalid` for text with letters that the typeface lacks.
    """
    document = pydyf.PDF()
    page = pydyf.Stream(compress=True)
    images = {f"picture{k}": _image(picture) for k, picture in enumerate(figure.pictures)}
    for name, picture in zip(images, figure.pictures, strict=True):
        page.push_state()
        bottom = figure.height - picture.y - picture.height
        page.set_matrix(picture.width, 0, 0, picture.height, picture.x, bottom)
        page.draw_x_object(name)
        page.pop_state()
    page.set_color_rgb(INK, INK, INK)
    for text in figure.texts:
        _show(page, text, figure.height)
    document.info.update({"Title": pydyf.String(figure.title), "Creator": pydyf.String("convscope")})
    _add_page(document, page, images, figure)
    file = BytesIO()
    document.write(file)
    return file.getvalue()


def _add_page(document: pydyf.PDF, page: pydyf.Stream, images: dict[str, pydyf.Stream], figure: Figure) -> None:
    for part in (page, *images.values()):
        document.add_object(part)
    resources = {
        "Font": pydyf.Dictionary({key: _font(name) for key, name in FONTS.items()}),
        "XObject": pydyf.Dictionary({name: image.reference for name, image in images.items()}),
    }
    document.add_page(
        pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": document.pages.reference,
                "MediaBox": pydyf.Array([0, 0, figure.width, figure.height]),
                "Contents": page.reference,
                "Resources": pydyf.Dictionary(resources),
            }
        )
    )


def _font(name: str) -> pydyf.Dictionary:
    encoding = pydyf.Dictionary(
        {
            "Type": "/Encoding",
            "BaseEncoding": "/WinAnsiEncoding",
            "Differences": pydyf.Array([MINUS_CODE, "/minus"]),
        }
    )
    return pydyf.Dictionary({"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{name}", "Encoding": encoding})


def _image(picture: Picture) -> pydyf.Stream:
    """The PNG's pixels: indices into its palette, or red, green and blue."""
    with Image.open(BytesIO(picture.png)) as opened:
        palette = opened.getpalette("RGB") if opened.mode == "P" else None
        pixels = opened if palette else opened.convert("RGB")
        colours = _indexed(palette) if palette else "/DeviceRGB"
        extra = {
            "Type": "/XObject",
            "Subtype": "/Image",
            "Width": pixels.width,
            "Height": pixels.height,
            "ColorSpace": colours,
            "BitsPerComponent": 8,
            "Interpolate": "false",
        }
        return pydyf.Stream([pixels.tobytes()], extra, compress=True)


def _indexed(palette: list[int]) -> pydyf.Array:
    return pydyf.Array(["/Indexed", "/DeviceRGB", len(palette) // 3 - 1, f"<{bytes(palette).hex()}>"])


def _show(page: pydyf.Stream, text: Text, height: float) -> None:
    width = sum(ADVANCES.get(letter, ADVANCE) for letter in text.text) * text.size
    page.begin_text()
    page.set_font_size("bold" if text.bold else "regular", text.size)
    page.move_text_to(text.x - width * BEFORE[text.anchor], height - text.y)
    page.stream.append(b"<" + _encoded(text.text).hex().encode() + b"> Tj")
    page.end_text()


def _encoded(text: str) -> bytes:
    try:
        return b"".join(bytes([MINUS_CODE]) if letter == MINUS else letter.encode("cp1252") for letter in text)
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise Invalid(
            f"A PDF's text has no letter {letter!r}.",
            where="title",
            expected="letters of Western European languages, or format=svg",
        ) from None
