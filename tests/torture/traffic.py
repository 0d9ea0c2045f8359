"""Clients: each drives its own subscribers and messages, one call after another, and logs all of it.

Calls that textrail recognises when they are repeated are repeated until they are answered, as
campaign tools and gateways do. A send without an Idempotency-Key and a click are made once.
"""

import asyncio
import random
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .api import GATEWAY_SECRET, Answer, Api, pause
from .client_log import ClientLog, Fact

CAMPAIGNS = {"autumn": "promotion", "welcome": "onboarding", "parcel": "service"}
SENDER = "12345"
_BROWSER = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1 Torture/"
)
_NUMBERS_A_CLIENT = 200
_FINALS = ["delivered", "undelivered", "failed", "rejected", "expired"]
_STATUSES = ["accepted", "queued", "sent", "unknown", *_FINALS, "delivered", "delivered"]
#: Kannel's mask and the words of an SMPP receipt, with the status that they mean.
_KANNEL = [
    (8, "", "sent"), (4, "", "queued"), (1, "DELIVRD", "delivered"), (1, "", "delivered"),
    (2, "UNDELIV", "undelivered"), (16, "REJECTD", "rejected"), (2, "EXPIRED", "expired"),
]
_TEXTS = [("Thanks, see you!", "none"), ("Is it 30% off?", "none"), ("HELP", "help")]


@dataclass
class Sent:
    """A message that a client may tell more about."""

    id: str
    to: str
    fields: dict[str, Any]
    codes: list[tuple[str, str]]
    receipt_url: str | None
    gateway: str | None
    gateway_message_id: str | None = None


@dataclass
class Subscriber:
    """A number, and whether it is opted out of the one sender; `None` = not known."""

    number: str
    opted_out: bool | None = False
    messages: list[Sent] = field(default_factory=list)


class Client:
    """One client. All it does is drawn from its own generator."""

    def __init__(
        self, index: int, draw: random.Random, api: Api, log: ClientLog, true_clocks: bool,
        inbounds_wait: Callable[[], bool],
    ) -> None:
        self._inbounds_wait = inbounds_wait
        self._index = index
        self._draw = draw
        self._api = api
        self._log = log
        # Servers that disagree about the time may take an opt-in for older than the opt-out before.
        self._true_clocks = true_clocks
        self._count = 0
        self._ending = asyncio.Event()
        self._sent: list[Sent] = []
        self._subscribers = [
            Subscriber(f"+43664{index * _NUMBERS_A_CLIENT + number:06}")
            for number in range(_NUMBERS_A_CLIENT)
        ]

    async def run(self, pause_seconds: float) -> None:
        """Acts until `finish` is called; what was begun is then brought to its end."""
        actions: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (20, self.send), (6, self.send_batch), (16, self.submit), (26, self.report),
            (24, self.click), (8, self.reply), (3, self.wish),
        ]
        weights = [weight for weight, _ in actions]
        while not self._ending.is_set():
            [(_, act)] = self._draw.choices(actions, weights)
            await act()
            await pause(self._draw, 0, 2 * pause_seconds)

    def finish(self) -> None:
        """Begins nothing more."""
        self._ending.set()

    # Messages

    async def send(self) -> None:
        """One message; with a key it is sent until it is answered."""
        body, fact, subscriber = self._message()
        key = self._key() if self._draw.random() < 0.7 else None
        answer = await self._repeat(fact.heard.append, "POST", "/v1/messages", body, key)
        if answer.status == 201:
            self._recorded(fact, subscriber, answer.body, str(answer))
        elif _is_opted_out(answer):
            self._suppressed(fact, subscriber, str(answer))
        else:
            self._log.heard(fact, str(answer), acknowledged=False)
            self._expect_again(answer, "POST /v1/messages")

    async def send_batch(self) -> None:
        """Several messages in one call."""
        items = [self._message() for _ in range(self._draw.randint(2, 20))]
        key = self._key() if self._draw.random() < 0.8 else None
        body = {"messages": [body for body, _, _ in items]}
        answer = await self._repeat(items[0][1].heard.append, "POST", "/v1/messages/batch", body, key)
        if answer.status != 200:
            for _, fact, _ in items:
                self._log.heard(fact, str(answer), acknowledged=False)
            self._expect_again(answer, "POST /v1/messages/batch")
            return
        for (_, fact, subscriber), result in zip(items, answer.body["results"], strict=True):
            match result["status"]:
                case "recorded":
                    self._recorded(fact, subscriber, result, "200 recorded")
                case "suppressed":
                    self._suppressed(fact, subscriber, "200 suppressed", event_id=result["id"])
                case other:
                    self._log.offence(f"message {fact.number} of a batch is {other}: {result}")

    def _message(self) -> tuple[dict[str, Any], Fact, Subscriber]:
        number = self._number("m")
        subscriber = self._draw.choice(self._subscribers)
        campaign = self._draw.choice(list(CAMPAIGNS))
        gateway = self._draw.choice(["kannel", "own", None])
        targets = [
            f"https://shop.example/{number}/{place}?a=1&b=%20x" for place in range(self._draw.randint(0, 2))
        ]
        words = self._draw.choice(["Sale", "Rabatt für dich", "🍂 Sale"])
        test = self._draw.random() < 0.05
        body = {
            "to": subscriber.number, "from": SENDER, "campaign": campaign, "client_reference": number,
            "body": " ".join([f"{words}! Number {number}", *targets]),
        }
        if gateway:
            body["gateway"] = gateway
        if test:
            body["test"] = True
        fields = {
            "client_reference": number, "campaign": campaign, "campaign_type": CAMPAIGNS[campaign],
            "sender": SENDER, "country": "AT", "gateway": gateway, "test": test,
            "targets": targets,
        }
        return body, self._log.sent(Fact("message", number, fields)), subscriber

    def _recorded(self, fact: Fact, subscriber: Subscriber, view: dict[str, Any], heard: str) -> None:
        codes = [(link["code"], link["target_url"]) for link in view["links"]]
        self._log.heard(
            fact, heard, acknowledged=True, outcome="recorded", event_id=view["id"],
            recorded_at=view["recorded_at"], encoding=view["encoding"], segments=view["segments"],
            codes=[code for code, _ in codes],
        )
        if subscriber.opted_out:
            self._log.offence(
                f"message {fact.number} was recorded though {subscriber.number} had opted out"
            )
        sent = Sent(
            view["id"], subscriber.number, fact.fields, codes, view.get("receipt_url"),
            fact.fields["gateway"],
        )
        self._sent.append(sent)
        subscriber.messages.append(sent)

    def _suppressed(self, fact: Fact, subscriber: Subscriber, heard: str, **learned: Any) -> None:
        self._log.heard(fact, heard, acknowledged=True, outcome="suppressed", **learned)
        if subscriber.opted_out is False:
            self._log.offence(
                f"message {fact.number} was suppressed though {subscriber.number} had not opted out"
            )

    # What gateways and people tell

    async def submit(self) -> None:
        """Messages were handed to their gateway; often their receipts overtook that."""
        waiting = [sent for sent in self._sent[-40:] if sent.gateway_message_id is None]
        if not waiting:
            return
        chosen = self._draw.sample(waiting, min(len(waiting), self._draw.randint(1, 3)))
        items, facts = [], []
        for sent in chosen:
            sent.gateway_message_id = f"gw-{self._number('s')}"
            if self._draw.random() < 0.4:
                await self._receipt_by_gateway_id(sent)
            outcome = self._draw.choices(["accepted", "refused", "canceled"], [90, 7, 3])[0]
            item = {
                "message_id": sent.id, "gateway": sent.gateway or "own",
                "gateway_message_id": sent.gateway_message_id, "outcome": outcome,
            }
            if outcome == "refused":
                item["error_code"] = "21610"
            if self._draw.random() < 0.7:
                item["submitted_at"] = _now()
            items.append(item)
            fields = {name: value for name, value in item.items() if name != "submitted_at"}
            if "submitted_at" in item:
                fields |= {"occurred_at": item["submitted_at"], "time_source": "gateway"}
            fields |= _context(sent)
            facts.append(self._log.sent(Fact("submission", sent.gateway_message_id, fields)))
        answer = await self._until_answered(facts[0], "POST", "/v1/submissions", items)
        self._settle(facts, answer)

    async def _receipt_by_gateway_id(self, sent: Sent) -> None:
        item, fact = self._neutral_receipt(sent)
        del item["message_id"]
        item["gateway"] = sent.gateway or "own"
        item["gateway_message_id"] = sent.gateway_message_id
        fact.fields |= {"gateway": item["gateway"], "gateway_message_id": sent.gateway_message_id}
        fact.fields.pop("message_id")
        answer = await self._until_answered(fact, "POST", "/v1/receipts", item)
        self._settle([fact], answer)

    async def report(self) -> None:
        """A receipt, or several, in one of the dialects; now and then told twice, as gateways do."""
        if not self._sent:
            return
        sent = self._draw.choice(self._sent[-60:])
        if sent.gateway == "kannel" and self._draw.random() < 0.7:
            await self._kannel_receipt(sent)
            return
        pairs = [self._neutral_receipt(sent) for _ in range(self._draw.randint(1, 3))]
        items, facts = [item for item, _ in pairs], [fact for _, fact in pairs]
        if sent.gateway == "own" and sent.receipt_url:
            path = urllib.parse.urlsplit(sent.receipt_url)
            call = (f"{path.path}?{path.query}", False)
            for item in items:
                del item["message_id"]
        else:
            call = ("/v1/receipts", True)
            for item in items:
                item["gateway"] = "own"
        for fact in facts:
            fact.fields["gateway"] = "own"
        for _ in range(1 + (self._draw.random() < 0.2)):
            answer = await self._until_answered(facts[0], "POST", call[0], items, with_key=call[1])
            self._settle(facts, answer)

    def _neutral_receipt(self, sent: Sent) -> tuple[dict[str, Any], Fact]:
        number = self._number("r")
        status = self._draw.choice(_STATUSES)
        # The number is in the gateway's id of the notification. What tells receipts apart in the
        # ledger is their time: no two have the same.
        item: dict[str, Any] = {
            "message_id": sent.id, "status": status, "gateway_event_id": number,
            "occurred_at": _now(self._draw.uniform(-30, 30)),
        }
        if status not in ("delivered", "accepted") and self._draw.random() < 0.5:
            item |= {"error_code": "30003", "error_class": "unreachable", "permanent": False}
        if self._draw.random() < 0.1:
            item["synthetic"] = True
        if self._draw.random() < 0.1:
            item |= {"segment_number": self._draw.randint(1, 2), "segment_count": 2}
        if self._draw.random() < 0.2:
            item |= {"price": "0.0075", "currency": "EUR", "mcc_mnc": "23201"}
        fields = dict(item, raw_status=status, time_source="gateway")
        return item, self._log.sent(Fact("receipt", number, fields))

    async def _kannel_receipt(self, sent: Sent) -> None:
        number = self._number("k")
        mask, stat, status = self._draw.choice(_KANNEL)
        seconds = int(datetime.now(UTC).timestamp()) + self._draw.randint(-30, 30)
        # Kannel's receipts have no id: the number stands where the network's error code does.
        answer_text = f"id:1 sub:001 dlvrd:001 {f'stat:{stat} ' if stat else ''}err:{number}"
        url = urllib.parse.urlsplit(sent.receipt_url or "")
        query = url.query.replace("%d", str(mask)).replace("%i", "carrier").replace("%F", "")
        query = query.replace("%T", str(seconds)).replace("%A", urllib.parse.quote(answer_text))
        fact = self._log.sent(Fact("receipt", number, {
            "message_id": sent.id, "gateway": "kannel", "status": status, "error_code": number,
            "raw_status": f"{mask} {stat}".strip(), "time_source": "gateway",
            "occurred_at": datetime.fromtimestamp(seconds, UTC).isoformat(),
        }))
        for _ in range(1 + (self._draw.random() < 0.2)):
            answer = await self._until_answered(fact, "GET", f"{url.path}?{query}", with_key=False)
            self._settle([fact], answer)

    async def click(self) -> None:
        """A visit, made once: whether an unanswered one was recorded, nobody knows."""
        with_links = [sent for sent in self._sent[-60:] if sent.codes]
        if not with_links:
            return
        sent = self._draw.choice(with_links)
        code, target = self._draw.choice(sent.codes)
        number = self._number("c")
        fact = self._log.sent(Fact("click", number, {
            "user_agent": _BROWSER + number, "code": code, "target_url": target, "verdict": "human",
            **_context(sent),
        }))
        agent = {"User-Agent": _BROWSER + number}
        answer = await self._api.call(self._draw, "GET", f"/{code}", headers=agent, with_key=False)
        self._log.heard(fact, str(answer), acknowledged=answer.status == 302)
        if answer.status == 302 and answer.body != target:
            self._log.offence(f"click {number} was led to {answer.body}, not to {target}")
        elif answer.status != 302:
            self._expect_again(answer, "GET /{code}")

    async def reply(self) -> None:
        """A subscriber writes: sometimes STOP, sometimes START."""
        subscriber = self._draw.choice(self._subscribers[:40])
        number = f"mo-{self._number('i')}"
        text, intent = self._draw.choices(
            [("STOP", "stop"), ("START", "start"), self._draw.choice(_TEXTS)], [3, 3, 4])[0]
        gateway = self._draw.choice(["own", "kannel", None])
        received_at = datetime.now(UTC)
        if gateway == "kannel":
            received_at = received_at.replace(microsecond=0)
        fact = self._log.sent(Fact("inbound", number, {
            "gateway_message_id": number, "gateway": gateway or "own", "sender": SENDER,
            "country": "AT", "intent": intent, "occurred_at": received_at.isoformat(),
            "time_source": "gateway",
        }))
        wish = self._wish_by_keyword(fact, subscriber, intent, gateway == "kannel")
        call = _inbound_call(gateway, number, subscriber.number, text, received_at)
        for _ in range(1 + (self._draw.random() < 0.2)):
            answer = await self._until_answered(fact, *call[:3], with_key=call[3])
            self._settle([fact, *([wish] if wish else [])], answer)
            if self._inbounds_wait():
                self._retire(subscriber)
                return
        if wish and not fact.acknowledged:
            subscriber.opted_out = None

    def _retire(self, subscriber: Subscriber) -> None:
        """What this one said may wait in a server's spool, and other servers know nothing of it. What
        stands for the number cannot be told until it is in the ledger: another one takes its place."""
        self._count += 1
        fresh = Subscriber(f"+43676{self._index:02}{self._count:05}")
        self._subscribers[self._subscribers.index(subscriber)] = fresh

    def _wish_by_keyword(
        self, inbound: Fact, subscriber: Subscriber, intent: str, whole_seconds: bool
    ) -> Fact | None:
        if intent not in ("stop", "start"):
            return None
        opting_out = intent == "stop"
        wish = self._wish(f"wish of {inbound.number}", subscriber, opting_out, {
            "source": "keyword", "inbound": inbound.number,
        })
        # Kannel's times are whole seconds, which may be before an opt-out of the same second.
        if not opting_out and whole_seconds:
            self._doubt(wish, subscriber)
        return wish

    async def wish(self) -> None:
        """An opt-out or opt-in over the API."""
        subscriber = self._draw.choice(self._subscribers[:40])
        opting_out = self._draw.random() < 0.6
        number = self._number("w")
        fact = self._wish(number, subscriber, opting_out, {"source": "api", "reason": number})
        method = "PUT" if opting_out else "DELETE"
        body = {"number": subscriber.number, "reason": number}
        answer = await self._until_answered(fact, method, f"/v1/opt-outs/{SENDER}", body)
        self._settle([fact], answer)
        if not fact.acknowledged:
            subscriber.opted_out = None

    def _wish(
        self, number: str, subscriber: Subscriber, opting_out: bool, fields: dict[str, Any]
    ) -> Fact:
        """The line that a wish leaves if it changes what stood."""
        fields |= {"action": "opt_out" if opting_out else "opt_in", "scope": "sender", "sender": SENDER}
        stood, subscriber.opted_out = subscriber.opted_out, opting_out
        changes = stood is not opting_out
        fact = Fact("wish", number, fields, at_least=int(changes), at_most=int(changes))
        if stood is None or not (opting_out or self._true_clocks):
            self._doubt(fact, subscriber)
        return self._log.sent(fact)

    def _doubt(self, wish: Fact, subscriber: Subscriber) -> None:
        """Whether this wish changes what stands cannot be told from here."""
        wish.at_least, wish.at_most = 0, 1
        if wish.fields["action"] == "opt_in":
            subscriber.opted_out = None

    # Calls

    async def _until_answered(
        self, fact: Fact, method: str, path: str, body: Any = None, *, with_key: bool = True
    ) -> Answer:
        """A call that may be repeated, until it is answered or the round gives up."""
        while True:
            answer = await self._api.call(self._draw, method, path, json=body, with_key=with_key)
            if not answer.says_again:
                return answer
            fact.heard.append(str(answer))
            await pause(self._draw, 0.05, 0.3)

    async def _repeat(
        self, heard: Callable[[str], None], method: str, path: str, body: Any, key: str | None
    ) -> Answer:
        while True:
            headers = {"Idempotency-Key": key} if key else None
            answer = await self._api.call(self._draw, method, path, json=body, headers=headers)
            if key is None or not answer.says_again:
                return answer
            heard(str(answer))
            await pause(self._draw, 0.05, 0.3)

    def _settle(self, facts: list[Fact], answer: Answer) -> None:
        results = answer.body.get("results", []) if isinstance(answer.body, dict) else []
        refused = [result for result in results if result["status"] == "invalid"]
        for fact in facts:
            self._log.heard(fact, str(answer), acknowledged=answer.is_success and not refused)
        if refused or not answer.is_success:
            self._log.offence(f"{facts[0].kind} {facts[0].number} was refused: {answer} {answer.body}")

    def _expect_again(self, answer: Answer, call: str) -> None:
        """An answer that is neither yes nor "later" is not one that these calls deserve."""
        if not answer.says_again:
            self._log.offence(f"{call} was answered {answer}: {answer.body}")

    def _number(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._index}x{self._count}"

    def _key(self) -> str:
        return f"key-{self._number('i')}"


def _is_opted_out(answer: Answer) -> bool:
    return answer.status == 422 and answer.body.get("type") == "/problems/recipient-opted-out"


def _context(sent: Sent) -> dict[str, Any]:
    """What every line about a message repeats of it."""
    names = ("campaign", "campaign_type", "sender", "country", "test")
    return {"message_id": sent.id} | {name: sent.fields[name] for name in names}


def _inbound_call(
    gateway: str | None, number: str, sender: str, text: str, received_at: datetime
) -> tuple[str, str, Any, bool]:
    """Method, path, body, and whether our key is presented."""
    if gateway == "kannel":
        query = urllib.parse.urlencode({
            "secret": GATEWAY_SECRET, "from": sender, "to": SENDER, "text": text, "id": number,
            "ts": int(received_at.timestamp()), "charset": "UTF-8", "coding": 0,
        })
        return ("GET", f"/v1/gateways/kannel/inbound?{query}", None, False)
    item = {
        "gateway_message_id": number, "from": sender, "to": SENDER, "body": text,
        "received_at": received_at.isoformat(),
    }
    if gateway == "own":
        return ("POST", f"/v1/gateways/own/inbound?secret={GATEWAY_SECRET}", item, False)
    return ("POST", "/v1/inbound", item | {"gateway": "own"}, True)


def _now(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
