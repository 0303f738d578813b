"""What can be said of a network without running it: shapes, parameters, multiply-adds, receptive fields.

Pure arithmetic on Python integers: it allocates no tensor, so a network of 10^12 parameters takes as long as a small
one. It must not know torch or numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from ..errors import Fault, NotFound, SpecError
from .faults import near
from .fields import BOUND
from .graph import INPUT, Network, Node
from .ops import OPS, STATISTICS, ParameterShapes, Row, Shape, Sign, by, window_of
from .receptive import ONE_PIXEL, Reach, ReceptiveField, merged, receptive_field, through_all, through_window
from .spec import INPUT_NAME

__all__ = ["Analysis", "LayerAnalysis", "ReceptiveField", "Shape", "analyze"]

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class LayerAnalysis:
    """One layer in numbers. `parameters` counts learned values; `parameter_shapes` has every tensor it needs.

    `products` is how many products one value sums (its fan-in); `multiply_adds` counts them over the whole output,
    additions of a bias left out, and is 0 for layers other than conv, local and linear. `signed` says whether a
    value may be negative. `formula` is the output size worked out, where a window slides.

    `operations` measures the work: multiply-adds, and wherever there are none the input values read (by a pooling
    window, say). `scratch_bytes` is the memory that computing may take beside inputs and outputs, in float32.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: int
    products: int
    multiply_adds: int
    receptive_field: ReceptiveField
    signed: bool
    parameter_shapes: ParameterShapes
    formula: str | None
    operations: int
    scratch_bytes: int

    @property
    def input_shape(self) -> Shape:
        """Shape of the input, of the first one where there are several."""
        return self.input_shapes[0]


@dataclass(frozen=True)
class Analysis:
    """A network in numbers, for one size of input; `activation_bytes` holds every layer's output in float32."""

    input_shape: Shape
    layers: tuple[LayerAnalysis, ...]

    @cached_property
    def parameters(self) -> int:
        """Learned values in all."""
        return sum(layer.parameters for layer in self.layers)

    @cached_property
    def multiply_adds(self) -> int:
        """Multiply-adds of one pass."""
        return sum(layer.multiply_adds for layer in self.layers)

    @cached_property
    def activation_bytes(self) -> int:
        """Bytes of all layers' outputs in float32."""
        return FLOAT32_BYTES * sum(prod(layer.output_shape) for layer in self.layers)

    @cached_property
    def _by_name(self) -> Mapping[str, LayerAnalysis]:
        return {layer.name: layer for layer in self.layers}

    def layer(self, name: str) -> LayerAnalysis:
        """The layer of this name. Raises NotFound, naming near matches."""
        if name not in self._by_name:
            raise NotFound(f"there is no layer {name!r}", where="layer", expected=near(name, self._by_name))
        return self._by_name[name]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What later layers need to know of a layer."""

    shape: Shape
    signed: bool
    reach: tuple[Reach, Reach]


def analyze(network: Network, input_shape: Sequence[int] | None = None) -> Analysis:
    """The numbers of every layer for an input of C×H×W (by default the spec's).

    Raises SpecError at the first layer that does not fit: its place, the formula with its numbers, what would fit.
    """
    shape = _checked_input(network.spec.input if input_shape is None else input_shape)
    seen = {INPUT: _Seen(shape, signed=True, reach=(ONE_PIXEL, ONE_PIXEL))}
    names = {INPUT: INPUT_NAME} | {node.index: node.name for node in network.nodes}
    layers = []
    for node in network.nodes:
        inputs = [seen[index] for index in node.inputs]
        try:
            layer, seen[node.index] = _layer(node, tuple(names[index] for index in node.inputs), inputs)
        except SpecError as error:
            raise _placed(error, node) from None
        layers.append(layer)
    return Analysis(shape, tuple(layers))


def _placed(error: SpecError, node: Node) -> SpecError:
    where = f"{node.place}.{error.where}" if error.where else node.place
    return SpecError(
        f"{node.place}: {error.detail}",
        where=where,
        expected=error.expected,
        limit=error.limit,
        faults=[Fault(where, error.detail, error.expected)],
    )


def _checked_input(shape: Sequence[int]) -> Shape:
    if len(shape) != 3 or not all(1 <= side <= BOUND for side in shape):
        raise SpecError(
            f"an input of {by(shape)} does not fit",
            where=INPUT_NAME,
            expected=f"[channels, height, width], each 1 to {BOUND:,}",
        )
    return tuple(shape)


def _layer(node: Node, names: tuple[str, ...], inputs: Sequence[_Seen]) -> tuple[LayerAnalysis, _Seen]:
    row = OPS[node.layer.op]
    _check_inputs(node, row)
    shapes = tuple(each.shape for each in inputs)
    output = row.shape(node.layer, shapes)
    parameter_shapes = row.parameters(node.layer, shapes)
    products = row.products(node.layer, shapes)
    signed = _is_signed(row.sign(node.layer), inputs)
    reach = _reach(node, row, inputs)
    window = window_of(node.layer)
    layer = LayerAnalysis(
        name=node.name,
        op=node.layer.op,
        inputs=names,
        input_shapes=shapes,
        output_shape=output,
        parameters=sum(prod(shape) for name, shape in parameter_shapes.items() if name not in STATISTICS),
        products=products,
        multiply_adds=products * prod(output),
        receptive_field=receptive_field(*reach),
        signed=signed,
        parameter_shapes=parameter_shapes,
        formula=window.formula((shapes[0][1], shapes[0][2])) if window else None,
        operations=row.reads(node.layer, shapes) * prod(output),
        scratch_bytes=FLOAT32_BYTES * row.scratch(node.layer, shapes),
    )
    return layer, _Seen(output, signed, reach)


def _check_inputs(node: Node, row: Row) -> None:
    if row.merges and len(node.inputs) < 2:
        raise SpecError(
            f"{node.layer.op} takes two or more inputs", where="from", expected="`from` with two or more names"
        )
    if not row.merges and len(node.inputs) > 1:
        raise SpecError(
            f"{node.layer.op} takes one input, `from` names {len(node.inputs)}",
            where="from",
            expected="one name; an add, mul or concat before it joins several",
        )


def _is_signed(sign: Sign, inputs: Sequence[_Seen]) -> bool:
    return sign is Sign.SIGNED or (sign is Sign.AS_INPUT and any(each.signed for each in inputs))


def _reach(node: Node, row: Row, inputs: Sequence[_Seen]) -> tuple[Reach, Reach]:
    vertical, horizontal = (merged(each.reach[i] for each in inputs) for i in (0, 1))
    window = window_of(node.layer)
    if window is not None:
        along_height, along_width = window.axes
        return through_window(vertical, along_height), through_window(horizontal, along_width)
    if row.whole and len(inputs[0].shape) == 3:
        _, height, width = inputs[0].shape
        return through_all(vertical, height), through_all(horizontal, width)
    return vertical, horizontal
