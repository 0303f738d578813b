"""Files that the image tests decode, made by Pillow or byte by byte; nothing here uses convscope."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOSSLESS = ("PNG", "WEBP", "BMP", "TIFF", "GIF")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# Largest difference of a level that a format's coding may leave on `smooth`.
TOLERANCE = dict.fromkeys(LOSSLESS, 0) | {"JPEG": 4, "AVIF": 6}


def encode(image: Image.Image, format_: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def encode_best(image: Image.Image, format_: str, **options: Any) -> bytes:
    """As close to the pixels as the format allows."""
    best = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    return encode(image, format_, **best.get(format_, {}), **options)


def smooth(height: int = 24, width: int = 40) -> NDArray[np.uint8]:
    """A colour gradient with no two equal corners; few enough colours for a GIF."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x // 4 * 24, y // 4 * 40, 255 - x // 4 * 24], axis=2)
    return np.clip(picture, 0, 255).astype(np.uint8)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_by_hand(width: int, height: int, *, depth: int, color_type: int, scanlines: bytes) -> bytes:
    """A PNG of these bytes, which Pillow cannot write for 16-bit colour or impossible sizes."""
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(scanlines))
        + png_chunk(b"IEND", b"")
    )


def gif_by_hand(frames: int, width: int = 1, height: int = 1) -> bytes:
    """A GIF of equal frames of a single black pixel, which Pillow would merge into one."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return screen + frame * frames + b"\x3b"


def bmp_header(width: int, height: int) -> bytes:
    body = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 4, 0, 0, 54) + body + bytes(4)


def tiff_by_hand(entries: list[tuple[int, int, int, int]], *, after: int = 0) -> bytes:
    """A little-endian TIFF of one directory at offset 8; entries are (tag, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + packed + struct.pack("<I", after)
