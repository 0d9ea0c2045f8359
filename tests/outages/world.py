"""A PostgreSQL, an S3 server and textrail's services, each a process of its own."""

import json
import os
import pwd
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from postgres_programs import postgres_programs

#: Where cargo puts what it builds.
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
BUCKET = "lake"
ACCESS_KEY = "outages"
SECRET_KEY = "outages-outages-outages"
WEED = Path(".deps/python/bin/weed").absolute()


def say(text: str) -> None:
    """A line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def free_port() -> int:
    """Below the range that the system gives away, and with room for the 10,000 that SeaweedFS adds."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as listener:
            if listener.connect_ex(("127.0.0.1", port)) != 0:
                return port


def wait(what: str, seconds: float, look: Callable[[], Any], pause: float = 0.2) -> Any:
    """Looks until there is something to see."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(pause)


class World:
    """See the module. Everything lies in one folder."""

    #: How PostgreSQL is set, beside its defaults.
    postgres_settings = {"max_wal_size": "4GB", "shared_buffers": "256MB"}
    #: How long a window is, for services that are started from now on.
    window = "1s"

    def __init__(self, folder: Path, binary: Path) -> None:
        self.folder = folder
        self._binary = binary
        self._services: list[subprocess.Popen[bytes]] = []
        self._s3: subprocess.Popen[bytes] | None = None
        self.s3_port = free_port()
        self.pg_port = free_port()
        self.programs = postgres_programs()
        self._owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        folder.chmod(0o711)
        self.cluster = folder / "cluster"
        self.cluster.mkdir()
        if self._owner:
            os.chown(self.cluster, self._owner.pw_uid, self._owner.pw_gid)
        self._as_owner("initdb", "--username", "postgres", "--auth", "trust", "--locale", "C.UTF-8",
                       "--encoding", "UTF8")
        self.start_postgres()
        self.textrail("migrate")

    # PostgreSQL.

    @property
    def database_url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.pg_port}/postgres"

    def start_postgres(self) -> None:
        settings = {"port": self.pg_port, "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": "", **self.postgres_settings}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._as_owner("pg_ctl", "start", "--wait", "--silent", "--log", str(self.cluster / "log"),
                       "--options", options)

    def stop_postgres(self) -> None:
        """As a crash: nothing is finished."""
        self._as_owner("pg_ctl", "stop", "--mode", "immediate", "--silent")

    def sql(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def number(self, statement: str) -> int:
        return int(self.sql(statement)[0][0])

    def _as_owner(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "--pgdata", str(self.cluster), *arguments]
        if self._owner:
            command = ["runuser", "--user", "postgres", "--", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    # S3.

    def start_s3(self) -> None:
        folder = self.folder / "s3"
        folder.mkdir(exist_ok=True)
        (folder / "s3.json").write_text(json.dumps({"identities": [{
            "name": "outages",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List"],
        }]}))
        with (folder / "log").open("ab") as log:
            self._s3 = subprocess.Popen(
                [WEED, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}",
                 f"-master.port={free_port()}", f"-volume.port={free_port()}",
                 f"-filer.port={free_port()}", "-filer", "-s3", f"-s3.port={self.s3_port}",
                 f"-s3.config={folder}/s3.json", "-volume.max=100", "-master.telemetry=false",
                 # Neither is needed, and their ports are fixed.
                 "-s3.port.iceberg=0", "-s3.port.lance=0"],
                stdout=log, stderr=log, cwd=folder)
        wait("S3 is there", 60, self._bucket)

    def s3(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.s3_port}", region_name="local",
            aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))

    def _bucket(self) -> bool:
        try:
            self.s3().create_bucket(Bucket=BUCKET)
        except (BotoCoreError, ClientError) as error:
            return "BucketAlready" in str(error)
        return True

    # textrail.

    def environment(self, address: str) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.database_url,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.s3_port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "local",
            "TEXTRAIL_LAKE__BUCKET": BUCKET,
            "TEXTRAIL_LAKE__PREFIX": "",
            "TEXTRAIL_LAKE__WINDOW": self.window,
            "TEXTRAIL_LOADER__SWEEP_SECONDS": "1",
            "TEXTRAIL_WAREHOUSE__DIRECTORY": str(self.folder / "warehouse"),
            "TEXTRAIL_SPOOL__DIRECTORY": str(self.folder / "spool"),
            "TEXTRAIL_SHIPPER__DIRECTORY": str(self.folder / "ship"),
            "TEXTRAIL_HTTP__LISTEN": address,
            "TEXTRAIL_SHIPPER__LISTEN": address,
            "TEXTRAIL_LOADER__LISTEN": address,
        }

    def textrail(self, *arguments: str) -> str:
        """Runs a command to its end. What it has to say if it fails is the error's."""
        done = subprocess.run([self._binary, *arguments], capture_output=True, text=True,
                              env=self.environment("127.0.0.1:0"))
        if done.returncode != 0:
            raise RuntimeError(f"textrail {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        return done.stdout

    def wait_until_counted(self) -> None:
        """Until all that is committed by now is in windows which the ledger counted and found equal."""
        unsealed = """SELECT count(*) FROM outbox WHERE NOT pg_visible_in_snapshot(xid,
            (SELECT snapshot FROM windows ORDER BY epoch DESC, number DESC LIMIT 1))"""
        wait("all is sealed", 60, lambda: self.number(unsealed) == 0)
        newest = self.number("SELECT max(number) FROM windows")
        uncounted = f"""SELECT count(*) FROM windows LEFT JOIN shipped_windows USING (epoch, number)
            WHERE number BETWEEN 1 AND {newest} AND counted_at IS NULL"""
        # A window is counted with its neighbours of some minutes, and here a day is sealed in minutes:
        # each count reads all of it.
        wait("all is counted", 7200, lambda: self.number(uncounted) == 0, 1)

    def is_proven(self, load: "Service") -> bool:
        """What `textrail verify --deep` says; it asks the loader that runs."""
        environment = self.environment("127.0.0.1:0")
        environment["TEXTRAIL_LOADER__URL"] = f"http://{load.address}"
        done = subprocess.run([self._binary, "verify", "--deep"], check=False, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        say("textrail verify --deep:\n" + done.stdout)
        return done.returncode == 0

    def service(self, name: str) -> "Service":
        address = f"127.0.0.1:{free_port()}"
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen([self._binary, name], stderr=file,
                                       env=self.environment(address))
        self._services.append(process)
        service = Service(process, address, log)
        wait(f"{name} is ready", 60, lambda: service.get("/readyz") is not None)
        return service

    def end(self, service: "Service") -> None:
        """Stops one service."""
        service.process.terminate()
        service.process.wait()
        self._services.remove(service.process)

    def stop(self) -> None:
        for process in self._services:
            process.kill()
            process.wait()
        if self._s3:
            self._s3.send_signal(signal.SIGTERM)
            self._s3.wait()
        try:
            self.stop_postgres()
        except subprocess.CalledProcessError:
            pass  # It is stopped.


class Service:
    """One of textrail's services."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self.log = log

    def get(self, path: str) -> str | None:
        """An answer's text; none without a good answer."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return None

    def metric(self, name: str) -> float:
        for line in (self.get("/metrics") or "").splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    def most_memory(self) -> int:
        """The most that it ever held, in bytes: VmHWM."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0
