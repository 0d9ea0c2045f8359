"""Fifty thousand redirects at once: each has to be answered, if only by when to come again."""

import random
from collections.abc import Iterator

from outages.world import Service, say

from .. import burst, seed
from ..generators import wrk
from ..line import Figure, Line, Row
from ..world import Bench
from .memory import resident

REQUESTS = 50_000
#: Seconds that the last answer may take.
WAIT = 120
#: What may be answered.
GOOD = {"302", "503 with Retry-After"}
#: Rows that may wait in a lane of the recorder: as it is set at first, and so few that a burst is too much.
QUEUES = {"its own queues": 50_000, "queues of 1,000": 1_000}


def bursts(world: Bench, messages: int, count: int, seconds: int) -> Iterator[Row]:
    """Twice: where all of them may wait, and where they may not."""
    history = seed.fill(world, messages)
    codes = history.codes.read_text().split()
    for name, rows in QUEUES.items():
        world.settings["TEXTRAIL_LEDGER__QUEUED_ROWS"] = str(rows)
        connections = burst.connections()
        serve = world.service("serve")
        rates = rates_of(serve, history, count + 1, seconds)[1:]  # The first finds an empty cache.
        held = resident(serve)
        say(f"a burst of {REQUESTS:,} redirects over at most {connections:,} connections, with {name}")
        answers = burst.fire(serve.address, [f"/{random.choice(codes)}" for _ in range(REQUESTS)], WAIT)
        after = rates_of(serve, history, count, seconds)
        memory = (f"serve held {held / 1e6:.0f} MB, at most {serve.most_memory() / 1e6:.0f}, "
                  f"{resident(serve) / 1e6:.0f} after it")
        world.end(serve)
        yield told(name, answers, memory)
        yield Line(f"redirects after it, {name}", "/s", "before it", 0.8, ours=after, limits=rates)
    del world.settings["TEXTRAIL_LEDGER__QUEUED_ROWS"]


def rates_of(serve: Service, history: seed.History, count: int, seconds: int) -> list[float]:
    return [wrk(serve.address, "redirects", seconds, 64, str(history.codes)).rate for _ in range(count)]


def told(name: str, answers: burst.Answers, memory: str) -> Figure:
    """How many were answered badly, or not at all."""
    figure = Figure(f"{REQUESTS:,} redirects at once, {name}: answered neither by 302 nor by when to come again", "", 0)
    figure.seen.append(answers.lost + sum(many for kind, many in answers.by_status.items() if kind not in GOOD))
    kinds = ", ".join(f"{many:,} × {kind}" for kind, many in sorted(answers.by_status.items()))
    figure.note = (f"{kinds}; {answers.lost:,} without an answer; {answers.connections:,} connections; "
                   f"{answers.seconds:.1f} s; {memory}")
    return figure
