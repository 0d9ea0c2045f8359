"""Plots for docs/."""

import math
from pathlib import Path

import pygal
from pygal.style import CleanStyle


def growth(file: Path, sizes: list[int], shares: dict[str, list[float]]) -> None:
    """A line a load: its share of the limit at each size, by that at the first."""
    parts = {load: [share / of_sizes[0] for share in of_sizes] for load, of_sizes in shares.items()}
    top = math.ceil(4 * max(map(max, parts.values())) + 0.5) / 4
    chart = pygal.Line(
        style=CleanStyle(background="white"), width=720, height=360, range=(0, top), legend_at_bottom=True,
        title="Facts a second as ledger and warehouse grow, by those at their smallest",
        x_title="messages in each of them",
        # No script from elsewhere: an image that shows alike wherever it is opened.
        js=[], pretty_print=True)
    chart.x_labels = [f"{size:,}" for size in sizes]
    chart.y_labels = [quarter / 4 for quarter in range(round(4 * top) + 1)]
    for load, part in parts.items():
        chart.add(load, [round(of_size, 3) for of_size in part])
    file.parent.mkdir(parents=True, exist_ok=True)
    chart.render_to_file(str(file))
