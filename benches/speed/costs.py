"""What work costs: processor time of the services and of PostgreSQL, its log, and syncs of that."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .world import Bench

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Costs:
    """Seconds of processor time, and bytes and syncs of PostgreSQL's log."""

    service: float
    postgres: float
    log: int
    syncs: int

    def __sub__(self, earlier: "Costs") -> "Costs":
        return Costs(self.service - earlier.service, self.postgres - earlier.postgres, self.log - earlier.log,
                     self.syncs - earlier.syncs)

    def told(self, facts: float) -> str:
        """A fact's share."""
        if not facts:
            return ""
        per = 1e6 / facts
        text = f"{self.postgres * per:.0f} µs PostgreSQL"
        if self.service:
            text = f"{self.service * per:.0f} µs service, " + text
        return text + f", {self.log / facts / 1000:.1f} kB of its log, {facts / max(self.syncs, 1):.1f} facts a sync"


def now(world: Bench, service: int | None) -> Costs:
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0', wal_sync FROM pg_stat_wal").fetchone()
    log, syncs = map(int, row or (0, 0))
    return Costs(seconds(service) if service else 0, tree_seconds(world.postmaster), log, syncs)


def seconds(process: int, ended_children: bool = False) -> float:
    """What a process used, and, if asked for, those of its children that ended."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15 if ended_children else 13])) / TICKS


def is_idle(process: int) -> bool:
    """Whether it used hardly any of a processor for half a second."""
    used = seconds(process)
    time.sleep(0.5)
    return seconds(process) - used <= 0.03


def tree_seconds(parent: int) -> float:
    """What a process and its children used."""
    total = seconds(parent, ended_children=True)
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            total += seconds(int(child))
        except OSError:
            pass  # It ended, and counts with its parent the next time.
    return total
