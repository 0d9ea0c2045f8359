"""PostgreSQL crashes under traffic, is away for minutes, and is back.

Clients go on: they follow links and post receipts, and note what was acknowledged. Once it is back, each
fact that was acknowledged stands in the ledger once, and none that was not stands there twice.
"""

import http.client
import json
import threading
import time
import uuid

from .world import Service, World, say, wait

MESSAGES = 400
PAUSE = 0.02


class Client:
    """One client that does one thing again and again."""

    def __init__(self, service: Service, key: str) -> None:
        self._service = service
        self._key = key
        #: By outcome: acknowledged, refused (503), unknown (no answer).
        self.acknowledged: list[str] = []
        self.refused = 0
        self.unknown = 0

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
            self.unknown += 1
            return
        if status < 400:
            self.acknowledged.append(name)
        else:
            self.refused += 1


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
        say(f"clicks: {len(clicker.acknowledged)} taken, {clicker.refused} refused; "
            f"receipts: {len(reporter.acknowledged)} taken, {reporter.refused} refused")
    world.start_postgres()
    back = time.monotonic()
    say("PostgreSQL is back")
    time.sleep(5)
    stop.set()
    for thread in threads:
        thread.join()
    return judge(world, clicker, reporter, back, load)


def judge(world: World, clicker: Client, reporter: Client, back: float, load: Service) -> int:
    clicks, receipts = len(clicker.acknowledged), len(reporter.acknowledged)
    count = lambda table: world.number(f"SELECT count(*) FROM {table}")
    wait("what was taken is in the ledger", 300,
         lambda: count("clicks") >= clicks and count("parked_receipts") >= receipts)
    say(f"in the ledger {time.monotonic() - back:.1f} s after it was back")
    known = {name for name, in world.sql("SELECT gateway_message_id FROM parked_receipts")}
    lost = set(reporter.acknowledged) - known
    twice = world.number("SELECT count(*) - count(DISTINCT event_id) FROM outbox")
    found = count("clicks"), count("parked_receipts")
    most = clicks + clicker.unknown, receipts + reporter.unknown
    say(f"clicks {found[0]} (taken {clicks}, unknown {clicker.unknown}, refused {clicker.refused}); "
        f"receipts {found[1]} (taken {receipts}, unknown {reporter.unknown}, "
        f"refused {reporter.refused}); events twice {twice}")
    total = count("outbox")
    wait("all of it is loaded", 300, lambda: sum(
        load.metric(f'textrail_load_rows_total{{kind="{kind}"}}')
        for kind in ("message", "click", "receipt")) >= total)
    good = not lost and not twice and found[0] <= most[0] and found[1] <= most[1]
    say("nothing is lost, nothing is doubled" if good else f"LOST OR DOUBLED: {len(lost)} lost")
    return 0 if good else 1
