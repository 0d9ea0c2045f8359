"""The way from the outbox into the warehouse: shipping, loading, rebuilding."""

import datetime
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from outages.world import say, wait

from .. import costs
from ..line import Line
from ..pipeline import Pipeline, tidied
from ..world import Bench

MEGABYTE = 1_000_000


def shipping(world: Bench, pipeline: Pipeline, count: int, rows: int) -> Iterator[Line]:
    """A backlog of rows, read, compressed, and put into the lake; the limit writes them to a file."""
    line = Line("shipping a backlog", "rows/s", "psql COPY | gzip -6", 0.7)
    for place in range(count):
        newest = pipeline.last_window()
        # Long ago: what is loaded later must not find a million messages in its own quarter of an hour.
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=40 + place)
        spent = costs.now(world, pipeline.ship.process.pid)
        before = pipeline.fill(rows, then)
        written = pipeline.written_since(before)
        seconds = pipeline.shipped(newest)
        spent = costs.now(world, pipeline.ship.process.pid) - spent
        ours = sum(file.stat().st_size for file in pipeline.new_files())
        limit_seconds, size = pipeline.copy_and_gzip(before)
        line.add(written / seconds, written / limit_seconds)
        line.note = (f"{spent.service / written * 1e6:.1f} µs shipper a row, {ours / size:.2f} of the limit's bytes, "
                     f"shipper at most {pipeline.ship.most_memory() / MEGABYTE:.0f} MB")
        say(f"shipped {written:,} rows in {seconds:.1f} s; limit {limit_seconds:.1f} s ({place + 1} of {count})")
    yield line


def history(pipeline: Pipeline, a_day: int) -> None:
    """30 days, each of so many records, through the lake into the warehouse."""
    now = datetime.datetime.now(datetime.timezone.utc)
    for days in range(30, 0, -1):
        pipeline.fill(a_day, now - datetime.timedelta(days=days), 7200)
    pipeline.shipped()
    pipeline.new_files()
    say("30 days of history wait")
    pipeline.drained()


def loading(world: Bench, pipeline: Pipeline, count: int, records: int, pending: int) -> Iterator[Line]:
    """Windows one by one as they come, and then many at once."""
    one = Line("a window as it comes", "records/s", "DuckDB read_json", 0.12)
    load = world.service("load")
    for _ in range(count):
        window = pipeline.as_it_comes(load, records)
        files = pipeline.new_files()
        with pipeline.alone():
            limit, rows = pipeline.read_json(files)
        one.add(rows / window.loading, rows / limit)
        one.note = (f"{rows:,} records in {window.loading:.2f} s (goal: < 1 s for 60,000); "
                    f"loader at most {load.most_memory() / MEGABYTE:.0f} MB, {tidied(load)}")
    world.end(load)
    yield one
    many = Line(f"catching up on {pending} windows", "records/s", "DuckDB read_json", 0.45)
    now = datetime.datetime.now(datetime.timezone.utc)
    for place in range(pending):
        newest = pipeline.last_window()
        pipeline.fill(records, now - datetime.timedelta(minutes=5 * (pending - place)))
        wait("a window is sealed", 60, lambda: pipeline.last_window() > newest + 1, 0.05)
    pipeline.shipped()
    pipeline.keep_warehouse()
    against_read_json(pipeline, many, count, pipeline.drained_again, pipeline.new_files())
    yield many


def reprocessing(world: Bench, pipeline: Pipeline, count: int) -> Iterator[Line]:
    """All that is in the lake, once more."""
    line = Line("reprocess", "records/s", "DuckDB read_json", 0.75)

    def reprocess() -> float:
        begun = time.monotonic()
        told = world.textrail("reprocess")
        say(told.strip().splitlines()[-1] if told.strip() else "rebuilt")
        return time.monotonic() - begun

    against_read_json(pipeline, line, count, reprocess, sorted((world.folder / "files").rglob("*.gz")))
    yield line


def against_read_json(pipeline: Pipeline, line: Line, count: int, run: Callable[[], float], files: list[Path]) -> None:
    """Rounds of the same files. `run` tells its seconds."""
    took = []
    for _ in range(count):
        with pipeline.alone():
            seconds = run()
            limit, rows = pipeline.read_json_anew(files)
        took.append(seconds)
        line.add(rows / seconds, rows / limit)
        line.note = f"{rows:,} records in {' s, '.join(f'{seconds:.1f}' for seconds in took)} s"
