"""textrail's services as processes that die and are started again."""

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import processes

_FAILPOINT_PANIC = re.compile(r"failpoint (\S+) panic")
#: What a supervisor waits before it starts again what ended by itself.
_RESTART_PAUSE = 0.2
#: And before it does a chore once more that was done.
_CHORE_PAUSE = 2


@dataclass(frozen=True)
class Life:
    """What a process is given at its start, beside its settings."""

    #: The value of `FAILPOINTS`; empty = none. Set in any case: a panic is then the process' end.
    failpoints: str = ""
    #: What libfaketime adds to the clock, such as `+1h`; empty = the true time.
    clock: str = ""

    def environment(self) -> dict[str, str]:
        """The variables."""
        # To find the names for a backtrace takes a debug build longer than to start again.
        environment = {"FAILPOINTS": self.failpoints, "RUST_BACKTRACE": "0"}
        if self.clock:
            library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
            environment |= {
                "LD_PRELOAD": library,
                "FAKETIME": self.clock,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        return environment


@dataclass
class Deaths:
    """How a service's lives ended."""

    #: By failpoint.
    at_failpoint: Counter[str] = field(default_factory=Counter)
    #: By our SIGKILL.
    killed: int = 0
    #: It gave up by itself, as a service may whose database or store is away: its last words.
    gave_up: list[str] = field(default_factory=list)
    #: Neither of these: it must not happen.
    unexplained: list[str] = field(default_factory=list)
    #: How often a chore was done to its end.
    done: int = 0


class Service:
    """One of textrail's services, started again whenever it ends, until it is stopped."""

    def __init__(
        self, name: str, command: list[str | Path], environment: dict[str, str], log: Path,
        next_life: Callable[[], Life], chore: bool = False,
    ) -> None:
        """A `chore` ends by itself, and is done again after a while."""
        self.is_chore = chore
        self.name = name
        self.log = log
        self.deaths = Deaths()
        self._command = command
        self._environment = environment
        self._next_life = next_life
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._killed = False
        self._frozen = False

    @property
    def kind(self) -> str:
        """The command: `serve`, `ship`, `load`, or a chore's."""
        return self.name.partition("-")[0]

    def start(self) -> None:
        """Starts it, and keeps it running."""
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    def kill(self) -> bool:
        """SIGKILL; false if it does not run at the moment."""
        process = self._process
        if process is None or process.returncode is not None:
            return False
        self._killed = True
        self._frozen = False
        return processes.send(process.pid, signal.SIGKILL)

    def freeze(self) -> bool:
        """SIGSTOP; false if it does not run, or is frozen."""
        process = self._process
        if process is None or process.returncode is not None or self._frozen:
            return False
        self._frozen = processes.send(process.pid, signal.SIGSTOP)
        return self._frozen

    def thaw(self) -> None:
        """SIGCONT."""
        if self._frozen and self._process is not None and self._process.returncode is None:
            processes.send(self._process.pid, signal.SIGCONT)
        self._frozen = False

    async def stop(self, seconds: float) -> str | None:
        """SIGTERM, and SIGKILL after the time; what was wrong with its end, if anything."""
        if self._keeper is None:
            return None
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        self._keeper = None
        self.thaw()
        process = self._process
        if process is None or process.returncode is not None:
            return None
        code = await processes.stop(process, signal.SIGTERM, seconds)
        # A chore is told before it is done, or before it listens.
        well = (0, 1, -signal.SIGTERM) if self.is_chore else (0,)
        return None if code in well else f"{self.name} ended with {code} on SIGTERM (log: {self.log})"

    async def run_once(self, seconds: float) -> str | None:
        """One sound life to its end, after `stop`; what was wrong with it."""
        with self.log.open("ab") as log:
            log.write(f"--- {self.name} starts: {Life()}\n".encode())
            log.flush()
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | self._environment | Life().environment(),
            )
        try:
            code = await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            return f"{self.name} was not done within {seconds} s of calm (log: {self.log})"
        self.deaths.done += code == 0
        return None if code == 0 else f"{self.name} ended with {code} in the calm (log: {self.log})"

    async def abort(self) -> None:
        """Ends it at once, without a judgement."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        if self._process is not None:
            processes.send(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def _keep(self) -> None:
        while True:
            with self.log.open("ab") as log:
                begin = log.tell()
                self._killed = self._frozen = False
                life = self._next_life()
                log.write(f"--- {self.name} starts: {life}\n".encode())
                log.flush()
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                    env=os.environ | self._environment | life.environment(),
                )
            code = await self._process.wait()
            _remove_shared_clock(self._process.pid)
            if self.is_chore and code == 0:
                self.deaths.done += 1
                await asyncio.sleep(_CHORE_PAUSE)
            elif not self._note_death(code, begin):
                await asyncio.sleep(_RESTART_PAUSE)

    def _note_death(self, code: int, begin: int) -> bool:
        """Notes how it ended; false if by itself."""
        with self.log.open("rb") as log:
            log.seek(begin)
            text = log.read().decode(errors="replace")
        panics = _FAILPOINT_PANIC.findall(text)
        if panics and code == -signal.SIGABRT:
            self.deaths.at_failpoint[panics[-1]] += 1
            return True
        if self._killed and code == -signal.SIGKILL:
            self.deaths.killed += 1
            return True
        last = text.strip().rpartition("\n")[2]
        if code == 1 and "panicked at" not in text:
            self.deaths.gave_up.append(last)
        else:
            self.deaths.unexplained.append(f"{self.name} ended with {code}: {last}")
        return False


def _remove_shared_clock(pid: int) -> None:
    """What libfaketime leaves in memory of a process that was killed."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        Path("/dev/shm", name).unlink(missing_ok=True)
