"""Tables, numbers and problems as plain text; it reads and writes no file."""

from collections.abc import Iterator, Sequence

from ..errors import ConvscopeError

Row = Sequence[str]


def table(head: Row, rows: Sequence[Row], *, left: int) -> str:
    """Rows under a head, two blanks between columns; the first `left` columns begin, the others end in line."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        cells = [
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value: float | None, digits: int = 6) -> str:
    """A value with so many significant digits; what is not finite has none to show."""
    return "not finite" if value is None else f"{value:.{digits}g}"


def by(sides: Sequence[int]) -> str:
    """A shape in print: 64×112×112."""
    return "×".join(f"{side:,}" for side in sides)


def problem_text(error: ConvscopeError) -> str:
    """What went wrong: title, every detail with its place, what would fit."""
    return "\n".join([error.title, *(f"  {line}" for line in _problem_lines(error))])


def _problem_lines(error: ConvscopeError) -> Iterator[str]:
    if len(error.faults) > 1:
        for fault in error.faults:
            yield f"{fault.where}: {fault.message}"
            if fault.expected:
                yield f"  expected: {fault.expected}"
        return
    yield error.detail
    if error.expected:
        yield f"expected: {error.expected}"
