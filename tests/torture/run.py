"""The command line: rounds, one after the other, until enough has died."""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import failpoints
from .cluster import Cluster
from .deployment import BUCKET, make_template
from .plan import draw_plan
from .report import Summary, describe
from .round import Result, Round
from .stores import EmbeddedStore, SeaweedFS, Store

_ROOT = Path(__file__).resolve().parents[2]
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
    """What all rounds share."""

    folder: Path
    cluster: Cluster
    seaweedfs: Store
    api_key: str
    failpoints: dict[str, tuple[str, ...]]


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
    parser.add_argument("--short", action="store_true", help="as scripts/test does: 200 kills, in about 3 minutes")
    parser.add_argument("--store", choices=["seaweedfs", "embedded", "both"], default="both", help="the S3 server; both: each round's is drawn [default: both]")
    parser.add_argument("--seconds", type=float, metavar="R", default=30, help="traffic and faults of a round, in seconds [default: 30]")
    parser.add_argument("--pace", type=float, metavar="F", default=4, help="faults a second, beside deaths at failpoints [default: 4]")
    parser.add_argument("--clients", type=int, metavar="C", default=8, help="clients [default: 8]")
    parser.add_argument("--pause", type=float, metavar="SECONDS", default=0.04, help="a client's mean pause between calls [default: 0.04]")
    parser.add_argument("--window", default="1s", help="the length of a window [default: 1s]")
    parser.add_argument("--binary", type=Path, default=_ROOT / "target/debug/textrail", help="textrail, built with --features failpoints [default: target/debug/textrail]")
    parser.add_argument("--keep", action="store_true", help="keep the folders of good rounds, too")
    parser.add_argument("--folder", type=Path, help="where rounds work [default: a new folder in memory (/dev/shm) if there is room, else in TMPDIR]")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    options = parser.parse_args(arguments)
    if options.short:
        options.kills = 200
        options.seconds, options.pace = 40, 5
    if all(limit is None for limit in (options.runs, options.minutes, options.kills, options.crash_points)):
        options.minutes = 3
    return options


def main() -> None:
    """Runs the torture; the exit code is 1 if a round failed."""
    options = _parse(sys.argv[1:])
    for program in (options.binary, _object_store(options.binary)):
        if not program.exists():
            sys.exit(f"{program} is missing: cargo build --features failpoints --bin textrail --example object_store")
    try:
        code = asyncio.run(_main(options))
    except asyncio.CancelledError:
        sys.exit("stopped")
    sys.exit(code)


def _object_store(binary: Path) -> Path:
    return binary.resolve().parent / "examples/object_store"


def _new_folder() -> Path:
    """In memory where there is room: no kill of a process loses what is in the system's cache, so
    that a disk would prove nothing more, and each of its syncs would cost a crash point."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free >= _ROOM
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=memory if roomy else None))


async def _main(options: argparse.Namespace) -> int:
    # Everything that was started is stopped then, too.
    task = asyncio.current_task()
    assert task
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    folder = options.folder or _new_folder()
    folder.mkdir(parents=True, exist_ok=True)
    # PostgreSQL's user passes through.
    os.chmod(folder, 0o711)
    try:
        summary = await _on_new_grounds(options, folder)
    except asyncio.CancelledError:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    points = failpoints.discover(_ROOT / "src")
    print(summary.json(points) if options.json else f"\n{summary.text(points)}")
    for name in ("postgres", "seaweedfs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    if not any(folder.iterdir()):
        folder.rmdir()
    return 1 if summary.failed else 0


async def _on_new_grounds(options: argparse.Namespace, folder: Path) -> Summary:
    """Starts what all rounds share, runs them, and stops it."""
    cluster = Cluster(folder / "postgres")
    seaweedfs = SeaweedFS(folder / "seaweedfs", Path(sys.executable).parent / "weed", BUCKET)
    try:
        await cluster.create()
        key = await make_template(options.binary, cluster)
        if options.store != "embedded":
            await seaweedfs.start()
        points = failpoints.discover(_ROOT / "src")
        return await _rounds(options, _Grounds(folder, cluster, seaweedfs, key, points))
    finally:
        await seaweedfs.stop()
        await cluster.stop()


async def _rounds(options: argparse.Namespace, grounds: _Grounds) -> Summary:
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    names = [options.round] if options.round else _names(seed)
    summary = Summary(int(options.round.partition("/")[0]) if options.round else seed)
    begun = time.monotonic()
    for index, name in enumerate(names):
        result = await _one(options, grounds, name, index)
        summary.add(result)
        summary.seconds = time.monotonic() - begun
        print(describe(result), file=sys.stderr, flush=True)
        if _is_enough(options, summary):
            break
    return summary


def _names(seed: int):
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
    plan = draw_plan(name, options.store, options.seconds, options.pace)
    folder = grounds.folder / f"round-{name.replace('/', '-')}"
    store, embedded = grounds.seaweedfs, None
    if plan.store == "embedded":
        store = embedded = EmbeddedStore(folder / "store", _object_store(options.binary), BUCKET)
        (folder / "store").mkdir(parents=True)
        await embedded.start()
    one = Round(
        plan, options.binary, folder / "round", f"round_{index}", grounds.cluster, store,
        grounds.api_key, grounds.failpoints, options.window, options.clients, options.pause,
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
        result.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{name.replace('/', '-')}."))
        shutil.move(folder, result.folder)
    return result
