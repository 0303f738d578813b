"""Random layers and networks for property tests, small enough to check by brute force."""

from typing import Any

from hypothesis import strategies as st

from tests.net.networks import layer

Fields = dict[str, Any]


def one_or_two(low: int, high: int) -> st.SearchStrategy[int | list[int]]:
    numbers = st.integers(low, high)
    return st.one_of(numbers, st.lists(numbers, min_size=2, max_size=2))


def paddings(high: int) -> st.SearchStrategy[int | list[int]]:
    """An int, [height, width] or [left, right, top, bottom]."""
    numbers = st.integers(0, high)
    return st.one_of(one_or_two(0, high), st.lists(numbers, min_size=4, max_size=4))


@st.composite
def convolutions(draw: st.DrawFn, channels: int, *, stride: int = 3, padding: int = 3) -> Fields:
    groups = draw(st.sampled_from([each for each in range(1, channels + 1) if channels % each == 0]))
    same = draw(st.booleans())
    return layer(
        "conv",
        filters=groups * draw(st.integers(1, 3)),
        kernel=draw(one_or_two(1, 4)),
        stride=1 if same else draw(one_or_two(1, stride)),
        padding="same" if same else draw(paddings(padding)),
        dilation=draw(one_or_two(1, 3)),
        groups=groups,
        bias=draw(st.booleans()),
    )


@st.composite
def poolings(draw: st.DrawFn, op: str, *, stride: int = 4) -> Fields:
    fields: Fields = {"kernel": draw(one_or_two(1, 4)), "padding": draw(paddings(2)), "ceil_mode": draw(st.booleans())}
    if draw(st.booleans()):
        fields["stride"] = draw(one_or_two(1, stride))
    if op == "maxpool":
        fields["dilation"] = draw(one_or_two(1, 3))
    else:
        fields["count_include_pad"] = draw(st.booleans())
    return layer(op, **fields)


sizes = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 12))
