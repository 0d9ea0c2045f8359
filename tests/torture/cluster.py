"""A private PostgreSQL with durable settings, which may be killed and started again."""

import asyncio
import os
import pwd
import shutil
import signal
from pathlib import Path
from typing import Any

import psycopg

from postgres_programs import postgres_programs

from . import processes
from .ports import free_port

# Durable as in production: what is lost by a kill is PostgreSQL's mistake or ours, never a setting's.
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "300",
    "max_prepared_transactions": "8",
    "shared_buffers": "64MB",
    "checkpoint_timeout": "30s",
    # After a kill every file of the cluster is synced: by one call instead of one a file.
    "recovery_init_sync_method": "syncfs",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "warning",
}
_START_SECONDS = 60


class Cluster:
    """One PostgreSQL server, owned by this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "cluster"
        self._binaries = postgres_programs()
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None

    def url(self, database: str, port: int | None = None) -> str:
        """Where a database is; through a proxy if its port is given."""
        return f"postgres://postgres@127.0.0.1:{port or self.port}/{database}"

    async def create(self) -> None:
        """Makes the cluster and starts it."""
        self._folder.mkdir(parents=True)
        owner = _owner()
        if owner:
            shutil.chown(self._folder, *owner)
        initdb = await asyncio.create_subprocess_exec(
            self._binaries / "initdb", "--pgdata", self._data, "--username", "postgres",
            "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
            stdout=asyncio.subprocess.DEVNULL, cwd="/", **_as_owner(),
        )
        if await initdb.wait() != 0:
            raise RuntimeError("initdb failed")
        settings = "".join(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)
        await self.start()

    async def start(self) -> None:
        """Starts the server and waits until it takes connections."""
        with (self._folder / "postgres.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._binaries / "postgres", "-D", self._data, "-p", str(self.port),
                stdout=log, stderr=log, cwd="/", **_as_owner(),
            )
        await self._ready()

    async def kill(self) -> None:
        """SIGKILL to the postmaster and to each of its processes, as a power cut would."""
        process = self._running()
        pids = [process.pid, *processes.children(process.pid)]
        processes.send_all(pids, signal.SIGKILL)
        await process.wait()
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            await asyncio.sleep(0.01)

    async def kill_backend(self, choice: int) -> bool:
        """SIGKILL to one process of the server: it restarts itself and breaks every connection."""
        pids = sorted(processes.children(self._running().pid))
        return bool(pids) and processes.send(pids[choice % len(pids)], signal.SIGKILL)

    def freeze(self) -> None:
        """Stops every process of the server until `thaw`."""
        process = self._running()
        processes.send_all([process.pid, *processes.children(process.pid)], signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets a frozen server go on."""
        if self._process is not None and self._process.returncode is None:
            pid = self._process.pid
            processes.send_all([pid, *processes.children(pid)], signal.SIGCONT)

    async def stop(self) -> None:
        """Ends the server, whatever state it is in."""
        if self._process is None:
            return
        self.thaw()
        pids = processes.children(self._process.pid)
        await processes.stop(self._process, signal.SIGQUIT, 10)
        processes.send_all(pids, signal.SIGKILL)

    async def execute(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """Runs one statement outside of any transaction, and returns its rows."""
        connection = await psycopg.AsyncConnection.connect(self.url(database), autocommit=True)
        async with connection, connection.cursor() as cursor:
            await cursor.execute(sql.encode())
            return await cursor.fetchall() if cursor.description else []

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._process

    async def _ready(self) -> None:
        process = self._running()
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while True:
            try:
                await self.execute("postgres", "SELECT 1")
                return
            except psycopg.OperationalError as error:
                if process.returncode is not None:
                    raise RuntimeError(f"PostgreSQL ended: see {self._folder}/postgres.log") from error
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(0.05)


def _owner() -> tuple[str, str] | None:
    """Who runs PostgreSQL, which refuses to be run by root."""
    return ("postgres", "postgres") if os.geteuid() == 0 else None


def _as_owner() -> dict[str, Any]:
    if not _owner():
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
