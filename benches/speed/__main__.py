"""Measures textrail against limits of the same machine, in the same run and on the same PostgreSQL.

Each line of the table is several pairs of rounds, interleaved: ours and the limit's. What counts is the
ratio (median, and from the worst to the best pair): these machines are noisy, and a ratio of one run is
not. PostgreSQL is private and durable (fsync on). The limits' tables and statements stand in
benches/baseline, and are frozen. A line without a limit is held against its goal alone.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from outages.world import say

from . import costs, seed
from .line import Row
from .lines import bursts, freshness, growth, latency, memory, pipeline, reporting, serving, slow_clients, space
from .options import PIPELINE, SERVING, TOGETHER, lines, options, rounds, stored
from .world import Bench


def together(world: Bench, named: list[str], chosen: argparse.Namespace) -> Iterator[Row]:
    """Lines that use one ledger, one after the other."""
    count, seconds = rounds(chosen)
    if set(named) & set(SERVING):
        say(f"{stored(chosen):,} messages, each with a link, become history")
        history = seed.fill(world, stored(chosen))
        serve = world.service("serve")
        if "redirects" in named:
            yield from serving.redirects(world, serve, history, count, seconds)
        if "sends" in named:
            yield from serving.sends(world, serve, count, seconds)
        if "receipts" in named:
            yield from serving.receipts(world, serve, history, count, seconds)
        say(f"textrail serve held at most {serve.most_memory() / 1e6:.0f} MB")
        world.end(serve)
    if set(named) & set(PIPELINE):
        yield from through_the_lake(world, named, chosen.full)
    if "reports" in named:
        yield from reporting.reports(world, 20 if chosen.full else 5, 10_000_000)


def through_the_lake(world: Bench, named: list[str], full: bool) -> Iterator[Row]:
    world.sql("TRUNCATE outbox")
    way = pipeline.Pipeline(world)
    yield from pipeline.shipping(world, way, 3, 5_000_000 if full else 1_000_000) if "shipping" in named else []
    yield from pipeline.loading(world, way, 3, 60_000, 36) if "loading" in named else []
    yield from pipeline.reprocessing(world, way) if "reprocess" in named else []


def apart(world: Bench, line: str, chosen: argparse.Namespace) -> Iterator[Row]:
    """A line that has a ledger of its own."""
    count, seconds = rounds(chosen)
    match line:
        case "latency":
            yield from latency.latency(world, stored(chosen), count, chosen.seconds or 30)
        case "space":
            yield from space.space(world, chosen.messages or 100_000, seconds)
        case "slow":
            # Longer than a client may take to send a request's head.
            yield from slow_clients.slow_clients(world, stored(chosen), count, max(seconds, 15))
        case "burst":
            yield from bursts.bursts(world, stored(chosen), count, seconds)
        case "memory":
            yield from memory.memory(world, stored(chosen), 10, chosen.minutes or 10)
        case "freshness":
            yield from freshness.freshness(world, stored(chosen), 20, chosen.minutes or 5)
        case "growth":
            sizes = [int(size) for size in chosen.sizes.split(",")]
            yield from growth.growth(world, sizes, count, seconds, chosen.plot)


def measure(chosen: argparse.Namespace, run: Callable[[Bench], Iterator[Row]]) -> Iterator[Row]:
    """Runs lines on servers that are new, and end with them."""
    with tempfile.TemporaryDirectory(prefix="textrail-bench-", dir=chosen.folder) as folder:
        world = Bench(Path(folder), chosen.binary.resolve())
        try:
            say(f"a sync of the disk takes {costs.sync_latency(world)}")
            for row in run(world):
                say(" | ".join(row.cells()))
                yield row
        finally:
            world.stop()


def rows(chosen: argparse.Namespace) -> Iterator[Row]:
    named = lines(chosen)
    if set(named) & set(TOGETHER):
        yield from measure(chosen, partial(together, named=named, chosen=chosen))
    for line in named:
        if line not in TOGETHER:
            yield from measure(chosen, partial(apart, line=line, chosen=chosen))


def main() -> int:
    chosen = options(__doc__)
    if chosen.folder:
        chosen.folder.mkdir(parents=True, exist_ok=True)
    table = list(rows(chosen))
    print("\n| what | textrail | limit | its figure | ratio (rounds) | goal | | notes |\n|---|---|---|---|---|---|---|---|")
    for row in table:
        print(f"| {' | '.join(row.cells())} |")
    if chosen.json:
        chosen.json.write_text(json.dumps([row.told() for row in table], indent=1) + "\n")
    return 0


sys.exit(main())
