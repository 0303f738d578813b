"""One unit of a network and what it was made from: its inputs, its weights, the patch under its window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ...errors import OverLimit
from ...net.analysis import Analysis, Shape
from ...net.graph import INPUT, Network, Node
from ...net.spec import INPUT_NAME
from .explanation import Explanation, Floats, Mask, Source, Window
from .field import receptive_field

Values = Callable[[int], Tensor]
"""Index of a node, or INPUT → its activation, 1×C×H×W or 1×N float32."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The value at (`channel`, `y`, `x`) of a layer's output; a vector of N counts as N×1×1."""

    network: Network
    analysis: Analysis
    node: Node
    params: Mapping[str, Tensor]
    values: Values
    channel: int
    y: int
    x: int
    max_cells: int

    @property
    def layer(self) -> Any:
        """The layer's fields, those of its own op."""
        return self.node.layer

    @property
    def value(self) -> float:
        """What the layer holds here."""
        return float(maps(self.values(self.node.index))[self.channel, self.y, self.x])

    def input(self, number: int = 0) -> Tensor:
        """Activation C×H×W of one of the layer's inputs."""
        return maps(self.values(self.node.inputs[number]))

    def at_same_place(self, number: int = 0) -> float:
        """The value of an input at this unit's own channel, row and column."""
        return float(self.input(number)[self.channel, self.y, self.x])

    def own_map(self) -> Tensor:
        """The input's map of the unit's own channel, 1×H×W."""
        return self.input()[self.channel : self.channel + 1]

    def shape(self, index: int) -> Shape:
        """Shape of any layer's output, or of the network's input for INPUT."""
        return self.analysis.input_shape if index == INPUT else self.analysis.layers[index].output_shape

    def name(self, index: int) -> str:
        """Name of any layer, or of the network's input for INPUT."""
        return INPUT_NAME if index == INPUT else self.network.nodes[index].name

    def source(self, first: int, last: int | None = None, number: int = 0) -> Source:
        """Channels `first` to `last` of one of the layer's inputs, by name."""
        return Source(self.name(self.node.inputs[number]), first, first if last is None else last)

    def bias(self, place: int | tuple[int, ...]) -> float:
        """The bias at a place of that tensor; 0 where the layer has none."""
        return float(self.params["bias"][place]) if "bias" in self.params else 0.0

    def explained(
        self,
        *,
        patch: Floats,
        inside: Mask | None = None,
        window: Window | None = None,
        total: float,
        **parts: Any,
    ) -> Explanation:
        """The explanation, with what every one has in common filled in.

        Without a `window` the patch is from the unit's own row and column; without `inside` none of it is padding.
        """
        return Explanation(
            layer=self.node.name,
            op=self.layer.op,
            channel=self.channel,
            y=self.y,
            x=self.x,
            value=self.value,
            total=float(total),
            patch=patch,
            inside=np.ones(patch.shape[1:], dtype=np.bool_) if inside is None else inside,
            window=Window(self.y, self.x, 1, 1) if window is None else window,
            receptive_field=receptive_field(
                self.network, self.analysis, self.node, channel=self.channel, y=self.y, x=self.x
            ),
            **parts,
        )

    def cut(self, values: Tensor, window: Window) -> tuple[Floats, Mask]:
        """The cells of `values` (C×H×W) that the kernel lies on, C×kh×kw, and which of them (kh×kw) are inside.

        Cells beyond the edges are 0. Raises OverLimit.
        """
        self.check_cells(len(values) * len(window.rows) * len(window.columns))
        rows, rows_inside = _on_axis(window.rows, values.shape[1])
        columns, columns_inside = _on_axis(window.columns, values.shape[2])
        inside = rows_inside[:, None] & columns_inside
        patch = np.zeros((len(values), *inside.shape))
        patch[:, inside] = exact(values[:, rows, columns]).reshape(len(values), -1)
        return patch, inside

    def check_cells(self, cells: int) -> None:
        """Raises OverLimit where so many cells are more than one explanation may list."""
        if cells > self.max_cells:
            raise OverLimit(
                f"this value of {self.node.name} is made from {cells:,} cells; at most {self.max_cells:,} are listed",
                where=self.node.name,
                limit=self.max_cells,
                expected="a layer with a smaller window",
            )

    def weighted_sum(self, patch: Floats, kernel: Floats, bias: float, **parts: Any) -> Explanation:
        """The explanation of Σ patch × kernel + bias."""
        by_channel = (patch * kernel).sum(axis=(1, 2))
        products_sum = float(by_channel.sum())
        return self.explained(
            total=products_sum + bias,
            patch=patch,
            kernel=kernel,
            by_channel=by_channel,
            products_sum=products_sum,
            bias=bias,
            **parts,
        )


def maps(activation: Tensor) -> Tensor:
    """1×C×H×W or 1×N as C×H×W, nothing copied."""
    return activation[0] if activation.dim() == 4 else activation.reshape(-1, 1, 1)


def exact(values: Tensor) -> Floats:
    """Float32 values of any device as float64, which holds each exactly."""
    return values.numpy(force=True).astype(np.float64)


def _on_axis(cells: range, length: int) -> tuple[slice, Mask]:
    """A kernel along one axis: the slice of the axis that it covers, and which of its cells lie on the axis."""
    places = np.arange(cells.start, cells.stop, cells.step)
    inside = (places >= 0) & (places < length)
    covered = places[inside]
    return (slice(int(covered[0]), int(covered[-1]) + 1, cells.step) if covered.size else slice(0, 0)), inside
