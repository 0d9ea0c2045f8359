"""A line of the table: what is measured, against what, and its goal."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Line:
    """Several rounds of ours and of the limit's, interleaved. The ratio is of each round's pair."""

    what: str
    unit: str
    limit: str
    goal: float
    #: Whether little is good: then the ratio is the limit's figure by ours.
    little: bool = False
    ours: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    note: str = ""

    def add(self, ours: float, limit: float) -> None:
        self.ours.append(ours)
        self.limits.append(limit)

    def ratios(self) -> list[float]:
        pairs = zip(self.ours, self.limits, strict=True)
        return sorted(limit / ours if self.little else ours / limit for ours, limit in pairs)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios())

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal

    def cells(self) -> list[str]:
        ratios = self.ratios()
        return [self.what, f"{number(statistics.median(self.ours))} {self.unit}", self.limit,
                f"{number(statistics.median(self.limits))} {self.unit}",
                f"{self.ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", f">= {self.goal}",
                "met" if self.met else "missed", self.note]

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return vars(self) | {"ratio": self.ratio, "met": self.met}


@dataclass
class Figure:
    """What has a goal of its own, or none: nothing of the machine is there to hold it against."""

    what: str
    unit: str
    #: The goal: it may be this at most.
    most: float | None = None
    #: Of each round.
    seen: list[float] = field(default_factory=list)
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seen)

    @property
    def met(self) -> bool | None:
        return None if self.most is None else self.median <= self.most

    def cells(self) -> list[str]:
        figure = f"{number(self.median)} {self.unit}".strip()
        if len(self.seen) > 1:
            figure += f" ({number(min(self.seen))} to {number(max(self.seen))})"
        goal = "–" if self.most is None else f"<= {number(self.most)} {self.unit}".strip()
        met = {True: "met", False: "missed", None: ""}[self.met]
        return [self.what, figure, "–", "–", "–", goal, met, self.note]

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return vars(self) | {"median": self.median, "met": self.met}


Row = Line | Figure


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def rounds(count: int, first: Callable[[], None], second: Callable[[], None]) -> None:
    """Interleaves: each comes first in every other round, so that a drift of the machine hurts both."""
    for place in range(count):
        for one in ([first, second] if place % 2 == 0 else [second, first]):
            one()
