"""The command line: rounds, one after the other, until enough has died."""

import argparse
import asyncio
import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import failpoints
from .cluster import Cluster
from .deployment import BUCKET, make_template
from .notifications import QueueServer
from .plan import draw_plan
from .report import Summary, describe, sum_of
from .round import Result, Round
from .stores import EmbeddedStore, SeaweedFS, Store

_ROOT = Path(__file__).resolve().parents[2]
#: Where cargo puts what it builds.
_BUILT = _ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
_PREFIX = "textrail-torture."
#: Bytes that must be free in memory for rounds to work there.
_ROOM = 4 << 30
_HELP = """
Starts textrail's services as separate processes (two servers, two shippers, two loaders, each with a
warehouse of its own), with a private PostgreSQL and a real S3 server, and drives numbered traffic of all
kinds from several clients. Meanwhile processes are killed at failpoints and at random, frozen and
started with a clock that is an hour off; PostgreSQL is killed; connections are cut in mid-answer and in
mid-COMMIT; S3 fails in every way it can. Then all is calm, and an oracle that shares no code with
textrail reads the clients' log, the lake and the warehouses: each acknowledged fact must be there
exactly once, each other at most once, all of them unaltered.

A round has a database and a lake of its own. What happens in it is drawn from the seed and its number:
a failure prints the option that runs that very round again, and keeps its folder.
docs/torture.md says more.
"""


@dataclass
class _Grounds:
    """What the rounds of one job share."""

    folder: Path
    cluster: Cluster
    seaweedfs: Store
    queue: QueueServer
    failpoints: dict[str, tuple[str, ...]]
    api_key: str = ""

    async def start(self, options: argparse.Namespace) -> None:
        """Starts it."""
        await self.cluster.create()
        self.api_key = await make_template(options.binary, self.cluster)
        if options.store != "embedded":
            await self.seaweedfs.start()
        await self.queue.start()

    async def stop(self) -> None:
        """Stops it, and removes what it left."""
        await self.queue.stop()
        await self.seaweedfs.stop()
        await self.cluster.stop()
        for name in ("postgres", "seaweedfs", "queue"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/torture", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, metavar="N", help="rounds to run [default: as many as the time allows]")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no round after so many minutes [default: 3 without --runs]")
    parser.add_argument("--kills", type=int, metavar="N", help="go on until so many processes were killed, and each store was used")
    parser.add_argument("--crash-points", type=int, metavar="N", help="go on until so many deaths and cuts were injected")
    parser.add_argument("--seed", type=int, metavar="S", help="what rounds are drawn from [default: drawn]")
    parser.add_argument("--round", metavar="S/N", help="run one round again, as a failure printed it")
    parser.add_argument("--short", action="store_true", help="as scripts/test does: 200 kills, in about 3 minutes, and no round begins after 6")
    parser.add_argument("--store", choices=["seaweedfs", "embedded", "both"], default="both", help="the S3 server; both: one after the other [default: both]")
    parser.add_argument("--seconds", type=float, metavar="R", default=30, help="traffic and faults of a round, in seconds [default: 30]")
    parser.add_argument("--pace", type=float, metavar="F", default=2, help="faults a second, beside deaths at failpoints and what proxies lose [default: 2]")
    parser.add_argument("--odds", type=float, metavar="F", default=1, help="how often what passes a proxy is lost, times this [default: 1]")
    parser.add_argument("--clients", type=int, metavar="C", default=8, help="clients [default: 8]")
    parser.add_argument("--pause", type=float, metavar="SECONDS", default=0.04, help="a client's mean pause between calls [default: 0.04]")
    parser.add_argument("--window", default="1s", help="the length of a window [default: 1s]")
    parser.add_argument("--arm", nargs="+", metavar="NAME", help="arm only failpoints whose names begin so, such as ship.verify [default: all]")
    parser.add_argument("--binary", type=Path, default=_BUILT / "debug/textrail", help="textrail, built with --features failpoints [default: target/debug/textrail]")
    parser.add_argument("--keep", action="store_true", help="keep the folders of good rounds, too")
    parser.add_argument("--folder", type=Path, help="where rounds work [default: a new folder in memory (/dev/shm) if there is room, else in TMPDIR]")
    parser.add_argument("--jobs", type=int, metavar="N", default=1, help="so many rounds at a time, each job with a PostgreSQL and stores of its own [default: 1]")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the summary there as JSON after each round")
    parser.add_argument("--sum", type=Path, nargs="+", metavar="FILE", help="run nothing: print the sum of such reports")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    options = parser.parse_args(arguments)
    if options.short:
        options.kills, options.minutes, options.jobs = 200, 6, 2
        options.seconds, options.pace = 40, 5
    if all(limit is None for limit in (options.runs, options.minutes, options.kills, options.crash_points)):
        options.minutes = 3
    return options


def main() -> None:
    """Runs the torture; the exit code is 1 if a round failed."""
    options = _parse(sys.argv[1:])
    for program in () if options.sum else (options.binary, _object_store(options.binary)):
        if not program.exists():
            sys.exit(f"{program} is missing: cargo build --features failpoints --bin textrail --example object_store")
    sys.exit(asyncio.run(_main(options)))


def _object_store(binary: Path) -> Path:
    return binary.resolve().parent / "examples/object_store"


def _new_folder() -> Path:
    """In memory where there is room: no kill of a process loses what is in the system's cache, so
    that a disk would prove nothing more, and each of its syncs would cost a crash point."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free >= _ROOM
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=memory if roomy else None))


async def _main(options: argparse.Namespace) -> int:
    if options.sum:
        summary = sum_of(path.read_text() for path in options.sum)
        points = failpoints.discover(_ROOT / "src")
        print(summary.json(points) if options.json else summary.text(points))
        return 1 if summary.failed else 0
    folder = options.folder or _new_folder()
    folder.mkdir(parents=True, exist_ok=True)
    # PostgreSQL's user passes through.
    os.chmod(folder, 0o711)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    summary = Summary([int(options.round.partition("/")[0]) if options.round else seed])
    names = iter([options.round]) if options.round else itertools.islice(_names(seed), options.runs)
    begun = time.monotonic()
    jobs = [
        asyncio.create_task(_job(options, folder / f"job-{number}", names, summary, begun))
        for number in range(1 if options.round else options.jobs)
    ]
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: [job.cancel() for job in jobs])
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    summary.seconds = time.monotonic() - begun
    stopped = any(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    if stopped:
        print("stopped; rounds that were not at their end are not counted", file=sys.stderr)
    points = failpoints.discover(_ROOT / "src")
    print(summary.json(points) if options.json else f"\n{summary.text(points)}")
    if options.report:
        options.report.write_text(summary.json(points))
    if options.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    few = options.short and summary.kills < options.kills
    if few:
        print(f"only {summary.kills} processes were killed: {options.kills} are wanted", file=sys.stderr)
    return 130 if stopped else int(bool(summary.failed or few))


def _armed(options: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """The failpoints that lives are given."""
    names = tuple(options.arm or [""])
    return {name: kinds for name, kinds in failpoints.discover(_ROOT / "src").items() if name.startswith(names)}


async def _job(
    options: argparse.Namespace, folder: Path, names: Iterator[str], summary: Summary, begun: float
) -> None:
    """Rounds one after the other, on grounds of their own."""
    folder.mkdir()
    os.chmod(folder, 0o711)
    programs = Path(sys.executable).parent
    grounds = _Grounds(
        folder, Cluster(folder / "postgres"), SeaweedFS(folder / "seaweedfs", programs / "weed", BUCKET),
        QueueServer(folder / "queue", programs / "moto_server"), _armed(options),
    )
    try:
        await grounds.start(options)
        for index, name in enumerate(names):
            result = await _one(options, grounds, name, index)
            summary.add(result)
            summary.seconds = time.monotonic() - begun
            print(describe(result), file=sys.stderr, flush=True)
            if options.report:
                options.report.write_text(summary.json(failpoints.discover(_ROOT / "src")))
            if _is_enough(options, summary):
                break
    finally:
        await grounds.stop()


def _names(seed: int) -> Iterator[str]:
    number = 0
    while True:
        yield f"{seed}/{number}"
        number += 1


def _is_enough(options: argparse.Namespace, summary: Summary) -> bool:
    stores = 2 if options.store == "both" else 1
    limits = [
        options.runs is not None and summary.rounds >= options.runs,
        options.minutes is not None and summary.seconds >= options.minutes * 60,
        options.kills is not None and summary.kills >= options.kills and len(summary.stores) >= stores,
        options.crash_points is not None and summary.crash_points >= options.crash_points,
        # More failures say no more than the first few.
        len(summary.failed) >= 5,
    ]
    return any(limits)


async def _one(options: argparse.Namespace, grounds: _Grounds, name: str, index: int) -> Result:
    plan = draw_plan(name, options.store, options.seconds, options.pace, options.odds)
    folder = grounds.folder / f"round-{name.replace('/', '-')}"
    store, embedded = grounds.seaweedfs, None
    if plan.store == "embedded":
        store = embedded = EmbeddedStore(folder / "store", _object_store(options.binary), BUCKET)
        (folder / "store").mkdir(parents=True)
        await embedded.start()
    one = Round(
        plan, options.binary, folder / "round", f"round_{index}", grounds.cluster, store,
        grounds.api_key, grounds.queue, grounds.failpoints, options.window, options.clients, options.pause,
    )
    try:
        result = await one.run()
    finally:
        if embedded:
            await embedded.stop()
    await one.drop()
    if not result.wrong and not options.keep:
        shutil.rmtree(folder)
    elif options.folder is None:
        # Out of memory, to a disk.
        disk = tempfile.mkdtemp(prefix=f"{_PREFIX}{name.replace('/', '-')}.")
        result.folder = Path(shutil.move(folder, disk)) / "round"
    return result
