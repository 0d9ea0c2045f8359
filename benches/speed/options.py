"""What scripts/bench is asked for."""

import argparse
from dataclasses import replace
from pathlib import Path

from outages.world import BUILT

from .scale import FULL, QUICK, USUAL, Scale

SERVING = ["redirects", "sends", "receipts"]
PIPELINE = ["shipping", "loading", "reprocess"]
#: On one ledger, one after the other; all others have one of their own.
TOGETHER = [*SERVING, *PIPELINE, "reports"]
APART = ["latency", "space", "slow", "burst"]
FRESHNESS = "freshness"
#: Many minutes each, which nothing can shorten: memory that grows slowly, and messages by the million.
LONG = ["memory", "growth"]
#: Minutes of memory, at least: its growth is a line through some looks, ten seconds apart.
MEMORY_MINUTES = 1
#: Names for several.
SEVERAL = {"limits": ["slow", "burst", "memory"]}

EPILOG = """lengths:
  (none)   %(usual)s; under half an hour on two cores
  --quick  these and freshness, under ten minutes on two cores (beside the build): rounds of 2 s, 100,000
           messages stored, a backlog of 150,000 rows, 8 windows pending, 1,000,000 buckets, freshness of 45 s.
           Its ratios of serving, of shipping, and of a window as it comes tell whether a goal is met or far
           from met, not by how much. Its reports, its catching up, its p99 of freshness and its bytes of a
           message are of less than the goals name: good to see that a change made one of them much worse
  --full   all lines: rounds of 10 s, a backlog of 5,000,000 rows, memory, freshness and growth; some two hours, and
           50 GB of disk

scripts/bench micro [ARGUMENT...] runs the micro-benchmarks of benches/benches alone, in under five minutes;
arguments go to criterion (a name to pick by, --save-baseline NAME, --baseline NAME)."""


def options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=description,
                                     epilog=EPILOG % {"usual": ", ".join(TOGETHER + APART)},
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", metavar="LINE", nargs="*",
                        choices=[*TOGETHER, *APART, FRESHNESS, *LONG, *SEVERAL, []],
                        help=f"which lines alone: those below, {FRESHNESS}, {', '.join(LONG)}; limits is slow, burst"
                             " and memory")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_const", dest="scale", const=QUICK, default=USUAL,
                        help="ends within ten minutes: see below")
    length.add_argument("--full", action="store_const", dest="scale", const=FULL, help="all lines, and more of each")
    parser.add_argument("--rounds", type=count, help="so many rounds (3; with --full 5, of growth 3)")
    parser.add_argument("--seconds", type=count,
                        help="rounds of so many seconds (6; 2 with --quick, 10 with --full, of growth 4)")
    parser.add_argument("--messages", type=count,
                        help="messages that are there already (1000000; of memory 1500000); or that space sends"
                             " (100000)")
    parser.add_argument("--minutes", type=minutes, help="of memory (10; a minute or more) and of freshness (5)")
    parser.add_argument("--sizes", default="100000,1000000,10000000", help="of growth (%(default)s)")
    parser.add_argument("--plot", type=Path, default=Path("docs/growth.svg"), help="of growth (%(default)s)")
    parser.add_argument("--json", type=Path, help="writes the table there, too")
    parser.add_argument("--binary", type=Path, default=BUILT / "release/textrail", help="textrail (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where it all goes; removed at the end. Default: a temporary one")
    chosen = parser.parse_args()
    if chosen.minutes and chosen.minutes < MEMORY_MINUTES and "memory" in lines(chosen):
        parser.error(f"--minutes {chosen.minutes:g} is too short: memory has to be watched for {MEMORY_MINUTES} or more")
    return chosen


def count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def minutes(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise ValueError
    return number


def lines(chosen: argparse.Namespace) -> list[str]:
    """Which lines, each by its own name."""
    longer = {USUAL: [], QUICK: [FRESHNESS], FULL: [FRESHNESS, *LONG]}[chosen.scale]
    named = chosen.lines or [*TOGETHER, *APART, *longer]
    return [line for name in named for line in SEVERAL.get(name, [name])]


def scale(chosen: argparse.Namespace) -> Scale:
    """The length that was asked for, and what else was."""
    told = {
        "rounds": chosen.rounds, "slow_rounds": chosen.rounds, "growth_rounds": chosen.rounds,
        "seconds": chosen.seconds, "latency_seconds": chosen.seconds, "growth_seconds": chosen.seconds,
        "slow_seconds": chosen.seconds and max(chosen.seconds, USUAL.slow_seconds),
        "stored": chosen.messages, "memory_stored": chosen.messages, "space": chosen.messages,
        "memory_minutes": chosen.minutes, "freshness_minutes": chosen.minutes,
    }
    return replace(chosen.scale, **{name: value for name, value in told.items() if value})
