"""Which layers a view saved as one file holds, and their bytes as text; it knows nothing of pages."""

import zlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from ..errors import OverLimit
from ..render.statistics import LayerStatistics
from .executor import Executor
from .layers import Layers, Picture
from .run import Run

U8_HEADER_BYTES, U8_BYTES_PER_MAP = 24, 8
LEVEL = 4
"""Of zlib: measured on six of VGG-16's ReLU layers, level 6 saves 1 % of the bytes and takes twice as long."""


@dataclass(frozen=True, slots=True)
class SavedLayer:
    """A layer's `u8` bytes, deflated (zlib) and in base64, and its statistics."""

    name: str
    data: str
    statistics: LayerStatistics


def text_bytes(run: Run, name: str) -> int:
    """Bytes of a layer as text at most: arithmetic, nothing is computed."""
    shape = run.shape(run.layer(name).index)
    return (U8_HEADER_BYTES + U8_BYTES_PER_MAP * shape[0] + prod(shape)) * 4 // 3 + 4


def layers_that_fit(run: Run, names: Sequence[str], limit: int) -> list[str]:
    """Those of the layers, in order, that stay within `limit` bytes together; one that is too large is passed over."""
    chosen = []
    for name in names:
        if (needed := text_bytes(run, name)) <= limit:
            chosen.append(name)
            limit -= needed
    return chosen


def check_fits(run: Run, names: Sequence[str], limit: int) -> None:
    """Raise `OverLimit` for layers of more than `limit` bytes together."""
    needed = sum(text_bytes(run, name) for name in names)
    if needed > limit:
        raise OverLimit(
            f"A file of these layers may need {needed:,} bytes; this server makes files of {limit:,}.",
            where="layers",
            limit=limit,
            expected="fewer or smaller layers",
        )


async def saved_layer(layers: Layers, executor: Executor, run: Run, name: str) -> SavedLayer:
    """A layer ready to be written into a file."""
    body = await layers.render(run, name, Picture(format="u8"))
    text = await executor.beside(lambda: b64encode(zlib.compress(body, LEVEL)).decode())
    return SavedLayer(name, text, await layers.statistics(run, name))
