"""Windows of a number of records, from the outbox into the lake and the warehouse."""

import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from outages.world import BUCKET, Service, wait

from . import costs
from .world import BASELINE, Bench

SQL = Path(__file__).parent
#: Records of a window: a message, its receipt, a fifth of a click.
RECORDS = 2.2
#: Windows with rows that are in the lake.
WINDOWS = "SELECT count(*) FROM shipped_windows WHERE row_count > 0"
#: Statements of others that run.
ACTIVE = """SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()"""
#: History is shipped a part a day.
DAYS = 30
#: Rows of history after which the outbox is emptied: all of it at once would fill a disk.
MOST_WAITING = 1_000_000


def tidied(load: Service) -> str:
    """How often a loader folded what loads appended and wrote its log into its file, and for how long: between
    windows, and in no figure of theirs."""
    told = []
    for step, name in [("fold", "folded"), ("checkpoint", "wrote its log")]:
        metric = f'textrail_load_step_duration_seconds_{{}}{{{{step="{step}"}}}}'
        times, seconds = (load.metric(metric.format(what)) for what in ["count", "sum"])
        told.append(f"{name} {times:.0f} times, {seconds:.1f} s in all")
    return "; ".join(told)


@dataclass
class Window:
    """What a window took on its way: records, and seconds."""

    records: int
    #: Where in the outbox it begins: behind this id.
    after: int
    shipping: float
    loading: float


class Pipeline:
    """See the module. The shipper runs from `start` to `end`; no other service writes meanwhile."""

    def __init__(self, world: Bench) -> None:
        self._world = world
        #: Messages that went this way.
        self.messages = 0
        self._seen: set[str] = set()
        self._before = 0
        world.sql((SQL / "window_functions.sql").read_text())
        world.start_s3()

    def start(self) -> None:
        """What waits in the outbox is forgotten, and the shipper begins."""
        self._empty_outbox()
        self.ship = self._world.service("ship")

    def end(self) -> None:
        """The shipper's end."""
        self._world.end(self.ship)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With a shipper that is held. After each window it looks at the minutes around it; its windows are of a
        second here, and not of minutes, so that it would look without a pause beside what is measured."""
        self.ship.process.send_signal(signal.SIGSTOP)
        try:
            wait("the ledger is idle", 120, lambda: self._world.number(ACTIVE) == 0, 0.05)
            # What the benchmark wrote to make something to load: the kernel would write it back beside what is
            # measured first, which is ours.
            os.sync()
            yield
        finally:
            self.ship.process.send_signal(signal.SIGCONT)

    def fill(self, records: int, at: datetime.datetime, seconds: int = 300) -> int:
        """A window's messages, their receipts and clicks; where in the outbox it begins."""
        return self._write(round(records / RECORDS), at, seconds, followed=True)

    def remember(self, messages: int, now: datetime.datetime) -> None:
        """So many messages alone, spread over the last days, into the lake."""
        waiting = 0
        for day in range(DAYS, 0, -1):
            part = messages * (DAYS - day + 1) // DAYS - messages * (DAYS - day) // DAYS
            self._write(part, now - datetime.timedelta(days=day), 86_400, followed=False)
            waiting += part
            if waiting >= MOST_WAITING or day == 1:
                self.shipped()
                # Counting the windows would go on beside what is measured; and then the outbox is done with.
                self._world.wait_until_counted()
                self._empty_outbox()
                waiting = 0

    def _write(self, messages: int, at: datetime.datetime, seconds: int, followed: bool) -> int:
        before = self._last_id()
        text = (SQL / "window.sql").read_text()
        for name, value in {"messages": messages, "seconds": seconds, "at": at.isoformat(),
                            "first_link": self.messages, "followed": followed}.items():
            text = text.replace("{" + name + "}", str(value))
        self.messages += messages
        self._world.sql(text)
        return before

    def _empty_outbox(self) -> None:
        """As the shipper does it, who notes how far back the outbox reaches since: else it would take every fact
        from before for one without an event."""
        self._world.sql("TRUNCATE outbox")
        self._world.sql("INSERT INTO outbox_reclaims (slot, recorded_through) SELECT slot, clock_timestamp()"
                        " FROM generate_series(0, 7) AS slot"
                        " ON CONFLICT (slot) DO UPDATE SET recorded_through = excluded.recorded_through")
        self._before = self._last_id() - self._shipped_rows()

    def _last_id(self) -> int:
        return self._world.number("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq")

    def _shipped_rows(self) -> int:
        return self._world.number("SELECT coalesce(sum(row_count), 0) FROM shipped_windows")

    def last_window(self) -> int:
        """The number of the one that was sealed last."""
        return self._world.number("SELECT max(number) FROM windows")

    def written_since(self, before: int) -> int:
        """Rows of the outbox."""
        return self._last_id() - before

    def shipped(self, after_window: int = 0) -> float:
        """Waits until everything is in the lake; the seconds from the first seal after a window to the last
        manifest."""
        total = self._last_id() - self._before
        wait("the backlog is shipped", 1800, lambda: self._shipped_rows() >= total, 0.1)
        return float(self._world.sql("""SELECT extract(epoch FROM max(shipped_at) - min(sealed_at))
            FROM shipped_windows JOIN windows USING (epoch, number) WHERE row_count > 0 AND number > %s""",
                                     (after_window,))[0][0])

    def new_files(self) -> list[Path]:
        """The files that came into the lake since the last call, on this disk."""
        s3, files = self._world.s3(), []
        for key in self.pass_over():
            files.append(self._world.folder / "files" / key)
            files[-1].parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(BUCKET, key, str(files[-1]))
        return files

    def pass_over(self) -> list[str]:
        """Their keys alone."""
        pages = self._world.s3().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="events/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", []) if entry["Key"] not in self._seen]
        self._seen.update(keys)
        return keys

    def copy_and_gzip(self, after: int) -> tuple[float, int]:
        """Seconds and bytes of the limit of shipping: rows of the outbox, to a file."""
        world = self._world
        file = world.folder / "limit.gz"
        copy = f"COPY (SELECT line FROM outbox WHERE id > {after} ORDER BY xid, id) TO STDOUT"
        begun = time.monotonic()
        subprocess.run(["bash", "-c", f"set -o pipefail; {world.programs}/psql --quiet '{world.database_url}'"
                        f" --command='{copy}' | gzip -6 > '{file}'"], check=True)
        return time.monotonic() - begun, file.stat().st_size

    def load(self) -> None:
        """All that waits in the lake."""
        told = self._world.textrail("load", "--drain")
        if not told.strip().endswith(" 0 put aside"):
            raise SystemExit(f"lines of the benchmark are not the format's: {told}")

    def drained(self) -> float:
        """Seconds that a loader takes for what waits, less what it takes for nothing."""
        begun = time.monotonic()
        self.load()
        with_work = time.monotonic()
        self.load()
        return (with_work - begun) - (time.monotonic() - with_work)

    def keep_warehouse(self) -> None:
        """As it is now, for `drained_again`."""
        shutil.copytree(self._warehouse(), self._kept())

    def drained_again(self) -> float:
        """As `drained`, of the warehouse that was kept."""
        shutil.rmtree(self._warehouse())
        shutil.copytree(self._kept(), self._warehouse())
        os.sync()
        return self.drained()

    def _warehouse(self) -> Path:
        return self._world.folder / "warehouse"

    def _kept(self) -> Path:
        return self._world.folder / "kept"

    def as_it_comes(self, load: Service, records: int) -> Window:
        """A window, with a loader that runs. Its seconds are those in which it fetches, checks and loads, by its
        own clocks: when it looks for one is a setting."""
        clocks = [f"textrail_load_{step}duration_seconds_sum" for step in ["stage_", ""]]
        loaded = load.metric("textrail_windows_loaded_total")
        spent = sum(map(load.metric, clocks))
        known, newest = self._world.number(WINDOWS), self.last_window()
        load.process.send_signal(signal.SIGSTOP)
        before = self.fill(records, datetime.datetime.now(datetime.timezone.utc))
        shipping = self.shipped(newest)
        new = self._world.number(WINDOWS) - known
        with self.alone():
            load.process.send_signal(signal.SIGCONT)
            wait("the window is loaded", 60, lambda: load.metric("textrail_windows_loaded_total") >= loaded + new,
                 0.05)
            seconds = sum(map(load.metric, clocks)) - spent
            # It would go on beside what is measured next.
            wait("the loader is idle", 120, lambda: costs.is_idle(load.process.pid), 0)
        return Window(self.written_since(before), before, shipping, seconds)

    def read_json(self, files: list[Path]) -> tuple[float, int]:
        """Seconds and rows of the limit of loading."""
        database = self._world.folder / "limit.duckdb"
        done = subprocess.run([sys.executable, BASELINE / "read_json.py", database, *files],
                              check=True, stdout=subprocess.PIPE, text=True)
        seconds, rows = done.stdout.split()
        return float(seconds), int(rows)

    def read_json_anew(self, files: list[Path]) -> tuple[float, int]:
        """The same, into tables that are empty."""
        (self._world.folder / "limit.duckdb").unlink(missing_ok=True)
        return self.read_json(files)
