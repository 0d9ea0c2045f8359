"""What scripts/bench is asked for."""

import argparse
from pathlib import Path

from outages.world import BUILT

SERVING = ["redirects", "sends", "receipts"]
PIPELINE = ["shipping", "loading", "reprocess"]
#: On one ledger, one after the other; all others have one of their own.
TOGETHER = [*SERVING, *PIPELINE, "reports"]
QUICK = ["latency", "space", "slow", "burst"]
#: Many minutes each.
LONG = ["memory", "freshness", "growth"]
#: Names for several.
SEVERAL = {"limits": ["slow", "burst", "memory"]}


def options(description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=description)
    parser.add_argument("lines", metavar="LINE", nargs="*", choices=[*TOGETHER, *QUICK, *LONG, *SEVERAL, []],
                        help=f"which lines: {', '.join(TOGETHER + QUICK)}; and by name or with --full, since they take"
                             f" long, {', '.join(LONG)}; limits is slow, burst and memory")
    parser.add_argument("--full", action="store_true", help="all lines; five rounds of 20 s, else three of 6 s")
    parser.add_argument("--rounds", type=int, help="so many rounds")
    parser.add_argument("--seconds", type=int, help="rounds of so many seconds")
    parser.add_argument("--messages", type=int,
                        help="messages that are there already (1000000); or that space sends (100000)")
    parser.add_argument("--minutes", type=float, help="of memory (10) and of freshness (5)")
    parser.add_argument("--sizes", default="100000,1000000,10000000", help="of growth (%(default)s)")
    parser.add_argument("--plot", type=Path, default=Path("docs/growth.svg"), help="of growth (%(default)s)")
    parser.add_argument("--json", type=Path, help="writes the table there, too")
    parser.add_argument("--binary", type=Path, default=BUILT / "release/textrail", help="textrail (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where it all goes; removed at the end. Default: a temporary one")
    return parser.parse_args()


def lines(chosen: argparse.Namespace) -> list[str]:
    """Which lines, each by its own name."""
    named = chosen.lines or [*TOGETHER, *QUICK, *(LONG if chosen.full else [])]
    return [line for name in named for line in SEVERAL.get(name, [name])]


def rounds(chosen: argparse.Namespace) -> tuple[int, int]:
    """How many rounds, and of how many seconds."""
    count, seconds = (5, 20) if chosen.full else (3, 6)
    return chosen.rounds or count, chosen.seconds or seconds


def stored(chosen: argparse.Namespace) -> int:
    """Messages that are there already."""
    return chosen.messages or 1_000_000
