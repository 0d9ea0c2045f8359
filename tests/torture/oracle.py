"""Judges a round: each acknowledged fact exactly once, each other at most once, all of them unaltered.

It shares no code with textrail: it reads the clients' log, the lake's files and the warehouse's
tables, and works out for itself what must stand there.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from .client_log import Fact
from .lake import Lake, Line
from .status import Word, status_of
from .warehouse import FACT_TABLES, Row, Warehouse, microseconds

_TIMES = {"occurred_at", "recorded_at", "message_recorded_at", "effective_at", "expires_at"}
_BUCKET = 15 * 60 * 1_000_000
_STATUSES = [
    "recorded", "accepted", "queued", "sent", "unknown", "delivered", "undelivered", "failed",
    "rejected", "expired", "canceled",
]


def judge_lake(facts: Iterable[Fact], lake: Lake) -> list[str]:
    """What is wrong with the lake, by itself and by what clients were told."""
    wrong = list(lake.faults)
    ids = Counter(line.values["event_id"] for line in lake.lines)
    wrong += [f"the event {one} is in the lake {count} times" for one, count in ids.items() if count > 1]
    lines = _by_number(lake)
    known = set()
    for fact in facts:
        known.add((fact.kind, fact.number))
        wrong += _judge_fact(fact, lines.get((fact.kind, fact.number), []))
    for (kind, number), found in lines.items():
        if (kind, number) not in known:
            wrong.append(f"nobody sent the {kind} {number}, and it is in {_places(found)}")
    return wrong


def _by_number(lake: Lake) -> dict[tuple[str, str], list[Line]]:
    """Lines by the client's own number."""
    inbounds = {
        line.values["event_id"]: line.values["gateway_message_id"]
        for line in lake.lines
        if line.values["kind"] == "inbound"
    }
    lines = defaultdict(list)
    for line in lake.lines:
        if name := _number(line.values, inbounds):
            lines[name].append(line)
    return lines


def _number(values: dict[str, Any], inbounds: dict[str, str]) -> tuple[str, str] | None:
    match values["kind"]:
        case "message":
            return ("message", values["client_reference"])
        case "submission" | "inbound" as kind:
            return (kind, values["gateway_message_id"])
        case "receipt":
            return ("receipt", values.get("gateway_event_id") or values["error_code"])
        case "click":
            return ("click", values["user_agent"].rpartition("Torture/")[2])
        case "opt_out" if values["source"] == "api":
            return ("wish", values["reason"])
        case "opt_out":
            source = values.get("source_event_id", "nothing")
            return ("wish", f"wish of {inbounds.get(source, source)}")
        case _:
            return None


def _judge_fact(fact: Fact, found: list[Line]) -> list[str]:
    least = fact.at_least if fact.acknowledged else 0
    name = f"the {'acknowledged' if fact.acknowledged else 'unanswered'} {fact.kind} {fact.number}"
    if not least <= len(found) <= fact.at_most:
        return [f"{name} is in the lake {len(found)} times, must be {least} to {fact.at_most}: {_places(found)}"]
    wrong = []
    for line in found:
        for field, told in fact.fields.items():
            if _cannot_be_compared(field, line):
                continue
            stands = _told_by(line.values, field)
            if not _same(field, told, stands):
                wrong.append(f"{name} has {field} {stands!r}, must be {told!r}: {_places([line])}")
    return wrong


def _cannot_be_compared(field: str, line: Line) -> bool:
    # A wish's line was found by the number of its inbound; a suppressed message has no links.
    return field == "inbound" or (field == "targets" and line.values.get("outcome") == "suppressed")


def _told_by(values: dict[str, Any], field: str) -> Any:
    match field:
        case "targets":
            return [link["target_url"] for link in values.get("links", [])]
        case "codes":
            return [link["code"] for link in values.get("links", [])]
        case _:
            return values.get(field)


def _same(field: str, told: Any, stands: Any) -> bool:
    if field in _TIMES and told and stands:
        return datetime.fromisoformat(told) == datetime.fromisoformat(stands)
    return bool(told == stands)


def _places(lines: list[Line]) -> str:
    return ", ".join(f"{line.file}:{line.number}" for line in lines) or "nowhere"


def judge_warehouse(lake: Lake, warehouse: Warehouse) -> list[str]:
    """What the warehouse holds otherwise than the lake."""
    by_kind = defaultdict(list)
    for line in lake.lines:
        by_kind[line.values["kind"]].append(line.values)
    wrong = []
    for kind, tables in FACT_TABLES.items():
        rows = [row for table in tables for row in warehouse[table]]
        wrong += _compare_facts(kind, by_kind[kind], rows)
    wrong += _judge_parked(by_kind, warehouse)
    wrong += _judge_messages(by_kind, warehouse)
    wrong += _judge_links(by_kind["message"], warehouse)
    wrong += _judge_stats(warehouse)
    wrong += _judge_notes(lake, warehouse)
    wrong += [f"an event still waits for its message {row['message_id']}" for row in warehouse["orphan_events"]]
    return wrong


def _compare_facts(kind: str, lines: list[dict[str, Any]], rows: list[Row]) -> list[str]:
    """Each line once, every column as the line has it."""
    wrong = _compare_ids(kind, [line["event_id"] for line in lines], [row["event_id"] for row in rows])
    by_id = {row["event_id"]: row for row in rows}
    for line in lines:
        row = by_id.get(line["event_id"], {})
        for column, value in row.items():
            # A parked receipt learns of its message by a match.
            learned = kind == "receipt" and "message_id" not in line and column not in line
            if not learned and value != _as_column(column, line.get(column)):
                wrong.append(
                    f"the {kind} {line['event_id']} has {column} {value!r} in the warehouse, "
                    f"{line.get(column)!r} in the lake"
                )
    return wrong


def _compare_ids(kind: str, lines: list[str], rows: list[str]) -> list[str]:
    wanted, found = Counter(lines), Counter(rows)
    return [
        f"the {kind} {one} is in the warehouse {found[one]} times, in the lake {wanted[one]} times"
        for one in wanted.keys() | found.keys()
        if found[one] != 1 or wanted[one] == 0
    ]


def _as_column(column: str, value: Any) -> Any:
    return microseconds(value) if column in _TIMES and value is not None else value


def _judge_parked(by_kind: dict[str, list[dict[str, Any]]], warehouse: Warehouse) -> list[str]:
    """A receipt without a message is parked until a match names it."""
    matched = {line["receipt_id"]: line["message_id"] for line in by_kind["match"]}
    wrong = []
    if len(matched) != len(by_kind["match"]):
        wrong.append("a parked receipt was matched more than once")
    of = {row["event_id"]: row["message_id"] for row in warehouse["receipts"]}
    parked = {row["event_id"] for row in warehouse["parked_receipts"]}
    for line in by_kind["receipt"]:
        one = line["event_id"]
        message = line.get("message_id") or matched.get(line["receipt_id"])
        if (message is None) != (one in parked) or of.get(one) != message:
            wrong.append(f"the receipt {one} is about message {of.get(one)} in the warehouse, must be {message}")
    return wrong


def _judge_messages(by_kind: dict[str, list[dict[str, Any]]], warehouse: Warehouse) -> list[str]:
    rows = _messages_now(warehouse)
    lines = by_kind["message"]
    wrong = _compare_ids("message", [line["event_id"] for line in lines], [row["message_id"] for row in rows])
    by_id = {row["message_id"]: row for row in rows}
    changed = Counter(row["message_id"] for row in warehouse["message_changes"])
    wrong += [f"the message {one} was changed to {count} states at once" for one, count in changed.items() if count > 1]
    wrong += [f"the message {one} was changed, and is not there" for one in changed.keys() - by_id.keys()]
    expected = _expected_messages(by_kind)
    for line in lines:
        for column, value in expected[line["event_id"]].items():
            found = by_id.get(line["event_id"], {}).get(column, value)
            if found != value:
                wrong.append(f"message {line['client_reference']} has {column} {found!r}, must be {value!r}")
    return wrong


def _messages_now(warehouse: Warehouse) -> list[Row]:
    """Messages with the changes that are not folded into their rows yet."""
    changes = {row["message_id"]: row for row in warehouse["message_changes"]}
    return [row | changes.get(row["message_id"], {}) for row in warehouse["messages"]]


def _expected_messages(by_kind: dict[str, list[dict[str, Any]]]) -> dict[str, Row]:
    """What each message's row must say, worked out from the lines about it."""
    matched = {line["receipt_id"]: line["message_id"] for line in by_kind["match"]}
    words, delivered, clicked = defaultdict(list), defaultdict(list), defaultdict(list)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in by_kind["submission"]:
        status = {"accepted": "accepted", "refused": "rejected", "canceled": "canceled"}[line["outcome"]]
        words[line["message_id"]].append(Word(status, time=_gateway_time(line)))
    for line in by_kind["receipt"]:
        message = line.get("message_id") or matched.get(line["receipt_id"])
        words[message].append(
            Word(line["status"], line["synthetic"], _gateway_time(line), line.get("segment_number"))
        )
        if line["status"] == "delivered":
            delivered[message].append((line.get("segment_number"), microseconds(line["occurred_at"])))
    for line in by_kind["click"]:
        counts[line["message_id"]]["clicks"] += 1
        if line["verdict"] == "human":
            counts[line["message_id"]]["human_clicks"] += 1
            clicked[line["message_id"]].append(microseconds(line["occurred_at"]))
    for line in by_kind["inbound"]:
        counts[line.get("message_id")]["replies"] += 1
    for line in by_kind["opt_out"]:
        counts[line.get("message_id")]["opt_outs"] += line["action"] == "opt_out"
    return {
        line["event_id"]: {
            "message_recorded_at": microseconds(line["recorded_at"]),
            "bucket": microseconds(line["recorded_at"]) // _BUCKET * _BUCKET,
            "suppressed": line["outcome"] == "suppressed",
            "has_link": "links" in line,
            "test": line.get("test", False),
            "status": status_of(words[line["event_id"]]),
            "delivered_at": _arrival(words[line["event_id"]], delivered[line["event_id"]]),
            "human_click_at": min(clicked[line["event_id"]], default=None),
            **{name: counts[line["event_id"]][name] for name in ("clicks", "human_clicks", "replies", "opt_outs")},
            **{
                name: line.get(name)
                for name in ("client_reference", "campaign", "campaign_type", "sender", "country",
                             "subscriber_id", "encoding", "code_units", "segments", "api_key_id")
            },
            **({"gateway": line["gateway"]} if "gateway" in line else {}),
        }
        for line in by_kind["message"]
    }


def _arrival(words: list[Word], delivered: list[tuple[int | None, int]]) -> int | None:
    """When the text arrived: with the last of its segments, each by the first word of its arrival."""
    segments = {word.segment for word in words} - {None} or {None}
    firsts = (
        min((time for of, time in delivered if of is None or of == segment), default=None)
        for segment in segments
    )
    return max((first for first in firsts if first is not None), default=None)


def _gateway_time(line: dict[str, Any]) -> datetime | None:
    if line["time_source"] != "gateway":
        return None
    return datetime.fromisoformat(line["occurred_at"]).astimezone(UTC)


def _judge_links(messages: list[dict[str, Any]], warehouse: Warehouse) -> list[str]:
    wanted = Counter(
        (line["event_id"], link["link_id"], link["code"], link["target_url"], link["short_domain"])
        for line in messages
        for link in line.get("links", [])
    )
    found = Counter(
        (row["message_id"], row["link_id"], row["code"], row["target_url"], row["short_domain"])
        for row in warehouse["links"]
    )
    wrong = [f"the link {one} is in the warehouse {found[one]} times" for one in wanted if found[one] != 1]
    wrong += [f"the link {one} is in no message's line" for one in found.keys() - wanted.keys()]
    codes = Counter(code for _, _, code, _, _ in wanted)
    return wrong + [f"the code {code} was given to {count} links" for code, count in codes.items() if count > 1]


_DIMENSIONS = ("campaign", "campaign_type", "gateway", "sender", "country")


#: The tables of the buckets, and the microseconds that each bucket spans.
_STATS = {"message_stats": 900_000_000, "hourly_stats": 3_600_000_000, "daily_stats": 86_400_000_000}


def _judge_stats(warehouse: Warehouse) -> list[str]:
    """The buckets are sums over messages that are no test messages."""
    return [wrong for table, span in _STATS.items() for wrong in _judge_buckets(warehouse, table, span)]


def _judge_buckets(warehouse: Warehouse, table: str, span: int) -> list[str]:
    wanted: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in _messages_now(warehouse):
        if not row["test"]:
            bucket = row["bucket"] - row["bucket"] % span
            wanted[bucket, *(row[name] for name in _DIMENSIONS)].update(_measures(row))
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in [*warehouse[table], *warehouse["bucket_changes"]]:
        # Changes that are not folded yet are of quarters of an hour.
        bucket = row["bucket"] - row["bucket"] % span
        found[bucket, *(row[name] for name in _DIMENSIONS)].update({name: row[name] for name in _MEASURES})
    return [
        f"the bucket {key} of {table} counts {name} {found[key][name]}, its messages come to {wanted[key][name]}"
        for key in wanted.keys() | found.keys()
        for name in _MEASURES
        if found[key][name] != wanted[key][name]
    ]


_MEASURES = [
    "messages", "suppressed", *_STATUSES, "delivered_with_link", "delivered_clicked", "unique_clicks",
    "clicks", "human_clicks", "replies", "opt_outs",
]


def _measures(row: Row) -> dict[str, int]:
    delivered = not row["suppressed"] and row["status"] == "delivered"
    return {
        "messages": int(not row["suppressed"]),
        "suppressed": int(row["suppressed"]),
        **{one: int(not row["suppressed"] and row["status"] == one) for one in _STATUSES},
        "delivered_with_link": int(delivered and row["has_link"]),
        "delivered_clicked": int(delivered and row["has_link"] and row["human_clicks"] > 0),
        "unique_clicks": int(row["human_clicks"] > 0),
        **{name: row[name] for name in ("clicks", "human_clicks", "replies", "opt_outs")},
    }


def _judge_notes(lake: Lake, warehouse: Warehouse) -> list[str]:
    """Every window and every file was noted once, with all of its lines."""
    windows = Counter((row["epoch"], row["number"]) for row in warehouse["loaded_windows"])
    wrong = [
        f"window {one} was noted as loaded {windows[one]} times, and has {int(one in lake.windows)} manifest"
        for one in windows.keys() | lake.windows.keys()
        if windows[one] != 1 or one not in lake.windows
    ]
    files = Counter(row["file_key"] for row in warehouse["loaded_files"])
    wrong += [
        f"the file {key} was noted as loaded {files[key]} times, must be {int(key in lake.files)}"
        for key in files.keys() | lake.files.keys()
        if files[key] != int(key in lake.files)
    ]
    for row in warehouse["loaded_files"]:
        counts = {name: row[name] for name in ("lines", "loaded", "duplicates", "quarantined")}
        lines = lake.files.get(row["file_key"], 0)
        bad = lines if row["file_key"] == lake.bad_file else 0
        if counts != {"lines": lines, "loaded": lines - bad, "duplicates": 0, "quarantined": bad}:
            wrong.append(f"the file {row['file_key']} has {lines} lines, and was noted with {counts}")
    aside = [row["file_key"] for row in warehouse["quarantined_lines"]]
    if aside != ([lake.bad_file] if lake.bad_file else []):
        wrong.append(f"lines were put aside of {aside}, must be of {lake.bad_file}")
    return wrong
