"""How many frames a file holds, read from its structure; it decodes nothing.

Pillow's own count composes every frame of a GIF and parses every tag of a TIFF, which a small hostile
file can stretch to minutes. These walks touch a few bytes a frame and stop at a limit.
"""

import struct

from PIL import Image

FRAMES_COUNTED = 1_000
"""Counting stops here: a file with more says "1,000 or more"."""

_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C
_TIFF_CLASSIC, _TIFF_BIG = 42, 43


def count_frames(image: Image.Image, data: bytes) -> int:
    """Frames of an opened image whose file is `data`, from 1 to `FRAMES_COUNTED`."""
    if image.format == "GIF":
        frames = _gif_frames(data)
    elif image.format == "TIFF":
        frames = _tiff_frames(data)
    else:
        frames = int(getattr(image, "n_frames", 1))
    return max(1, min(frames, FRAMES_COUNTED))


def _gif_frames(data: bytes) -> int:
    """Image descriptors of a GIF (GIF89a, appendix B)."""
    frames = 0
    try:
        at = 13 + _gif_table(data[10])
        while frames < FRAMES_COUNTED:
            if data[at] == _GIF_IMAGE:
                frames += 1
                at = _gif_after_blocks(data, at + 11 + _gif_table(data[at + 9]))
            elif data[at] == _GIF_EXTENSION:
                at = _gif_after_blocks(data, at + 2)
            else:
                break
    except IndexError:  # cut short: what was seen counts
        pass
    return frames


def _gif_table(flags: int) -> int:
    """Bytes of the colour table that a flag byte announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_after_blocks(data: bytes, at: int) -> int:
    """The place after a chain of sub-blocks."""
    while data[at]:
        at += data[at] + 1
    return at + 1


def _tiff_frames(data: bytes) -> int:
    """Directories in the chain of a TIFF or BigTIFF; a chain that bites its tail ends there."""
    order = "<" if data[:2] == b"II" else ">"
    seen: set[int] = set()
    try:
        version, here = struct.unpack_from(f"{order}HI", data, 2)
        if version == _TIFF_BIG:
            (here,) = struct.unpack_from(f"{order}Q", data, 8)
        while here and here not in seen and len(seen) < FRAMES_COUNTED:
            after = _tiff_next(data, here, order, big=version == _TIFF_BIG)
            seen.add(here)
            here = after
    except struct.error:  # cut short: what was seen counts
        pass
    return len(seen)


def _tiff_next(data: bytes, here: int, order: str, *, big: bool) -> int:
    """Offset of the directory after the one at `here`; 0 after the last."""
    count_format, entry_bytes, offset_format = ("Q", 20, "Q") if big else ("H", 12, "I")
    (entries,) = struct.unpack_from(order + count_format, data, here)
    at = here + struct.calcsize(order + count_format) + entries * entry_bytes
    (after,) = struct.unpack_from(order + offset_format, data, at)
    return int(after)
