"""What campaigns bring about: messages in batches, their receipts, and clicks, one a request."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from outages.world import Service

from .generators import Load, ended, start
from .world import SECRET, Bench

#: Messages a second of the reference load: 4 million a day, with 9 million records in all.
REFERENCE = 4_000_000 / 86_400
#: Of 9 records, 4 are messages: a receipt of each, and a click on each fourth.
RECEIPTS, EVERY = 1, 4
#: As in traffic.lua.
BATCH = 50


@contextmanager
def running(world: Bench, serve: Service, rate: float, seconds: int) -> Iterator[subprocess.Popen[str]]:
    """So many messages a second, and what follows from them; `generators.ended` tells what came of it."""
    process = start(serve.address, "traffic", seconds, 64, world.key, SECRET, str(rate), str(RECEIPTS), str(EVERY), "0")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def requests(rate: float) -> float:
    """How many requests a second that is."""
    return rate * (1 / BATCH + RECEIPTS + 1 / EVERY)


def exactly(world: Bench, serve: Service, messages: int, receipts: int, every: int) -> Load:
    """So many messages, receipts of each, and a click on every `every`th, as fast as they are answered."""
    fast = 1_000_000.0
    return ended(start(serve.address, "traffic", 3600, 64, world.key, SECRET, str(fast), str(receipts), str(every),
                       str(messages)))
