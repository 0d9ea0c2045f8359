"""The limit of loading: DuckDB itself reads the same files into one table a kind. Frozen."""

import sys
import time

import duckdb

COMMON = {
    "schema_version": "BIGINT", "kind": "VARCHAR", "event_id": "UUID", "occurred_at": "TIMESTAMPTZ",
    "time_source": "VARCHAR", "recorded_at": "TIMESTAMPTZ", "subscriber_id": "UUID", "message_id": "UUID",
    "message_recorded_at": "TIMESTAMPTZ", "campaign": "VARCHAR", "campaign_type": "VARCHAR", "sender": "VARCHAR",
    "country": "VARCHAR", "gateway": "VARCHAR", "test": "BOOLEAN",
}
LINK = "STRUCT(link_id BIGINT, code VARCHAR, short_domain VARCHAR, target_url VARCHAR, expires_at TIMESTAMPTZ)"
KINDS = {
    "message": {
        "client_reference": "VARCHAR", "outcome": "VARCHAR", "suppression_reason": "VARCHAR", "encoding": "VARCHAR",
        "code_units": "BIGINT", "segments": "BIGINT", "api_key_id": "UUID", "links": f"{LINK}[]",
        "to_number": "VARCHAR", "body": "VARCHAR",
    },
    "receipt": {
        "receipt_id": "UUID", "gateway_message_id": "VARCHAR", "gateway_event_id": "VARCHAR", "status": "VARCHAR",
        "raw_status": "VARCHAR", "error_code": "VARCHAR", "error_class": "VARCHAR", "permanent": "BOOLEAN",
        "final": "BOOLEAN", "synthetic": "BOOLEAN", "delivery_level": "VARCHAR", "segment_number": "BIGINT",
        "segment_count": "BIGINT", "price": "VARCHAR", "currency": "VARCHAR", "mcc_mnc": "VARCHAR",
    },
    "click": {
        "link_id": "BIGINT", "code": "VARCHAR", "target_url": "VARCHAR", "verdict": "VARCHAR",
        "verdict_reasons": "VARCHAR[]", "ruleset": "VARCHAR", "user_agent": "VARCHAR", "device": "VARCHAR",
        "os": "VARCHAR", "browser": "VARCHAR", "ip_prefix": "VARCHAR", "referrer_host": "VARCHAR", "ip": "VARCHAR",
    },
}


def main(database: str, *files: str) -> None:
    """Prints the seconds that it took, and the rows."""
    connection = duckdb.connect(database)
    for kind, columns in KINDS.items():
        all_columns = ", ".join(f"{name} {of}" for name, of in (COMMON | columns).items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {kind} ({all_columns})")
    begun = time.monotonic()
    rows = 0
    for kind, columns in KINDS.items():
        of_kind = [file for file in files if f"/{kind}/" in file]
        if of_kind:
            rows += connection.execute(
                f"INSERT INTO {kind} SELECT * FROM read_json({of_kind}, columns = {COMMON | columns},"
                " format = 'newline_delimited', hive_partitioning = false)").fetchone()[0]
    print(time.monotonic() - begun, rows)


main(*sys.argv[1:])
