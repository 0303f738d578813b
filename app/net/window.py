"""A window that slides over an axis: how many cells it gives, by which formula; it must not know layers."""

from dataclasses import dataclass

from ..errors import SpecError


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a window, in cells; `ceil_mode` is PyTorch's: the last window may reach past the padding."""

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    ceil_mode: bool

    @property
    def span(self) -> int:
        """Cells from the first tap to the last, both included: d·(k − 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def cells(self, length: int) -> int:
        """Cells of the output for an input of `length`, below 1 where the window does not fit.

        floor((n + before + after − d·(k − 1) − 1)/s) + 1. With `ceil_mode` the quotient is rounded up, less one
        window where the last would start beyond the input; so a window may be a little larger than its input.
        Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
        """
        room = length + self.before + self.after - self.span
        if not self.ceil_mode:
            return room // self.stride + 1
        return -(-room // self.stride) + 1 - int(self._last_starts_outside(length))

    def _last_starts_outside(self, length: int) -> bool:
        room = length + self.before + self.after - self.span
        return -(-room // self.stride) * self.stride >= length + self.before

    def extent(self, length: int) -> int:
        """Cells that the windows reach over: the input, its padding, and what ceil mode adds."""
        return max(length + self.before + self.after, (self.cells(length) - 1) * self.stride + self.span)

    def counted(self, length: int, *, include_padding: bool) -> list[int]:
        """How many cells each window of an average counts along the axis: PyTorch's divisor.

        Padding counts when `include_padding`; what lies past it (in ceil mode) never does.
        """
        first, last = (-self.before, length + self.after) if include_padding else (0, length)
        starts = [cell * self.stride - self.before for cell in range(self.cells(length))]
        return [min(start + self.kernel, last) - max(start, first) for start in starts]

    def formula(self, length: int) -> str:
        """The formula with its numbers: `floor((224 + 1 + 1 − 3)/1) + 1 = 224`."""
        taps = f"{self.kernel}" if self.dilation == 1 else f"{self.dilation}·({self.kernel} − 1) − 1"
        quotient = f"(({length} + {self.before} + {self.after} − {taps})/{self.stride}) + 1"
        rounding = "ceil" if self.ceil_mode else "floor"
        less = " − 1" if self.ceil_mode and self._last_starts_outside(length) else ""
        return f"{rounding}{quotient}{less} = {self.cells(length)}".replace("= -", "= −")


@dataclass(frozen=True, slots=True)
class Window:
    """A window over maps: kernel, stride and dilation as (height, width), padding as (left, right, top, bottom)."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    ceil_mode: bool = False

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """The vertical axis (over the height), then the horizontal one."""
        left, right, top, bottom = self.padding
        borders = ((top, bottom), (left, right))
        vertical, horizontal = (
            Axis(self.kernel[i], self.stride[i], self.dilation[i], *borders[i], self.ceil_mode) for i in (0, 1)
        )
        return vertical, horizontal

    @property
    def is_symmetric(self) -> bool:
        """Whether the padding is the same on opposite sides, which PyTorch's convolutions take as it is."""
        return all(axis.before == axis.after for axis in self.axes)

    @property
    def is_pooled_by_torch(self) -> bool:
        """Whether PyTorch's pooling takes the padding as it is: symmetric, and at most half of the kernel."""
        return self.is_symmetric and all(axis.before <= axis.kernel // 2 for axis in self.axes)

    def cells(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output for an input of `size`. Raises SpecError where the window does not fit."""
        cells = tuple(axis.cells(length) for axis, length in zip(self.axes, size, strict=True))
        if min(cells) < 1:
            raise SpecError(
                f"kernel {_by(self.kernel)} does not fit its input {_by(size)} ({self.formula(size)})",
                where="kernel",
                expected=self._what_fits(size),
            )
        return cells[0], cells[1]

    def formula(self, size: tuple[int, int]) -> str:
        """The formula of both axes with their numbers, or one where they agree."""
        height, width = (axis.formula(length) for axis, length in zip(self.axes, size, strict=True))
        return height if height == width else f"height {height}, width {width}"

    def _what_fits(self, size: tuple[int, int]) -> str:
        room = [length + axis.before + axis.after for axis, length in zip(self.axes, size, strict=True)]
        kernel = [min(axis.kernel, (n - 1) // axis.dilation + 1) for axis, n in zip(self.axes, room, strict=True)]
        lacking = [max(axis.span - n, 0) for axis, n in zip(self.axes, room, strict=True)]
        padding = [max(axis.before, axis.after) + -(-less // 2) for axis, less in zip(self.axes, lacking, strict=True)]
        least = str(padding[0]) if padding[0] == padding[1] else f"{padding} [height, width]"
        return f"a kernel of at most {_by(kernel)}, or padding of at least {least}"


def _by(pair: tuple[int, int] | list[int]) -> str:
    return f"{pair[0]}×{pair[1]}"
