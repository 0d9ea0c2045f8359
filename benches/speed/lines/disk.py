"""The disk that all of it ran on."""

import re
import subprocess
from collections.abc import Iterator

from outages.world import say

from ..line import Figure
from ..world import Bench


def sync(world: Bench) -> Iterator[Figure]:
    """What `pg_test_fsync` says: a commit takes no less."""
    file = world.folder / "sync"  # it is removed at the end
    done = subprocess.run([world.programs / "pg_test_fsync", "--secs-per-test=1", "--filename", file],
                          capture_output=True, text=True, check=False)
    found = re.search(r"fdatasync\s+[\d.]+ ops/sec\s+(\d+) usecs", done.stdout)
    if found:
        yield Figure("a sync of the disk (fdatasync of 8 kB)", "µs", seen=[float(found[1])])
    else:
        say(f"pg_test_fsync does not tell: {done.stdout}{done.stderr}")
