"""The servers that are measured: a durable PostgreSQL, an S3 server, and textrail's services."""

import os
import socket
import subprocess
from pathlib import Path

import psycopg
from outages.world import BUILT, Service, World, free_port, wait

BASELINE = Path("benches/baseline").resolve()
PROGRAMS = (BUILT / "release").resolve()
SECRET = "a-secret-of-the-benchmark"
#: What PostgreSQL's manual has as a start: a quarter of the memory.
SHARED_BUFFERS = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
#: More than most lines write.
OLD_LOG_MB = 4000
GATEWAY = {"TEXTRAIL_GATEWAYS__KANNEL__DIALECT": "kannel", "TEXTRAIL_GATEWAYS__KANNEL__SECRET": SECRET}


class Bench(World):
    """A world whose PostgreSQL is set as one that is to be fast, with durability on, and which holds the
    limit's tables in a database of their own."""

    postgres_settings = {"max_wal_size": "16GB", "min_wal_size": "8GB", "shared_buffers": f"{SHARED_BUFFERS >> 20}MB",
                         "checkpoint_timeout": "15min", "max_connections": "200", "track_io_timing": "on"}

    def __init__(self, folder: Path, binary: Path) -> None:
        #: Settings of services that are started from now on.
        self.settings = dict(GATEWAY)
        super().__init__(folder, binary)
        self.baseline_url = self.database_url.removesuffix("postgres") + "baseline"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            age_log(connection)
            connection.execute("CREATE DATABASE baseline")
        with psycopg.connect(self.baseline_url) as connection:
            connection.execute((BASELINE / "schema.sql").read_text())
        told = self.textrail("key", "create", "bench", "--role", "admin", "--role", "campaign",
                             "--role", "report")
        self.key = next(word for word in told.split() if word.startswith("trk_"))

    def environment(self, address: str) -> dict[str, str]:
        return super().environment(address) | self.settings

    def start_s3(self) -> None:
        """Once, for whichever line is the first that needs it."""
        if not self._s3:
            super().start_s3()

    def on_baseline(self, file: str, **values: int) -> None:
        """Runs a file of benches/baseline in the limit's database, by psql."""
        variables = [f"--set={name}={value}" for name, value in values.items()]
        command = [self.programs / "psql", "--quiet", "--set=ON_ERROR_STOP=1", *variables,
                   "--file", BASELINE / file, self.baseline_url]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def service(self, name: str) -> Service:
        """One that serves has read the newest links: it is measured as it is from its first minute on."""
        log = self.folder / f"{name}.log"
        told = log.stat().st_size if log.exists() else 0
        service = super().service(name)
        if name == "serve":
            # The log goes on where the one before ended.
            wait("the newest links are in memory", 900, lambda: b"the newest links" in service.log.read_bytes()[told:])
        return service

    def bare_redirect(self) -> Service:
        """The limit of redirects."""
        address = f"127.0.0.1:{free_port()}"
        process = subprocess.Popen([PROGRAMS / "bare_redirect", address])
        self._services.append(process)
        service = Service(process, address, self.folder / "bare.log")
        wait("the bare handler is ready", 10, lambda: listens(address))
        return service

    def warehouse_file(self) -> Path:
        """The warehouse's current generation."""
        folder = self.folder / "warehouse"
        return folder / f"{(folder / 'current').read_text().strip()}.duckdb"

    @property
    def postmaster(self) -> int:
        return int((self.cluster / "postmaster.pid").read_text().split()[0])


def age_log(connection: psycopg.Connection) -> None:
    """A server that has run for days writes over old files of its log. One that is new makes each file first,
    16 MB of zeroes and a sync, while every commit waits for 50 ms. So there shall be old ones."""
    connection.execute("SELECT pg_logical_emit_message(false, 'bench', repeat('-', 1000000)) "
                       f"FROM generate_series(1, {OLD_LOG_MB})")
    connection.execute("CHECKPOINT")


def listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) == 0
