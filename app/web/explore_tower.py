"""Where the tower's boxes stand: SVG rectangles from the blocks' shapes; pure arithmetic, no page."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from re import compile as pattern

from .explore_blocks import POOLS, Block

WIDTH = 104
HEIGHT = 856
LYING_WIDTH = 390
LYING_HEIGHT = 50

TOP = 16
FOOT = 28
GAP = 4
AXIS = 77
NAME_RIGHT = 49
LONGEST_NAME = 8
NAME_SPACING = 13
LARGEST_STRETCH = 1.6
SMALLEST_BOX = 3
LYING_MARGIN = 8
LYING_MIDDLE = 20
LYING_GAP = 3
LETTER = 5.7
FLAT = {"flatten", "pad", "dropout"}
UNNAMED = {"pool", "flat"}
SEPARATORS = pattern(r"[_.-][^_.-]*$")


@dataclass(frozen=True, slots=True)
class Box:
    """One box: SVG coordinates in pixels, the block it stands for, its label's baseline (None: no label here).

    `stage` counts the runs of blocks of one size; lying boxes share one label a stage.
    """

    name: str
    label: str
    x: float
    y: float
    width: float
    height: float
    kind: str
    text_y: float | None
    stage: int = 0


def standing(blocks: Sequence[Block], input_shape: Sequence[int]) -> tuple[Box, ...]:
    """The tower beside the column, input on top: width by √side, height by channels; 104 px wide.

    The boxes share `HEIGHT` pixels; a network of few layers is stretched only so far, one of very many takes
    more height and the panel scrolls.
    """
    heights = [6.0] + [_height(block) for block in blocks]
    widths = [44.0] + [_width(block.shape, input_shape) for block in blocks]
    kinds = ["input"] + [_kind(block) for block in blocks]
    names = ["input"] + [block.name for block in blocks]
    spaces = [GAP * (2 if kind == "pool" else 1) for kind in kinds]
    stretch = min(LARGEST_STRETCH, (HEIGHT - TOP * 2 - FOOT) / (sum(heights) + sum(spaces)))
    boxes: list[Box] = []
    y, last_name = float(TOP), -100.0
    for name, kind, height, width, space in zip(names, kinds, heights, widths, spaces, strict=True):
        tall = max(SMALLEST_BOX, round(height * stretch))
        text_y = y + tall / 2 + 3.5
        named = kind not in UNNAMED and text_y - last_name >= NAME_SPACING
        boxes.append(Box(name, _label(name), AXIS - width / 2, y, width, tall, kind, text_y if named else None))
        last_name = text_y if named else last_name
        y += tall + (space if stretch >= 1 else max(2, round(space * stretch)))
    return tuple(boxes)


def lying(blocks: Sequence[Block], input_shape: Sequence[int]) -> tuple[Box, ...]:
    """The tower of a narrow screen, lying on its side: height by √side, width by channels; 390×50 px.

    Each stage (the blocks up to the next change of size) has one label, where there is room for it.
    """
    lengths = [_length(block) for block in blocks]
    room = LYING_WIDTH - 2 * LYING_MARGIN
    scale = room / (sum(lengths) + LYING_GAP * len(blocks))
    stages = _stages(blocks)
    labels = {stage: _stage_label(blocks, stages, stage) for stage in set(stages)}
    boxes: list[Box] = []
    x, free, labelled = float(LYING_MARGIN), 0.0, -1
    for block, length, stage in zip(blocks, lengths, stages, strict=True):
        side = max(6, round(28 * _relative_side(block.shape, input_shape)))
        kind, label = _kind(block), labels[stage]
        named = kind not in UNNAMED and stage != labelled and x >= free
        y, width = LYING_MIDDLE - side / 2, length * scale
        boxes.append(Box(block.name, label, x, y, width, side, kind, 46 if named else None, stage))
        if named:
            free, labelled = x + LETTER * len(label) + 4, stage
        x += (length + LYING_GAP) * scale
    return tuple(boxes)


def total_height(boxes: Sequence[Box]) -> float:
    """Height in pixels that the standing boxes take."""
    return max(float(HEIGHT), boxes[-1].y + boxes[-1].height + TOP)


def _stages(blocks: Sequence[Block]) -> list[int]:
    """For each block, how many changes of size (after pooling or a stride) lie before it."""
    stages: list[int] = []
    for index, block in enumerate(blocks):
        before = blocks[index - 1] if index else block
        changed = block.op not in POOLS and block.shape[1:] != before.shape[1:]
        after_pool = before.op in POOLS and block.op not in POOLS
        stages.append((stages[-1] if stages else 0) + (1 if index and (changed or after_pool) else 0))
    return stages


def _stage_label(blocks: Sequence[Block], stages: Sequence[int], stage: int) -> str:
    """What all names of a stage have before their last separator (`conv3` of conv3_1, conv3_2), else the first name."""
    names = [
        block.name for block, own in zip(blocks, stages, strict=True) if own == stage and _kind(block) not in UNNAMED
    ]
    shared = {SEPARATORS.sub("", name) for name in names}
    return _label(shared.pop() if len(shared) == 1 else names[0] if names else "")


def _kind(block: Block) -> str:
    if block.op in POOLS:
        return "pool"
    if block.op in FLAT:
        return "flat"
    return "layer" if block.available else "missing"


def _height(block: Block) -> float:
    if block.op in POOLS or block.op in FLAT:
        return 5
    if len(block.shape) == 1:
        return 14
    return float(min(60.0, max(10.0, 18 * (block.shape[0] / 64) ** 0.45)))


def _length(block: Block) -> float:
    if block.op in POOLS or len(block.shape) == 1 or block.op in FLAT:
        return 4
    return float(min(32.0, max(8.0, 10 * (block.shape[0] / 64) ** 0.45)))


def _relative_side(shape: Sequence[int], input_shape: Sequence[int]) -> float:
    if len(shape) == 1:
        return 0.0
    return min(1.0, sqrt(max(shape[1:]) / max(input_shape[1:])))


def _width(shape: Sequence[int], input_shape: Sequence[int]) -> float:
    if len(shape) == 1:
        return 4.0
    return float(max(7, round(44 * _relative_side(shape, input_shape))))


def _label(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
