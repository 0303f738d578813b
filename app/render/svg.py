"""Figures as SVG: text stays text, pictures are embedded as the PNG files they are; it lays nothing out."""

from base64 import b64encode
from xml.sax.saxutils import escape, quoteattr

from .figure import Figure, Picture, Text

FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK = "#1a1a1a"


def to_svg(figure: Figure) -> bytes:
    """A figure as a file of its own; the same figure gives the same bytes."""
    size = f'width="{figure.width:g}" height="{figure.height:g}" viewBox="0 0 {figure.width:g} {figure.height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family={quoteattr(FONTS)} fill="{INK}">',
        f"<title>{escape(figure.title)}</title>",
        f"<desc>{escape(figure.description)}</desc>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        *map(_picture, figure.pictures),
        *map(_text, figure.texts),
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _picture(picture: Picture) -> str:
    # The attribute's value is what renderers of SVG 1.1 know; CSS takes it for the same as pixelated.
    return (
        f'<image x="{picture.x:g}" y="{picture.y:g}" width="{picture.width:g}" height="{picture.height:g}" '
        f'preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{b64encode(picture.png).decode()}"/>'
    )


def _text(text: Text) -> str:
    weight = ' font-weight="600"' if text.bold else ""
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    return f'<text x="{text.x:g}" y="{text.y:g}" font-size="{text.size:g}"{anchor}{weight}>{escape(text.text)}</text>'
