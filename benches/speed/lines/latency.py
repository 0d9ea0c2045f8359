"""How long a redirect takes at half of the most that there is, while large batches are written."""

import http.client
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path

from outages.world import Service, say

from .. import seed
from ..generators import oha, wrk
from ..line import Figure
from ..world import Bench

#: The most that one call may hold.
BATCH = 10_000
#: The goal, in milliseconds.
MOST = 25
#: Calls that are made beforehand: making one takes as long as its answer.
CALLS = 8


def latency(world: Bench, messages: int, count: int, seconds: int) -> Iterator[Figure]:
    """Each round asks for the maximum first: it drifts on a machine that others use, too. What a bare handler
    takes at the same rate is what the generator adds."""
    history = seed.fill(world, messages)
    serve = world.service("serve")
    bare = world.bare_redirect()
    urls, bare_urls = (write_urls(world.folder / f"urls-{name}", history.codes, service.address)
                       for name, service in (("serve", serve), ("bare", bare)))
    figure = Figure("redirect, open loop at half its maximum, batches of 10,000 beside it: p99", "ms", MOST)
    wrk(serve.address, "redirects", 3, 64, str(history.codes))
    for place in range(count):
        maximum = wrk(serve.address, "redirects", min(seconds, 6), 64, str(history.codes)).rate
        generator = oha(bare_urls, maximum / 2, min(seconds, 6))
        with Batches(serve, world.key) as batches:
            seen = oha(urls, maximum / 2, seconds)
        figure.seen.append(seen.p99_ms)
        figure.note = (f"asked {maximum / 2:,.0f} /s, answered {seen.rate:,.0f} /s, p50 {seen.p50_ms:.1f} ms; beside it "
                       f"{batches.answered * BATCH / seconds:,.0f} messages/s; a bare handler at the same rate, with "
                       f"nothing beside it: p99 {generator.p99_ms:.1f} ms; corrected for coordinated omission")
        say(f"p99 {seen.p99_ms:.1f} ms, {figure.note} ({place + 1} of {count})")
    for service in (bare, serve):
        world.end(service)
    yield figure


def write_urls(file: Path, codes: Path, address: str) -> Path:
    """A hundred thousand short URLs, drawn at random: oha holds all of its file parsed."""
    lines = codes.read_text().split()
    drawn = random.sample(lines, min(len(lines), 100_000))
    file.write_text("".join(f"http://{address}/{code}\n" for code in drawn))
    return file


class Batches:
    """Calls of 10,000 messages, one after another on one connection, until the end of a `with`."""

    def __init__(self, serve: Service, key: str) -> None:
        self._connection = http.client.HTTPConnection(serve.address, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._calls = [body() for _ in range(CALLS)]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._failure: Exception | None = None
        self.answered = 0

    def __enter__(self) -> "Batches":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure:
            raise SystemExit(f"a batch was not recorded: {self._failure}")

    def _send(self) -> None:
        try:
            while not self._ended.is_set():
                call = self._calls[self.answered % CALLS]
                self._connection.request("POST", "/v1/messages/batch", call, self._headers)
                answer = self._connection.getresponse()
                recorded = answer.read().count(b'"status":"recorded"')
                if recorded != BATCH:
                    raise ValueError(f"{recorded} of {BATCH} messages were recorded (status {answer.status})")
                self.answered += 1
        except (OSError, ValueError, http.client.HTTPException) as failure:
            self._failure = failure
        self._connection.close()


def body() -> bytes:
    """A campaign's texts, each with a link, to numbers drawn at random."""
    return json.dumps({"messages": [
        {"to": f"+43664{random.randrange(10**7):07}", "from": "43720", "campaign": f"campaign-{random.randrange(1, 501)}",
         "gateway": "kannel", "body": f"Hello! The autumn sale has begun: https://shop.example/autumn/{n}"}
        for n in range(BATCH)]}).encode()
