"""Signals to processes by their ids."""

import asyncio
import os
import signal
from collections.abc import Iterable
from pathlib import Path


def send(pid: int, number: signal.Signals) -> bool:
    """Sends a signal; false if there is no such process any more."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # `pid (name) state ppid …`: the name may hold anything, so from the last parenthesis on.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def send_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Sends a signal to each that still runs."""
    for pid in pids:
        send(pid, number)


async def stop(process: asyncio.subprocess.Process, number: signal.Signals, seconds: float) -> int:
    """Asks a process to end, and kills it if it does not within the time; its exit code."""
    if process.returncode is None:
        send(process.pid, number)
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            send(process.pid, signal.SIGKILL)
    return await process.wait()
