"""The shape that each op gives, and the window that slides; pure arithmetic that refuses what does not fit.

A shape is (C, H, W), or (N,) after `flatten`. Functions take the layer and the shapes of its inputs, and raise
SpecError saying what does not fit, with its numbers, and what would; whoever walks the network adds the place.
"""

from collections.abc import Sequence
from math import gcd, isqrt, prod

from ..errors import SpecError
from .fields import BOUND
from .spec import AvgPool, Conv, LayerBase, Linear, Local, MaxPool, Merge, Pad
from .window import Axis, Window

Shape = tuple[int, ...]
"""(C, H, W), or (N,) for a vector."""

Shapes = Sequence[Shape]

_LISTED_DIVISORS = 12


def sliding(layer: Conv | Local | MaxPool) -> Window:
    """The window of a convolution, a locally connected layer or max pooling."""
    return _window(layer, layer.dilation, ceil_mode=isinstance(layer, MaxPool) and layer.ceil_mode)


def averaging(layer: AvgPool) -> Window:
    """The window of average pooling."""
    return _window(layer, (1, 1), ceil_mode=layer.ceil_mode)


def _window(layer: Conv | Local | MaxPool | AvgPool, dilation: tuple[int, int], *, ceil_mode: bool) -> Window:
    if layer.padding != "same":
        return Window(layer.kernel, layer.stride, dilation, layer.padding, ceil_mode)
    if layer.stride != (1, 1):
        raise SpecError(
            f'padding "same" keeps the size, which stride {_by(layer.stride)} does not',
            where="padding",
            expected="stride 1, or padding in numbers",
        )
    return Window(layer.kernel, layer.stride, dilation, _same_padding(layer.kernel, dilation))


def _same_padding(kernel: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int, int, int]:
    """PyTorch's: d·(k − 1) in all, the odd one at the right and at the bottom."""
    height, width = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    return (width // 2, width - width // 2, height // 2, height - height // 2)


def border(layer: Pad) -> Window:
    """A pad as a window of one cell."""
    return Window(kernel=(1, 1), padding=layer.padding)


def same_shape(_layer: LayerBase, inputs: Shapes) -> Shape:
    """Nothing changes."""
    return inputs[0]


def _maps(layer: LayerBase, shape: Shape) -> Shape:
    """`shape`, refused unless it is C×H×W."""
    if len(shape) != 3:
        raise SpecError(
            f"{layer.op} takes maps (C×H×W), its input is a vector of {shape[0]:,}",
            expected="a place before the flatten",
        )
    return shape


def same_maps(layer: LayerBase, inputs: Shapes) -> Shape:
    """Nothing changes, and only maps are taken."""
    return _maps(layer, inputs[0])


def _slid(layer: LayerBase, window: Window, channels: int, inputs: Shapes) -> Shape:
    _, height, width = _maps(layer, inputs[0])
    return (channels, *window.cells((height, width)))


def conv_shape(layer: Conv, inputs: Shapes) -> Shape:
    """One map a filter; groups must divide maps and filters."""
    channels = _maps(layer, inputs[0])[0]
    common = gcd(channels, layer.filters)
    if common % layer.groups:
        raise SpecError(
            f"groups {layer.groups:,} must divide both the {channels:,} input maps and the {layer.filters:,} filters",
            where="groups",
            expected=f"groups of {_divisors(common)}",
        )
    return _slid(layer, sliding(layer), layer.filters, inputs)


def _divisors(number: int) -> str:
    small = [each for each in range(1, isqrt(number) + 1) if number % each == 0]
    divisors = sorted({*small, *(number // each for each in small)})
    if len(divisors) == 1:
        return "1"
    if len(divisors) > _LISTED_DIVISORS:
        return ", ".join(f"{each:,}" for each in divisors[: _LISTED_DIVISORS - 1]) + f", … or {divisors[-1]:,}"
    return ", ".join(f"{each:,}" for each in divisors[:-1]) + f" or {divisors[-1]:,}"


def local_shape(layer: Local, inputs: Shapes) -> Shape:
    """One map a filter."""
    return _slid(layer, sliding(layer), layer.filters, inputs)


def maxpool_shape(layer: MaxPool, inputs: Shapes) -> Shape:
    """As many maps as before."""
    return _pooled(layer, sliding(layer), inputs)


def avgpool_shape(layer: AvgPool, inputs: Shapes) -> Shape:
    """As many maps as before."""
    return _pooled(layer, averaging(layer), inputs)


def _pooled(layer: MaxPool | AvgPool, window: Window, inputs: Shapes) -> Shape:
    shape = _maps(layer, inputs[0])
    for axis, cells in zip(window.axes, shape[1:], strict=True):
        if layer.padding != "same":
            _check_half_padding(layer, axis)
        _check_never_missed(axis, cells)
    return _slid(layer, window, shape[0], inputs)


def _check_half_padding(layer: MaxPool | AvgPool, axis: Axis) -> None:
    """PyTorch's bound on the padding of pooling."""
    if max(axis.before, axis.after) > axis.kernel // 2:
        raise SpecError(
            f"padding {max(axis.before, axis.after):,} is more than half of the {layer.op} kernel {axis.kernel:,}",
            where="padding",
            expected=f"padding of at most {axis.kernel // 2:,}",
        )


def _check_never_missed(axis: Axis, cells: int) -> None:
    """A window that starts in the padding must come to a cell of the input: its taps lie `dilation` apart."""
    if max(axis.before, axis.after) > 0 and cells < axis.dilation:
        raise SpecError(
            f"with padding and dilation {axis.dilation:,} a window can miss its input of {cells:,} altogether",
            where="padding",
            expected=f"no padding, or dilation of at most {cells:,}",
        )


def pad_shape(layer: Pad, inputs: Shapes) -> Shape:
    """As many maps as before, larger."""
    return _slid(layer, border(layer), inputs[0][0], inputs)


def one_cell(layer: LayerBase, inputs: Shapes) -> Shape:
    """C×1×1."""
    return (_maps(layer, inputs[0])[0], 1, 1)


def vector(_layer: LayerBase, inputs: Shapes) -> Shape:
    """All values in a row."""
    return (prod(inputs[0]),)


def linear_shape(layer: Linear, inputs: Shapes) -> Shape:
    """One value a unit; only vectors are taken."""
    if len(inputs[0]) != 1:
        raise SpecError(
            f"linear takes a vector, its input is {by(inputs[0])}",
            expected=f"a flatten before it (would give {prod(inputs[0]):,})",
        )
    return (layer.units,)


def equal_shape(layer: Merge, inputs: Shapes) -> Shape:
    """Sum or product: all inputs have one shape."""
    if len(set(inputs)) > 1:
        raise SpecError(
            f"{layer.op} takes inputs of one shape, these are {_listed(inputs)}",
            where="from",
            expected=f"all of {by(inputs[0])}",
        )
    return inputs[0]


def stacked(_layer: Merge, inputs: Shapes) -> Shape:
    """Concatenation: the channels add up."""
    if len({shape[1:] for shape in inputs}) > 1:
        raise SpecError(
            f"concat stacks maps of one height and width, these are {_listed(inputs)}",
            where="from",
            expected=f"all of {'×'.join(['C', *map(str, inputs[0][1:])])}" if inputs[0][1:] else "vectors only",
        )
    channels = sum(shape[0] for shape in inputs)
    if channels > BOUND:
        raise SpecError(f"concat gives {channels:,} maps", expected=f"at most {BOUND:,}", limit=BOUND)
    return (channels, *inputs[0][1:])


def by(shape: Sequence[int]) -> str:
    """A shape in print: 64×112×112."""
    return "×".join(f"{side:,}" for side in shape)


def _by(pair: tuple[int, int]) -> str:
    return f"{pair[0]:,}" if pair[0] == pair[1] else by(pair)


def _listed(shapes: Shapes) -> str:
    first = " and ".join(by(shape) for shape in shapes[:4])
    return first if len(shapes) <= 4 else f"{first} and {len(shapes) - 4} more"
