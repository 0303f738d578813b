"""`python -m benchmarks`: measures every promise on this machine and prints the table of docs/performance.md."""

import argparse
import os
import platform

import torch

from .promises import Figure, computed, delivered, edited, images, memory_and_start
from .server import serving


def main() -> None:
    """Measure and print; exits with 0 whether or not every promise is kept, for machines differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each measurement (15)")
    parser.add_argument("--without-scripts", action="store_true", help="leave out the matplotlib scripts (90 s each)")
    options = parser.parse_args()
    figures: list[Figure] = []
    with serving() as server:
        figures += delivered(server, options.rounds)
        figures += computed(server, 4 * options.rounds)
        figures += edited(server, 2 * options.rounds)
        figures += memory_and_start(server, options.rounds)
        if not options.without_scripts:
            figures += images(server, 1)
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, torch {torch.__version__}"
    )
    print(table(figures))


def table(figures: list[Figure]) -> str:
    """A Markdown table of what was promised and measured."""
    rows = ["| promise | measured | promised | kept | |", "| --- | ---: | ---: | --- | --- |"]
    for figure in figures:
        sign = "≥" if figure.more_is_better else "≤"
        kept = "yes" if figure.kept else "no"
        rows.append(
            f"| {figure.promise} | {figure.value:,.2f} {figure.unit} | {sign} {figure.promised:,} {figure.unit} "
            f"| {kept} | {figure.detail} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
