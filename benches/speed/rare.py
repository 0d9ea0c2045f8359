"""One of each of the calls that come seldom: they have indexes of their own."""

import http.client
import json
from typing import Any

from outages.world import Service

from .world import Bench

GATEWAY, NUMBER = "another", "+436761234567"


def calls(world: Bench, serve: Service) -> None:
    """A message whose receipts are found by the gateway's own id, an answer to it, its journey, the lists."""
    api = Api(world.key, serve)
    sent = api.call("POST", "/v1/messages", {"to": NUMBER, "from": "43720", "campaign": "campaign-1",
                                             "body": "Hello! https://shop.example/autumn/1"})
    receipt = {"gateway": GATEWAY, "gateway_message_id": "rare-1"}
    api.call("POST", "/v1/receipts", receipt | {"status": "sent"})  # It is parked until the gateway's id is known.
    api.call("POST", "/v1/submissions", receipt | {"message_id": sent["id"], "outcome": "accepted"})
    api.call("POST", "/v1/receipts", receipt | {"status": "delivered"})
    api.call("POST", "/v1/inbound", {"gateway": GATEWAY, "from": NUMBER, "to": "43720", "body": "Please stop this, thanks"})
    api.call("GET", f"/v1/messages/{sent['id']}")
    api.call("GET", "/v1/inbound")
    api.call("GET", "/v1/opt-outs")
    api.call("GET", "/v1/opt-outs?after=0")
    world.textrail("gateway", "refused")
    world.textrail("gateway", "replay", "kannel", "--since", "1h")


class Api:
    """Calls whose answers have to be good."""

    def __init__(self, key: str, serve: Service) -> None:
        self._connection = http.client.HTTPConnection(serve.address, timeout=30)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None) -> Any:
        self._connection.request(method, path, json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {text.decode()}")
        return json.loads(text)
