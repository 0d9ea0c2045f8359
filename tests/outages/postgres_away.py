"""PostgreSQL crashes under traffic, is away for minutes, and is back.

Clients go on: they follow links and post receipts, and note what was acknowledged. Once it is back, each
link has as many clicks in the ledger as were answered, and each receipt stands there once; where no
answer came, there may be one more.
"""

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable

from .world import Service, World, say, wait

MESSAGES = 400
PAUSE = 0.02


class Client:
    """One client that does one thing again and again."""

    def __init__(self, service: Service, key: str) -> None:
        self._service = service
        self._key = key
        #: What was told, by outcome: acknowledged, unknown (no answer), refused (503).
        self.acknowledged: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.refused = 0

    def call(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._service.address, timeout=30)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        # A person's browser: a visit is a click either way.
        headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def tell(self, name: str, method: str, path: str, body: object = None) -> None:
        try:
            status, _ = self.call(method, path, body)
        except OSError:
            self.unknown[name] += 1
            return
        if status < 400:
            self.acknowledged[name] += 1
        else:
            self.refused += 1

    def compare(self, found: Iterable[tuple[str, int]]) -> list[str]:
        """What the ledger has too little or too much of, by name."""
        counts = Counter(dict(found))
        names = counts.keys() | self.acknowledged.keys()
        return [f"{name}: {counts[name]} in the ledger, {self.acknowledged[name]} acknowledged"
                for name in sorted(names)
                if not 0 <= counts[name] - self.acknowledged[name] <= self.unknown[name]]


def run(world: World, seconds: int) -> int:
    world.start_s3()
    serve = world.service("serve")
    ship, load = world.service("ship"), world.service("load")
    key = world.textrail("key", "create", "outages", "--role", "admin").split()[0]
    teller = Client(serve, key)
    teller.call("PUT", "/v1/campaigns/autumn", {"type": "promotion", "name": "Autumn"})
    message = {"to": "+436601234567", "from": "43720", "campaign": "autumn",
               "body": "https://shop.example/"}
    _, answer = teller.call("POST", "/v1/messages/batch", {"messages": [message] * MESSAGES})
    sent = json.loads(answer)["results"]

    stop = threading.Event()
    clicker, reporter = Client(serve, key), Client(serve, key)

    def click() -> None:
        number = 0
        while not stop.is_set():
            code = sent[number % MESSAGES]["links"][0]["code"]
            clicker.tell(code, "GET", f"/{code}")
            number += 1
            time.sleep(PAUSE)

    def report() -> None:
        while not stop.is_set():
            name = uuid.uuid4().hex
            reporter.tell(name, "POST", "/v1/receipts", {
                "gateway": "twig", "gateway_message_id": name, "status": "delivered"})
            time.sleep(PAUSE)

    threads = [threading.Thread(target=click), threading.Thread(target=report)]
    for thread in threads:
        thread.start()
    time.sleep(5)
    world.stop_postgres()
    say(f"PostgreSQL is away, for {seconds} s")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(30, max(0, end - time.monotonic())))
        say(f"clicks: {clicker.acknowledged.total()} taken, {clicker.refused} refused; "
            f"receipts: {reporter.acknowledged.total()} taken, {reporter.refused} refused")
    world.start_postgres()
    back = time.monotonic()
    say("PostgreSQL is back")
    time.sleep(5)
    stop.set()
    for thread in threads:
        thread.join()
    return judge(world, clicker, reporter, back, load)


CLICKS = """
SELECT links.code, count(*) FROM clicks JOIN links ON links.number = clicks.link_number GROUP BY links.code
"""
RECEIPTS = "SELECT gateway_message_id, count(*) FROM parked_receipts GROUP BY gateway_message_id"


def judge(world: World, clicker: Client, reporter: Client, back: float, load: Service) -> int:
    told = {"clicks": clicker, "parked_receipts": reporter}
    count = lambda table: world.number(f"SELECT count(*) FROM {table}")
    wait("what was taken is in the ledger", 300, lambda: all(
        count(table) >= client.acknowledged.total() for table, client in told.items()))
    say(f"in the ledger {time.monotonic() - back:.1f} s after it was back")
    for table, client in told.items():
        say(f"{table}: {count(table)} (taken {client.acknowledged.total()}, "
            f"unknown {client.unknown.total()}, refused {client.refused})")
    wrong = clicker.compare(world.sql(CLICKS)) + reporter.compare(world.sql(RECEIPTS))
    for line in wrong[:20]:
        say(f"LOST OR DOUBLED: {line}")
    twice = world.number("SELECT count(*) - count(DISTINCT event_id) FROM outbox")
    if twice:
        say(f"LOST OR DOUBLED: {twice} events are in the outbox twice")
    world.wait_until_counted()
    total = world.number("SELECT coalesce(sum(row_count), 0) FROM shipped_windows")
    wait("all of it is loaded", 300, lambda: sum(
        load.metric(f'textrail_load_rows_total{{kind="{kind}"}}')
        for kind in ("message", "click", "receipt")) >= total)
    good = not wrong and not twice and world.is_proven(load)
    say("nothing is lost, nothing is doubled" if good else "NOT ALL IS WELL")
    return 0 if good else 1
