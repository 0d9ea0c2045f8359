"""Takes S3 or PostgreSQL away for long, brings it back, and counts.

Everything is private and durable: a PostgreSQL with its defaults (fsync on), SeaweedFS, textrail's
own services as processes. At the end everything is counted, and `textrail verify --deep` has to find
nothing. Exit 1 on any loss, any doubling, or a backlog that stays.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import lake_away, postgres_away
from .world import BUILT, World


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/outages", description=__doc__)
    parser.add_argument(
        "what", choices=["lake", "postgres", "rivals"],
        help="lake: S3 is away while windows are sealed; postgres: PostgreSQL is away under traffic; "
        "rivals: one of two shippers, loaders, servers is frozen (tests/integration/rivals.rs)",
    )
    parser.add_argument(
        "--windows", type=int, default=288,
        help="windows that are sealed while S3 is away; 288 five-minute windows are a day (%(default)s)",
    )
    parser.add_argument(
        "--rows", type=int, default=9_000_000,
        help="log lines of all of them. The default is a day at the reference rate; 90000000 is the day "
        "at ten times it that textrail is made to survive, which takes some 100 GB of disk (%(default)s)",
    )
    parser.add_argument(
        "--seconds", type=int,
        help="how long PostgreSQL is away (600), or a process frozen (200, past every timeout)",
    )
    parser.add_argument(
        "--binary", type=Path, default=BUILT / "release/textrail", help="textrail (%(default)s)"
    )
    parser.add_argument(
        "--folder", type=Path, help="where it all goes; removed at the end. Default: a temporary one"
    )
    options = parser.parse_args()
    if options.what == "rivals":
        return rivals(options.seconds or 200)
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="textrail-outages-", dir=options.folder) as folder:
        world = World(Path(folder), options.binary.resolve())
        try:
            if options.what == "lake":
                return lake_away.run(world, options.windows, options.rows)
            return postgres_away.run(world, options.seconds or 600)
        finally:
            world.stop()


def rivals(seconds: int) -> int:
    """The stories of rivals, with longer naps."""
    command = ["scripts/with-postgres", "cargo", "test", "--locked", "--features", "failpoints",
               "--test", "integration", "rivals::"]
    environment = os.environ | {"TEXTRAIL_TEST_FROZEN": str(seconds)}
    return subprocess.run(command, env=environment, check=False).returncode


sys.exit(main())
