"""S3 is away while a day's windows are sealed; then it is back."""

import json
import time

import duckdb

from .world import BUCKET, Service, World, say, wait

#: How long a window is while they are filled: one is written in less.
FILLED_IN = "3s"

CAMPAIGN = "INSERT INTO campaigns (name, campaign_type, title) VALUES ('autumn', 'promotion', 'Autumn')"

#: A window's messages, each with a log line of the size of a real one, in one transaction.
FILL = """
WITH drawn AS MATERIALIZED (
    SELECT clock_timestamp() AS at, gen_random_uuid() AS subscriber,
           (left(uuidv7_floor(now())::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid AS id
    FROM generate_series(1, %s)
), fact AS (
    INSERT INTO messages (id, subscriber_id, campaign_id, campaign_type, sender, gateway, body, encoding,
                          code_units, segments, outcome, status, test, api_key_id, recorded_at)
    SELECT drawn.id, drawn.subscriber, campaigns.id, 'promotion', '43720', 'kannel',
           'Hello! https://shop.example/autumn/1234567', 'gsm7', 42, 1, 'recorded', 'recorded', false,
           '00000000-0000-7000-8000-000000000001', drawn.at
    FROM drawn, campaigns WHERE campaigns.name = 'autumn'
)
INSERT INTO outbox (epoch, event_id, kind, recorded_at, line)
SELECT (SELECT max(epoch) FROM epochs), drawn.id, 1, drawn.at,
       format('{"schema_version":1,"kind":"message","event_id":"%%1$s","occurred_at":"%%2$s",'
           || '"time_source":"server","recorded_at":"%%2$s","subscriber_id":"%%3$s",'
           || '"message_id":"%%1$s","message_recorded_at":"%%2$s","campaign":"autumn",'
           || '"campaign_type":"promotion","sender":"43720","country":"AT","gateway":"kannel",'
           || '"outcome":"recorded","encoding":"gsm7","code_units":42,"segments":1,'
           || '"api_key_id":"00000000-0000-7000-8000-000000000001"}',
              drawn.id, to_char(drawn.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
              drawn.subscriber)
FROM drawn
"""


def run(world: World, windows: int, rows: int) -> int:
    world.window = FILLED_IN
    ship, load = world.service("ship"), world.service("load")
    begun = time.monotonic()
    world.sql(CAMPAIGN)
    fill(world, windows, rows)
    total = world.number("SELECT count(*) FROM outbox")
    sealed = world.number("SELECT max(number) FROM windows")
    text = world.number("SELECT sum(octet_length(line) + 1) FROM outbox")
    # From here on windows as they are by default: each second's would have to be counted as well, and a
    # count takes longer, since it looks at minutes around its window, in which here a day lies.
    world.end(ship)
    world.window = "5m"
    ship = world.service("ship")
    away = ship.metric("textrail_ship_backlog_windows")
    say(f"{total:,} rows ({text / 1e9:.2f} GB of lines) in {sealed} windows after "
        f"{time.monotonic() - begun:.0f} s; the shipper tells of {away:.0f} that wait")

    world.start_s3()
    say("S3 is back")
    back = time.monotonic()
    first = wait("a first window is shipped", 120, lambda: shipped(world))
    noticed = time.monotonic()
    wait("the backlog is shipped", 3600, lambda: progress("shipped", shipped(world), total), 2)
    drained = time.monotonic()
    rate = (total - first) / max(drained - noticed, 0.001)
    say(f"noticed after {noticed - back:.1f} s; drained in {drained - noticed:.1f} s: "
        f"{rate:,.0f} rows/s, {rate * text / total / 1e6:.1f} MB/s of lines; "
        f"the shipper held at most {ship.most_memory() / 1e6:.0f} MB")
    world.wait_until_counted()
    wait("all is loaded", 3600, lambda: progress("loaded", loaded(load), total), 2)
    say(f"loaded {time.monotonic() - back:.0f} s after S3 was back; the loader held at most "
        f"{load.most_memory() / 1e6:.0f} MB")
    return judge(world, total, load)


def fill(world: World, windows: int, rows: int) -> None:
    before = world.number("SELECT max(number) FROM windows")
    for window in range(windows):
        world.sql(FILL, (rows // windows,))
        wait("a window is sealed", 120,
             lambda: world.number("SELECT max(number) FROM windows") > before, 0.05)
        before = world.number("SELECT max(number) FROM windows")
        if (window + 1) % 24 == 0:
            say(f"S3 is away: {window + 1} of {windows} windows, {(window + 1) * 300 // 3600} hours")


def shipped(world: World) -> int:
    return world.number("SELECT coalesce(sum(row_count), 0) FROM shipped_windows")


def loaded(load: Service) -> int:
    return int(load.metric('textrail_load_rows_total{kind="message"}'))


def progress(what: str, done: int, total: int) -> bool:
    say(f"{what}: {done:,} of {total:,}")
    return done >= total


def judge(world: World, total: int, load: Service) -> int:
    """Counts in the lake itself, with neither manifests nor ledger believed."""
    s3, lake = world.s3(), duckdb.connect()
    lake.execute("CREATE TABLE lines (event_id UUID)")
    (world.folder / "lines").mkdir()
    keys = [entry["Key"] for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="events/") for entry in page.get("Contents", [])]
    for key in keys:
        file = world.folder / "lines" / "part.json.gz"
        file.write_bytes(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        lake.execute(f"INSERT INTO lines SELECT event_id FROM read_json('{file}',"
                     " columns = {event_id: 'UUID'}, format = 'newline_delimited')")
    lines, events = lake.execute("SELECT count(*), count(DISTINCT event_id) FROM lines").fetchone()
    report = json.loads(load.get("/v1/reports/messages") or "{}")
    messages = sum(row["messages"] for row in report.get("rows", []))
    say(f"recorded {total:,}; in the lake {lines:,} lines of {events:,} events in {len(keys)} files; "
        f"in the report {messages:,} messages")
    good = total == lines == events == messages and world.is_proven(load)
    say("nothing is lost, nothing is doubled" if good else "LOST OR DOUBLED")
    return 0 if good else 1
