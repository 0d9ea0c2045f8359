"""How long it takes from an answer, which says that a message is committed, to its place in the report."""

import http.client
import json
import random
import threading
import time
from collections.abc import Iterator

from outages.world import Service, say

from .. import seed, traffic
from ..generators import ended
from ..line import Figure
from ..world import Bench

WINDOW = "5s"
#: The goal, in seconds.
MOST = 10
#: Seconds between two marked messages, on the average: at uneven times, so that they fall anywhere in a window.
SPACING = 0.5
#: Seconds between two looks at the report; by so much, waits are told longer than they are.
PAUSE = 0.2
#: How long the last ones may take.
PATIENCE = 60
CAMPAIGN = "freshness"


def freshness(world: Bench, messages: int, times: int, minutes: float) -> Iterator[Figure]:
    """At so many times the reference load; marked messages, in a campaign of their own, are told apart in it."""
    seed.fill(world, messages)
    world.sql("INSERT INTO campaigns (name, campaign_type, title) VALUES (%s, 'measurement', %s)", (CAMPAIGN, CAMPAIGN))
    world.window = WINDOW
    world.start_s3()
    serve, ship, load = (world.service(name) for name in ("serve", "ship", "load"))
    rate = times * traffic.REFERENCE
    say(f"{rate:,.0f} messages/s, their receipts and clicks, for {minutes:g} minutes")
    watch = Watch(world.key, load)
    with traffic.running(world, serve, rate, round(minutes * 60)) as process:
        answered = send_marked(world.key, serve, time.monotonic() + minutes * 60)
        seen = ended(process)
    waits = sorted(place - answer for place, answer in zip(watch.until(len(answered)), answered, strict=True))
    p50, p99 = (waits[min(len(waits) - 1, int(len(waits) * share))] for share in (0.5, 0.99))
    figure = Figure(f"freshness, windows of {WINDOW}, {times} times the reference load: commit to report, p99", "s", MOST)
    figure.seen.append(p99)
    figure.note = (f"p50 {p50:.1f} s, slowest {waits[-1]:.1f} s of {len(waits)} messages; answered {seen.rate:,.0f} of "
                   f"{traffic.requests(rate):,.0f} requests/s")
    for service in (load, ship, serve):
        world.end(service)
    yield figure


def send_marked(key: str, serve: Service, end: float) -> list[float]:
    """Sends marked messages until then, one after the other: when each was answered."""
    connection = http.client.HTTPConnection(serve.address, timeout=30)
    body = json.dumps({"to": "+436601234567", "from": "43720", "campaign": CAMPAIGN, "body": "Hello!"})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answered = []
    while time.monotonic() < end:
        connection.request("POST", "/v1/messages", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 201:
            raise SystemExit(f"a marked message was not recorded: {answer.status} {text!r}")
        answered.append(time.monotonic())
        time.sleep(random.uniform(0, 2 * SPACING))
    return answered


class Watch:
    """Looks at the report again and again. Marked messages were answered one after the other, and windows hold
    what was committed when they were sealed: the n-th is there once the report counts n."""

    def __init__(self, key: str, load: Service) -> None:
        self._connection = http.client.HTTPConnection(load.address, timeout=30)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._seen: list[float] = []
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def until(self, count: int) -> list[float]:
        """When each of so many was first counted."""
        end = time.monotonic() + PATIENCE
        while len(self._seen) < count and time.monotonic() < end and not self._failure:
            time.sleep(PAUSE)
        self._ended.set()
        self._thread.join()
        if self._failure or len(self._seen) != count:
            raise SystemExit(f"the report counts {len(self._seen)} of {count} marked messages: {self._failure or 'in vain'}")
        return self._seen

    def _look(self) -> None:
        try:
            while not self._ended.wait(PAUSE):
                counted = self._count()
                self._seen.extend([time.monotonic()] * (counted - len(self._seen)))
        except (OSError, ValueError, http.client.HTTPException) as failure:
            self._failure = failure

    def _count(self) -> int:
        self._connection.request("GET", "/v1/reports/messages?group_by=campaign", headers=self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise ValueError(f"the report was answered {answer.status}: {text!r}")
        return sum(row["messages"] for row in json.loads(text)["rows"] if row["campaign"] == CAMPAIGN)
