"""A small sound world: what a client sent, the lake and the warehouse that came of it."""

import copy
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..client_log import Fact
from ..warehouse import Warehouse, microseconds

_COMMON: dict[str, Any] = {
    "schema_version": 1, "subscriber_id": "s-1", "message_id": "m-1", "campaign": "autumn",
    "campaign_type": "promotion", "sender": "12345", "country": "AT", "gateway": "own", "test": False,
    "message_recorded_at": "2026-11-23T05:00:00.000000Z", "recorded_at": "2026-11-23T05:00:00.000000Z",
    "occurred_at": "2026-11-23T05:00:00.000000Z", "time_source": "gateway",
}
_LINK = {"link_id": 1, "code": "abc", "short_domain": "t.example", "target_url": "https://shop.example/1"}


def _line(kind: str, event_id: str, without: tuple[str, ...] = (), **own: Any) -> dict[str, Any]:
    values = _COMMON | {"kind": kind, "event_id": event_id} | own
    return {name: value for name, value in values.items() if name not in without}


_OF_MESSAGE = ("message_id", "message_recorded_at")


def lines() -> list[dict[str, Any]]:
    """One line of each kind, and a receipt that was parked."""
    return [
        _line("message", "m-1", client_reference="m1", outcome="recorded", encoding="gsm7", code_units=20,
              segments=1, links=[_LINK], time_source="server"),
        _line("submission", "s-1", gateway_message_id="gw-1", outcome="accepted"),
        _line("receipt", "r-1", receipt_id="r-1", gateway_event_id="r1", status="sent", synthetic=False),
        _line("receipt", "r-2", _OF_MESSAGE, receipt_id="r-2", gateway_event_id="r2", status="delivered",
              synthetic=False, occurred_at="2026-11-23T05:00:07.500000Z"),
        _line("match", "x-1", receipt_id="r-2", time_source="server"),
        _line("click", "c-1", code="abc", user_agent="Browser Torture/c1", verdict="human",
              occurred_at="2026-11-23T05:01:00.000000Z"),
        _line("inbound", "i-1", gateway_message_id="mo-1", intent="stop"),
        _line("opt_out", "o-1", action="opt_out", scope="sender", source="keyword", source_event_id="i-1",
              effective_at="2026-11-23T05:00:00.000000Z"),
    ]


def facts() -> list[Fact]:
    """What the client sent and was told; one click was never answered."""
    sent = [
        Fact("message", "m1", {"campaign": "autumn", "targets": ["https://shop.example/1"], "test": False}),
        Fact("submission", "gw-1", {"outcome": "accepted"}),
        Fact("receipt", "r1", {"status": "sent", "occurred_at": "2026-11-23T06:00:00+01:00"}),
        Fact("receipt", "r2", {"status": "delivered"}),
        Fact("click", "c1", {"code": "abc"}),
        Fact("inbound", "mo-1", {"intent": "stop"}),
        Fact("wish", "wish of mo-1", {"action": "opt_out", "inbound": "mo-1"}),
    ]
    for fact in sent:
        fact.acknowledged = True
    return [*sent, Fact("click", "c2", {"code": "abc"})]


@dataclass
class Bucket:
    """Objects in memory."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def keys(self) -> list[str]:
        """See `lake.Objects`."""
        return sorted(self.objects)

    def get(self, key: str) -> bytes:
        """See `lake.Objects`."""
        return self.objects[key]


def bucket(of: list[dict[str, Any]], window: int = 1) -> Bucket:
    """A lake of one window, as the shipper writes it."""
    made = Bucket()
    files = []
    for kind in dict.fromkeys(line["kind"] for line in of):
        text = "".join(json.dumps(line) + "\n" for line in of if line["kind"] == kind).encode()
        body = gzip.compress(text)
        key = f"events/{kind}/dt=2026-11-23/hr=05/{window}-0000.json.gz"
        made.objects[key] = body
        files.append({
            "key": key, "kind": kind, "part": 0, "rows": text.count(b"\n"), "text_bytes": len(text),
            "text_sha256": hashlib.sha256(text).hexdigest(), "object_bytes": len(body),
            "object_sha256": hashlib.sha256(body).hexdigest(),
        })
    manifest = {"epoch": 1, "window": window, "first_window": window, "files": files}
    made.objects[f"_manifest/dt=2026-11-23/0001-{window:010}.json"] = json.dumps(manifest).encode()
    return made


def folder_of(made: Bucket, root: Path) -> None:
    """The same as plain files."""
    for key, body in made.objects.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(body)


def _row(values: dict[str, Any]) -> dict[str, Any]:
    times = {"occurred_at", "recorded_at", "message_recorded_at", "effective_at"}
    return {
        name: microseconds(value) if name in times else value
        for name, value in copy.deepcopy(values).items()
        if name not in ("links",)
    }


def warehouse() -> Warehouse:
    """What the loader makes of the lake; the message's row and its bucket are written out by hand."""
    by_id = {line["event_id"]: line for line in lines()}
    recorded = microseconds("2026-11-23T05:00:00Z")
    message = {
        "message_id": "m-1", "message_recorded_at": recorded, "bucket": recorded, "subscriber_id": "s-1",
        "campaign": "autumn", "campaign_type": "promotion", "sender": "12345", "country": "AT",
        "gateway": "own", "test": False, "client_reference": "m1", "suppressed": False, "encoding": "gsm7",
        "code_units": 20, "segments": 1, "api_key_id": None, "has_link": True, "status": "delivered",
        "delivered_at": recorded + 7_500_000, "human_click_at": recorded + 60_000_000, "clicks": 1,
        "human_clicks": 1, "replies": 1, "opt_outs": 1,
    }
    day = microseconds("2026-11-23T00:00:00Z")
    bucket_row = {name: message[name] for name in ("bucket", "campaign", "campaign_type", "gateway", "sender", "country")}
    counts = dict.fromkeys(
        ["suppressed", "recorded", "accepted", "queued", "sent", "unknown", "undelivered", "failed",
         "rejected", "expired", "canceled"], 0)
    ones = dict.fromkeys(
        ["messages", "delivered", "delivered_with_link", "delivered_clicked", "unique_clicks", "clicks",
         "human_clicks", "replies", "opt_outs"], 1)
    note = {"lines": 1, "loaded": 1, "duplicates": 0, "quarantined": 0}
    files = json.loads(bucket(lines()).objects["_manifest/dt=2026-11-23/0001-0000000001.json"])["files"]
    of_message = {"message_id": "m-1", "message_recorded_at": recorded}
    return Warehouse({
        "submissions": [_row(by_id["s-1"])],
        "receipts": [_row(by_id["r-1"]), _row(by_id["r-2"]) | of_message],
        "parked_receipts": [],
        "matches": [_row(by_id["x-1"])],
        "clicks": [_row(by_id["c-1"])],
        "inbound": [_row(by_id["i-1"])],
        "opt_outs": [_row(by_id["o-1"])],
        "messages": [message],
        "links": [_LINK | {"message_id": "m-1"}],
        "message_stats": [bucket_row | counts | ones],
        "hourly_stats": [bucket_row | counts | ones],
        "daily_stats": [bucket_row | {"bucket": day} | counts | ones],
        "bucket_changes": [],
        "message_changes": [],
        "loaded_windows": [{"epoch": 1, "number": 1}],
        "loaded_files": [
            note | {"file_key": entry["key"], "lines": entry["rows"], "loaded": entry["rows"]}
            for entry in files
        ],
        "orphan_events": [],
        "quarantined_lines": [],
    })
