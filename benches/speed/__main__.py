"""Measures textrail against limits of the same machine, in the same run and on the same PostgreSQL.

Each line of the table is several pairs of rounds, interleaved: ours and the limit's. What counts is the
ratio (median, and from the worst to the best pair): these machines are noisy, and a ratio of one run is
not. PostgreSQL is private and durable (fsync on). The limits' tables and statements stand in
benches/baseline, and are frozen.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from outages.world import BUILT, say

from . import costs, seed
from .line import Line
from .lines import pipeline, reporting, serving
from .world import Bench

SERVING = ["redirects", "sends", "receipts"]
PIPELINE = ["shipping", "loading", "reprocess"]
REPORTS = ["reports"]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("lines", metavar="LINE", nargs="*", help=f"which lines ({', '.join(SERVING + PIPELINE + REPORTS)}); all without it")
    parser.add_argument("--full", action="store_true", help="five rounds of 20 s; else three of 6 s")
    parser.add_argument("--messages", type=int, default=1_000_000, help="messages that are there already (%(default)s)")
    parser.add_argument("--json", type=Path, help="writes the table there, too")
    parser.add_argument("--binary", type=Path, default=BUILT / "release/textrail", help="textrail (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where it all goes; removed at the end. Default: a temporary one")
    return parser.parse_args()


def run(world: Bench, chosen: argparse.Namespace) -> Iterator[Line]:
    lines = chosen.lines or SERVING + PIPELINE + REPORTS
    count, seconds = (5, 20) if chosen.full else (3, 6)
    if set(lines) & set(SERVING):
        say(f"{chosen.messages:,} messages, each with a link, become history")
        history = seed.fill(world, chosen.messages)
        serve = world.service("serve")
        if "redirects" in lines:
            yield from serving.redirects(world, serve, history, count, seconds)
        if "sends" in lines:
            yield from serving.sends(world, serve, count, seconds)
        if "receipts" in lines:
            yield from serving.receipts(world, serve, history, count, seconds)
        say(f"textrail serve held at most {serve.most_memory() / 1e6:.0f} MB")
        world.end(serve)
    if set(lines) & set(PIPELINE):
        yield from through_the_lake(world, lines, chosen.full)
    if "reports" in lines:
        yield from reporting.reports(world, 20 if chosen.full else 5, 10_000_000)


def through_the_lake(world: Bench, lines: list[str], full: bool) -> Iterator[Line]:
    world.sql("TRUNCATE outbox")
    way = pipeline.Pipeline(world)
    yield from pipeline.shipping(world, way, 3, 5_000_000 if full else 1_000_000) if "shipping" in lines else []
    yield from pipeline.loading(world, way, 3, 60_000, 36) if "loading" in lines else []
    yield from pipeline.reprocessing(world, way) if "reprocess" in lines else []


def main() -> int:
    chosen = options()
    if chosen.folder:
        chosen.folder.mkdir(parents=True, exist_ok=True)
    table = []
    with tempfile.TemporaryDirectory(prefix="textrail-bench-", dir=chosen.folder) as folder:
        world = Bench(Path(folder), chosen.binary.resolve())
        try:
            say(f"a sync of the disk takes {costs.sync_latency(world)}")
            for line in run(world, chosen):
                table.append(line)
                say(" | ".join(line.cells()))
        finally:
            world.stop()
    print("\n| what | textrail | limit | its figure | ratio (rounds) | goal | | notes |\n|---|---|---|---|---|---|---|---|")
    for line in table:
        print(f"| {' | '.join(line.cells())} |")
    if chosen.json:
        chosen.json.write_text(json.dumps([vars(line) | {"ratio": line.ratio, "met": line.met} for line in table],
                                          indent=1) + "\n")
    return 0


sys.exit(main())
