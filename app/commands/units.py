"""`convscope explain`: one number of a layer worked out in readable text: patch, kernel, sums, bias, total."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import Invalid
from ..probe.explain import Explanation
from ..service.run import Run
from ..settings import Settings
from ..web.deps import to_json
from ..web.views import unit_view
from .session import Request, open_run, photo_name, working
from .text import number

UNIT_PARTS = (2, 4)
"""LAYER:CHANNEL of a vector, LAYER:CHANNEL:Y:X of maps."""
MOST_SIDE = 11
"""Rows and columns printed of a larger window."""


@dataclass(frozen=True, slots=True)
class UnitName:
    """The place of one number."""

    layer: str
    channel: int
    y: int
    x: int

    @classmethod
    def parse(cls, text: str) -> "UnitName":
        """`conv3_2:102:17:23`, or `fc8:281` of a vector. Raises `Invalid`."""
        layer, *numbers = text.split(":")
        if len(numbers) + 1 not in UNIT_PARTS or not all(part.isdecimal() and part.isascii() for part in numbers):
            raise Invalid(
                f"{text!r} names no unit.", where="--unit", expected="LAYER:CHANNEL:ROW:COLUMN, or LAYER:CHANNEL"
            )
        channel, y, x = ([int(part) for part in numbers] + [0, 0])[:3]
        return cls(layer, channel, y, x)


async def explain_text(settings: Settings, request: Request, unit: UnitName, channels: int) -> str:
    """One number in text, with the `channels` input channels that count most in full."""
    run, explanation = await _explain(settings, request, unit)
    return "\n".join(_lines(run, photo_name(request), explanation, channels))


async def explain_json(settings: Settings, request: Request, unit: UnitName) -> bytes:
    """The same as `GET …/units/{channel}/{y}/{x}` answers it."""
    return to_json(unit_view(*await _explain(settings, request, unit)))


async def _explain(settings: Settings, request: Request, unit: UnitName) -> tuple[Run, Explanation]:
    async with working(settings) as service:
        run = await open_run(service, request)
        return run, await service.explain(run, unit.layer, unit.channel, unit.y, unit.x)


def _lines(run: Run, photo: str, one: Explanation, channels: int) -> Iterator[str]:
    yield f"{one.layer} ({one.op}) of {run.model.name} on {photo}: channel {one.channel}, row {one.y}, column {one.x}"
    yield ""
    yield f"value    {number(one.value, 9)}   as the layer holds it, float32"
    yield f"total    {number(one.total, 9)}   worked out again in float64"
    yield f"apart    {one.relative_difference:.1e} of the value"
    yield f"formula  {one.formula}"
    yield f"window   {_window(one)}"
    yield f"sees     {_field(one)}"
    for name, value in one.before.items():
        yield f"{name:<8} {number(value, 9)}"
    if one.winner is not None:
        yield f"winner   {number(one.winner.value, 9)} at row {one.winner.y}, column {one.winner.x}"
    yield ""
    yield from _channels(one, channels)


def _window(one: Explanation) -> str:
    window = one.window
    rows, columns = window.rows, window.columns
    sources = ", ".join(f"{source.layer} channels {source.first} to {source.last}" for source in one.inputs)
    outside = int((~one.inside).sum())
    padding = f", {outside} of {one.inside.size} cells in padding" if outside else ""
    return f"rows {rows[0]} to {rows[-1]}, columns {columns[0]} to {columns[-1]} of {sources}{padding}"


def _field(one: Explanation) -> str:
    if one.receptive_field is None:
        return "an uneven part of the input: branches of different strides meet"
    box = one.receptive_field.box
    return f"rows {box.top} to {box.bottom}, columns {box.left} to {box.right} of the input"


def _channels(one: Explanation, most: int) -> Iterator[str]:
    """The channels that count most, then the sum of the others, the bias and the total."""
    if one.kernel is None or one.by_channel is None:
        for place, patch in enumerate(one.patch[:most]):
            yield f"input channel {place} of {len(one.patch)}"
            yield from _side_by_side(patch, None, one.inside)
        return
    order = np.argsort(-np.abs(one.by_channel), kind="stable")
    for place in order[:most]:
        yield f"input channel {place}: sum {number(one.by_channel[place], 9)}"
        yield from _side_by_side(one.patch[place], one.kernel[place], one.inside)
        yield ""
    if rest := order[most:].tolist():
        yield f"{len(rest):,} more channels: sum {number(one.by_channel[rest].sum(), 9)}"
    yield f"all products: {number(one.products_sum, 9)}"
    yield f"bias:         {number(one.bias, 9)}"
    yield f"total:        {number(one.total, 9)}"


def _side_by_side(
    patch: NDArray[np.float64], kernel: NDArray[np.float64] | None, inside: NDArray[np.bool_]
) -> Iterator[str]:
    """A patch, and beside it the kernel and their products; cells in padding in brackets."""
    height, width = (min(side, MOST_SIDE) for side in patch.shape)
    blocks = [_cells(patch[:height, :width], inside)]
    if kernel is not None:
        everywhere = np.ones_like(inside)
        blocks += [_cells(values[:height, :width], everywhere) for values in (kernel, patch * kernel)]
    for row, parts in enumerate(zip(*blocks, strict=True)):
        middle = row == (height - 1) // 2
        times, equals = ("×", "=") if middle else (" ", " ")
        yield f"  {parts[0]}" + "".join(
            f"   {sign}   {part}" for sign, part in zip((times, equals), parts[1:], strict=False)
        )
    if (height, width) != patch.shape:
        yield f"  (the first {height} of {patch.shape[0]} rows, {width} of {patch.shape[1]} columns)"


def _cells(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> list[str]:
    """Rows of aligned numbers."""
    texts = [
        [f"{value:.4g}" if within else f"[{value:.4g}]" for value, within in zip(*pair, strict=False)]
        for pair in zip(values.tolist(), inside.tolist(), strict=False)
    ]
    width = max(len(text) for row in texts for text in row)
    return ["  ".join(text.rjust(width) for text in row) for row in texts]
