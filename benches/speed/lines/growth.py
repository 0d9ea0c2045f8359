"""Whether what `textrail serve` does slows down as its ledger grows."""

import os
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from outages.world import Service, say

from .. import plot, seed
from ..generators import pgbench, wrk
from ..line import Figure
from ..world import SECRET, Bench

#: The goal: the fastest size by the slowest.
MOST = 1.25


@dataclass
class Size:
    """What was measured while the ledger held so many messages."""

    first: int
    #: What was sent meanwhile is stored as well.
    last: int = 0
    bytes: int = 0
    #: Of each load, its rate in each round, and that rate by the limit's in the same round.
    rates: dict[str, list[float]] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)

    def share(self, load: str) -> float:
        return statistics.median(self.shares[load])


def growth(world: Bench, sizes: list[int], count: int, seconds: int, svg: Path) -> Iterator[Figure]:
    """One ledger that is filled further between the sizes, its messages over 30 days at each."""
    history = seed.fill(world, 0)
    measured: list[Size] = []
    if len(set(sizes)) < 2:
        raise SystemExit("growth is between two sizes or more: --sizes 100000,1000000")
    for size in sorted(sizes):
        more = size - stored(world)
        if more <= 0:
            raise SystemExit(f"the loads alone wrote {-more:,} messages more than {size:,}: --sizes are too close")
        say(f"{more:,} messages become history")
        seed.grow(world, history, more)
        world.sql("TRUNCATE outbox")
        measured.append(measure(world, history, count, seconds))
    print(table(measured), flush=True)
    plot.growth(svg, [size.first for size in measured],
                {load: [size.share(load) for size in measured] for load in measured[0].shares})
    for load in measured[0].shares:
        fastest, *_, slowest = sorted(measured, key=lambda size: -size.share(load))
        figure = Figure(f"growth, the fastest size by the slowest: {load}", "times", MOST)
        pairs = zip(fastest.shares[load], slowest.shares[load], strict=True)
        figure.seen = [fast / slow for fast, slow in pairs]
        figure.note = f"fastest with {fastest.first:,} messages, slowest with {slowest.first:,}"
        yield figure


def stored(world: Bench) -> int:
    return world.number("SELECT count(*) FROM messages")


def measure(world: Bench, history: seed.History, count: int, seconds: int) -> Size:
    """Rounds of each load. Sizes are minutes apart, and the machine is another one by then: each round runs
    one of the frozen limits, whose tables are emptied first, and rates are told by it."""
    size = Size(stored(world))
    serve = world.service("serve")
    load = loads(world, serve, history, seconds)
    load["redirects"]()
    for place in range(count):
        rates = {name: run() for name, run in load.items()}
        limit = click_limit(world, seconds)
        for name, rate in rates.items():
            size.rates.setdefault(name, []).append(rate)
            size.shares.setdefault(name, []).append(rate / limit)
        say(", ".join(f"{name} {rate:,.0f} /s" for name, rate in rates.items()) + f", limit {limit:,.0f} /s "
            f"({place + 1} of {count})")
    world.end(serve)
    size.last, size.bytes = stored(world), world.number("SELECT pg_database_size(current_database())")
    return size


def loads(world: Bench, serve: Service, history: seed.History, seconds: int) -> dict[str, Callable[[], float]]:
    """What is asked, and its facts a second. Batches for a shorter time: they alone would make a small ledger
    a large one."""
    return {
        "redirects": lambda: wrk(serve.address, "redirects", seconds, 64, str(history.codes)).rate,
        "receipts": lambda: wrk(serve.address, "receipts", seconds, 64, str(history.ids), SECRET).rate,
        "messages, one a request": lambda: wrk(serve.address, "messages", seconds, 64, world.key, "1").rate,
        "messages, 1,000 a request": lambda: 1000 * wrk(serve.address, "messages", max(1, seconds // 3), 4, world.key,
                                                        "1000").rate,
    }


def click_limit(world: Bench, seconds: int) -> float:
    with psycopg.connect(world.baseline_url) as connection:
        connection.execute("TRUNCATE clicks, outbox")
    return pgbench(world, "click.sql", seconds).rate


def table(sizes: list[Size]) -> str:
    """A row a load, a column a size: facts a second, and by the limit's."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    rows = [["facts/s (by pgbench's clicks)", *(f"{size.first:,} messages" for size in sizes)],
            ["---"] * (len(sizes) + 1)]
    for load in sizes[0].rates:
        rows.append([load, *(f"{statistics.median(size.rates[load]):,.0f} ({size.share(load):.2f})"
                             for size in sizes)])
    rows.append(["messages at the end", *(f"{size.last:,}" for size in sizes)])
    rows.append([f"the database, in {memory / 1e9:.0f} GB of memory",
                 *(f"{size.bytes / 1e9:.2f} GB, {'fits' if size.bytes < memory else 'does not fit'}" for size in sizes)])
    return "\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)
