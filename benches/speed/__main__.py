"""Measures textrail against limits of the same machine, in the same run and on the same PostgreSQL.

Each line of the table is several pairs of rounds, interleaved: ours and the limit's. What counts is the
ratio (median, and from the worst to the best pair): these machines are noisy, and a ratio of one run is
not. PostgreSQL is private and durable (fsync on). The limits' tables and statements stand in
benches/baseline, and are frozen. A line without a limit is held against its goal alone.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from outages.world import say

from . import seed
from .line import Row
from .lines import bursts, disk, freshness, growth, latency, memory, pipeline, reporting, serving, slow_clients, space
from .options import PIPELINE, SERVING, TOGETHER, lines, options, scale
from .pipeline import Pipeline
from .scale import Scale
from .world import Bench


def together(world: Bench, named: list[str], scale: Scale) -> Iterator[Row]:
    """Lines that use one ledger, one after the other."""
    if set(named) & set(SERVING):
        yield from served(world, named, scale)
    if set(named) & set(PIPELINE):
        yield from through_the_lake(world, named, scale)
    if "reports" in named:
        yield from reporting.reports(world, scale.reports, scale.buckets)


def served(world: Bench, named: list[str], scale: Scale) -> Iterator[Row]:
    say(f"{scale.stored:,} messages, each with a link, become history")
    history = seed.fill(world, scale.stored)
    serve = world.service("serve")
    if "redirects" in named:
        yield from serving.redirects(world, serve, history, scale.rounds, scale.seconds)
    if "sends" in named:
        yield from serving.sends(world, serve, scale.rounds, scale.seconds)
    if "receipts" in named:
        yield from serving.receipts(world, serve, history, scale.rounds, scale.seconds)
    say(f"textrail serve held at most {serve.most_memory() / 1e6:.0f} MB")
    world.end(serve)


def through_the_lake(world: Bench, named: list[str], scale: Scale) -> Iterator[Row]:
    way = Pipeline(world)
    way.start()
    if "shipping" in named:
        yield from pipeline.shipping(world, way, min(scale.rounds, 3), scale.backlog)
    if {"loading", "reprocess"} & set(named):
        pipeline.history(way, scale.a_day)
    if "loading" in named:
        yield from pipeline.loading(world, way, min(scale.rounds, 3), scale.window, scale.pending)
    if "reprocess" in named:
        yield from pipeline.reprocessing(world, way, min(scale.rounds, scale.rebuilds))
    way.end()


def apart(world: Bench, line: str, scale: Scale, chosen: argparse.Namespace) -> Iterator[Row]:
    """A line that has a ledger of its own."""
    match line:
        case "latency":
            yield from latency.latency(world, scale.stored, scale.rounds, scale.latency_seconds)
        case "space":
            yield from space.space(world, scale.space, scale.seconds)
        case "slow":
            yield from slow_clients.slow_clients(world, scale.stored, scale.slow_rounds, scale.slow_seconds)
        case "burst":
            yield from bursts.bursts(world, scale.stored, scale.rounds, scale.seconds)
        case "memory":
            yield from memory.memory(world, scale.memory_stored, 10, scale.memory_minutes)
        case "freshness":
            yield from freshness.freshness(world, scale.stored, 20, scale.freshness_minutes)
        case "growth":
            sizes = [int(size) for size in chosen.sizes.split(",")]
            yield from growth.growth(world, sizes, scale.growth_rounds, scale.growth_seconds, scale.window,
                                     chosen.plot)


def measure(chosen: argparse.Namespace, run: Callable[[Bench], Iterator[Row]]) -> Iterator[Row]:
    """Runs lines on servers that are new, and end with them."""
    with tempfile.TemporaryDirectory(prefix="textrail-bench-", dir=chosen.folder) as folder:
        world = Bench(Path(folder), chosen.binary.resolve())
        try:
            for row in run(world):
                say(" | ".join(row.cells()))
                yield row
        except (Exception, SystemExit):
            keep_logs(Path(folder))
            raise
        finally:
            world.stop()


def keep_logs(folder: Path) -> None:
    """What the services said, of a run that failed: the rest goes with its folder."""
    kept = Path(tempfile.mkdtemp(prefix="textrail-bench-logs-"))
    for log in folder.glob("*.log"):
        shutil.copy(log, kept)
    say(f"the services' logs are kept in {kept}")


def rows(chosen: argparse.Namespace) -> Iterator[Row]:
    named, size = lines(chosen), scale(chosen)
    runs = [partial(apart, line=line, scale=size, chosen=chosen) for line in named if line not in TOGETHER]
    if set(named) & set(TOGETHER):
        runs.insert(0, partial(together, named=named, scale=size))
    yield from measure(chosen, lambda world: chain(disk.sync(world), runs[0](world)))
    for run in runs[1:]:
        yield from measure(chosen, run)


def main() -> int:
    chosen = options(__doc__)
    if chosen.folder:
        chosen.folder.mkdir(parents=True, exist_ok=True)
    told_of_room(chosen.folder or Path(tempfile.gettempdir()), scale(chosen).disk)
    table: list[Row] = []
    try:
        for row in rows(chosen):
            table.append(row)
    finally:
        # Of a run that gives up after an hour, too.
        tell(table, chosen.json)
    return 0


def told_of_room(folder: Path, gigabytes: int) -> None:
    """A disk that is full after an hour fails whatever writes next, and says so nowhere near."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        say(f"{free:.0f} GB are free in {folder}; all lines of this length may take {gigabytes}: see --folder")


def tell(table: list[Row], file: Path | None) -> None:
    """Prints it, and writes it as JSON."""
    print("\n| what | textrail | limit | its figure | ratio (rounds) | goal | | notes |\n|---|---|---|---|---|---|---|---|")
    for row in table:
        print(f"| {' | '.join(row.cells())} |")
    if file:
        file.write_text(json.dumps([row.told() for row in table], indent=1) + "\n")


sys.exit(main())
