"""What a torture came to, for people and as JSON."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .round import Result

#: Faults at which something dies or is cut: each is a crash point.
_CRASHES = (
    "death at a failpoint", "process killed", "ledger killed", "backend killed", "store killed",
    "connections cut", "commit lost", "commit answer lost", "answer cut",
)
#: Of these, the deaths of processes.
_KILLS = _CRASHES[:5]
_SHOWN = 20


@dataclass
class Summary:
    """All rounds together."""

    seeds: list[int]
    rounds: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    failpoints: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    stores: Counter[str] = field(default_factory=Counter)
    skewed: int = 0
    gave_up: int = 0
    windows: int = 0
    lines: int = 0
    #: Warehouses that `textrail verify --deep` found without a difference, and their proven windows.
    verified: int = 0
    proven: int = 0
    reprocessed: int = 0
    #: Rounds in which the ledger was restored from a copy.
    restored: int = 0
    slowest_calm: float = 0
    seconds: float = 0

    def add(self, result: Result) -> None:
        """Takes a round in."""
        self.rounds += 1
        self.injected.update(result.struck)
        if result.wrong:
            self.failed.append({"seed": result.plan.seed, "folder": str(result.folder), "wrong": result.wrong})
        else:
            self.survived.update(result.struck)
        self.failpoints.update(result.failpoints)
        self.facts.update(result.facts)
        self.acknowledged.update(result.acknowledged)
        self.calls.update(result.calls)
        self.stores[result.plan.store] += 1
        self.skewed += bool(result.plan.clocks)
        self.gave_up += len(result.gave_up)
        self.windows += result.windows
        self.lines += result.lines
        self.verified += result.verified
        self.proven += result.proven
        self.reprocessed += result.reprocessed
        self.restored += result.restored
        self.slowest_calm = max(self.slowest_calm, result.calm_seconds)

    @property
    def kills(self) -> int:
        """Deaths of processes, PostgreSQL's and the store's included."""
        return sum(self.injected[name] for name in _KILLS)

    @property
    def crash_points(self) -> int:
        """Deaths and cuts."""
        return sum(self.injected[name] for name in _CRASHES)

    def json(self, failpoints: Iterable[str]) -> str:
        """For machines."""
        whole = vars(self) | {
            "kills": self.kills,
            "crash_points": self.crash_points,
            "failpoints": {name: self.failpoints[name] for name in failpoints},
        }
        return json.dumps(whole, indent=2)

    def text(self, failpoints: Iterable[str]) -> str:
        """For people."""
        parts = [
            _table("fault", self.injected, self.survived),
            _table("death at failpoint", Counter({name: self.failpoints[name] for name in failpoints}), None),
            _table("fact", self.facts, self.acknowledged, ("sent", "acknowledged")),
            f"{self.rounds} rounds in {self.seconds:.0f} s ({_list(self.stores)}; {self.skewed} with clocks an hour off, {self.restored} with a restored ledger), "
            f"{self.windows} windows, {self.lines} lines in the lake",
            f"calls by answer: {_list(self.calls)}; services that gave up and were started again: {self.gave_up}",
            f"textrail verify --deep: {self.verified} warehouses without a difference, {self.proven} windows proven; "
            f"{self.reprocessed} rebuilds of a warehouse",
            f"slowest calm: {self.slowest_calm:.1f} s",
            f"{self.kills} kills, {self.crash_points} crash points, {len(self.failed)} rounds failed; "
            f"seed {', '.join(map(str, self.seeds))}",
        ]
        return "\n\n".join(parts[:3]) + "\n\n" + "\n".join(parts[3:])


def sum_of(reports: Iterable[str]) -> Summary:
    """Of runs with different seeds."""
    whole = Summary([])
    for text in reports:
        for name, value in json.loads(text).items():
            match getattr(whole, name):
                case Counter() as counter:
                    counter.update(value)
                case list() as items:
                    items += value
                case number if name == "slowest_calm":
                    whole.slowest_calm = max(number, value)
                case number if name not in ("kills", "crash_points"):
                    setattr(whole, name, number + value)
    return whole


def describe(result: Result) -> str:
    """One line a round; what is wrong, if anything is."""
    plan = result.plan
    kills = sum(result.struck[name] for name in _KILLS)
    crashes = sum(result.struck[name] for name in _CRASHES)
    line = (
        f"round {plan.seed}: {plan.store}, {sum(result.facts.values())} facts "
        f"({sum(result.acknowledged.values())} acknowledged), {result.windows} windows, {kills} kills, "
        f"{crashes} crash points, calm after {result.calm_seconds:.1f} s, {result.seconds:.1f} s: "
        f"{'FAILED' if result.wrong else 'good'}"
    )
    if not result.wrong:
        return line
    more = len(result.wrong) - _SHOWN
    wrong = [f"  {text}" for text in result.wrong[:_SHOWN]] + ([f"  … and {more} more"] if more > 0 else [])
    again = f"  again: scripts/torture --round {plan.seed} --seconds {plan.seconds:g} --pace {plan.pace:g}\n  data and logs: {result.folder}"
    return "\n".join([line, *wrong, again])


def _table(
    title: str, first: Counter[str], second: Counter[str] | None, heads: tuple[str, str] = ("injected", "survived")
) -> str:
    width = max([len(title), *map(len, first)])
    lines = [f"{title:<{width}} {heads[0]:>9}" + (f" {heads[1]:>12}" if second is not None else "")]
    for name in sorted(first):
        lines.append(f"{name:<{width}} {first[name]:>9}" + (f" {second[name]:>12}" if second is not None else ""))
    return "\n".join(lines)


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
