"""The way from the outbox into the warehouse: shipping, loading, rebuilding."""

import datetime
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from outages.world import BUCKET, Service, say, wait

from .. import costs
from ..line import Line
from ..world import BASELINE, Bench

SQL = Path(__file__).parent.parent
#: Records of a window: a message, its receipt, a fifth of a click.
RECORDS = 2.2
#: Windows with rows that are in the lake.
WINDOWS = "SELECT count(*) FROM shipped_windows WHERE row_count > 0"
MEGABYTE = 1_000_000


class Pipeline:
    """Windows of a number of records, from the outbox to the warehouse."""

    def __init__(self, world: Bench) -> None:
        self._world = world
        self._links = 0
        world.sql((SQL / "window_functions.sql").read_text())
        world.start_s3()
        self.ship = world.service("ship")
        self._seen: set[str] = set()
        #: Windows up to these were measured already.
        world.sql("CREATE TABLE measured (number bigint)")
        self._before = self.last_id()

    def last_id(self) -> int:
        return self._world.number("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq")

    def fill(self, records: int, at: datetime.datetime, seconds: int = 300) -> None:
        messages = round(records / RECORDS)
        text = (SQL / "window.sql").read_text()
        for name, value in {"messages": messages, "seconds": seconds, "at": at.isoformat(),
                            "first_link": self._links}.items():
            text = text.replace("{" + name + "}", str(value))
        self._links += messages
        self._world.sql(text)

    def shipped(self) -> tuple[int, float]:
        """Waits until everything is in the lake: its rows, and the seconds from the first seal of this
        backlog to its last manifest."""
        world = self._world
        total = self.last_id() - self._before
        wait("the backlog is shipped", 1800, lambda: world.number(
            "SELECT coalesce(sum(row_count), 0) FROM shipped_windows") >= total, 0.1)
        return total, float(world.sql("""SELECT extract(epoch FROM max(shipped_at) - min(sealed_at))
            FROM shipped_windows JOIN windows USING (epoch, number) WHERE row_count > 0
            AND number > (SELECT coalesce(max(number), 0) FROM measured)""")[0][0])

    def new_files(self) -> list[Path]:
        """The files that came into the lake since the last call, on this disk."""
        s3, files = self._world.s3(), []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="events/"):
            for entry in page.get("Contents", []):
                key = entry["Key"]
                if key in self._seen:
                    continue
                self._seen.add(key)
                files.append(self._world.folder / "files" / key)
                files[-1].parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(BUCKET, key, str(files[-1]))
        return files

    def drained(self) -> float:
        """Seconds that a loader takes for what waits, less what it takes for nothing."""
        begun = time.monotonic()
        told = self._world.textrail("load", "--drain")
        with_work = time.monotonic()
        if not told.strip().endswith(" 0 put aside"):
            raise SystemExit(f"lines of the benchmark are not the format's: {told}")
        self._world.textrail("load", "--drain")
        return (with_work - begun) - (time.monotonic() - with_work)

    def read_json(self, files: list[Path]) -> tuple[float, int]:
        """Seconds and rows of the limit of loading."""
        database = self._world.folder / "limit.duckdb"
        done = subprocess.run([sys.executable, BASELINE / "read_json.py", database, *files],
                              check=True, stdout=subprocess.PIPE, text=True)
        seconds, rows = done.stdout.split()
        return float(seconds), int(rows)


def shipping(world: Bench, pipeline: Pipeline, count: int, rows: int) -> Iterator[Line]:
    """A backlog of rows, read, compressed, and put into the lake; the limit writes them to a file."""
    line = Line("shipping a backlog", "rows/s", "psql COPY | gzip -6", 0.7)
    for place in range(count):
        world.sql("INSERT INTO measured SELECT max(number) FROM windows")
        before = pipeline.last_id()
        # Long ago: what is loaded later must not find a million messages in its own quarter of an hour.
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=40 + place)
        spent = costs.now(world, pipeline.ship.process.pid)
        pipeline.fill(rows, then)
        written = pipeline.last_id() - before
        _, seconds = pipeline.shipped()
        spent = costs.now(world, pipeline.ship.process.pid) - spent
        ours = sum(file.stat().st_size for file in pipeline.new_files())
        limit_seconds, size = copy_and_gzip(world, before)
        line.add(written / seconds, written / limit_seconds)
        line.note = (f"{spent.service / written * 1e6:.1f} µs shipper a row, {ours / size:.2f} of the limit's bytes, "
                     f"shipper at most {pipeline.ship.most_memory() / MEGABYTE:.0f} MB")
        say(f"shipped {written:,} rows in {seconds:.1f} s; limit {limit_seconds:.1f} s ({place + 1} of {count})")
    yield line


def copy_and_gzip(world: Bench, after: int) -> tuple[float, int]:
    """Seconds and bytes of the limit of shipping."""
    file = world.folder / "limit.gz"
    copy = f"COPY (SELECT line FROM outbox WHERE id > {after} ORDER BY xid, id) TO STDOUT"
    begun = time.monotonic()
    subprocess.run(["bash", "-c", f"set -o pipefail; {world.programs}/psql --quiet '{world.database_url}'"
                    f" --command='{copy}' | gzip -6 > '{file}'"], check=True)
    return time.monotonic() - begun, file.stat().st_size


def loading(world: Bench, pipeline: Pipeline, count: int, records: int, pending: int) -> Iterator[Line]:
    """Windows one by one as they come, and then many at once."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for days in range(30, 0, -1):
        pipeline.fill(records, now - datetime.timedelta(days=days), 7200)
    pipeline.shipped()
    pipeline.new_files()
    say("30 days of history wait")
    pipeline.drained()
    one = Line("a window as it comes", "records/s", "DuckDB read_json", 0.12)
    load = world.service("load")
    for _ in range(count):
        seconds = as_it_comes(world, pipeline, load, records)
        limit, rows = pipeline.read_json(pipeline.new_files())
        one.add(rows / seconds, rows / limit)
        one.note = (f"{rows:,} records in {seconds:.2f} s (goal: < 1 s for 60,000); "
                    f"loader at most {load.most_memory() / MEGABYTE:.0f} MB")
    world.end(load)
    yield one
    many = Line(f"catching up on {pending} windows", "records/s", "DuckDB read_json", 0.45)
    now = datetime.datetime.now(datetime.timezone.utc)
    for place in range(pending):
        before = world.number("SELECT max(number) FROM windows")
        pipeline.fill(records, now - datetime.timedelta(minutes=5 * (pending - place)))
        wait("a window is sealed", 60, lambda: world.number("SELECT max(number) FROM windows") > before + 1, 0.05)
    pipeline.shipped()
    seconds = pipeline.drained()
    limit, rows = pipeline.read_json(pipeline.new_files())
    many.add(rows / seconds, rows / limit)
    many.note = f"{rows:,} records in {seconds:.1f} s"
    yield many


def as_it_comes(world: Bench, pipeline: Pipeline, load: Service, records: int) -> float:
    """Seconds in which a running loader fetches, checks and loads a window, by its own clocks: when it
    looks for one is a setting."""
    clocks = [f"textrail_load_{step}duration_seconds_sum" for step in ["stage_", ""]]
    loaded = load.metric("textrail_windows_loaded_total")
    spent = sum(map(load.metric, clocks))
    known = world.number(WINDOWS)
    pipeline.fill(records, datetime.datetime.now(datetime.timezone.utc))
    pipeline.shipped()
    new = world.number(WINDOWS) - known
    wait("the window is loaded", 60, lambda: load.metric("textrail_windows_loaded_total") >= loaded + new, 0.05)
    return sum(map(load.metric, clocks)) - spent


def reprocessing(world: Bench, pipeline: Pipeline) -> Iterator[Line]:
    """All that is in the lake, once more."""
    line = Line("reprocess", "records/s", "DuckDB read_json", 0.75)
    files = sorted((world.folder / "files").rglob("*.gz"))
    (world.folder / "limit.duckdb").unlink(missing_ok=True)
    begun = time.monotonic()
    told = world.textrail("reprocess")
    seconds = time.monotonic() - begun
    limit, rows = pipeline.read_json(files)
    line.add(rows / seconds, rows / limit)
    line.note = f"{rows:,} records in {seconds:.1f} s"
    say(told.strip().splitlines()[-1] if told.strip() else "rebuilt")
    yield line
