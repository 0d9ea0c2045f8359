"""Reports over thirty days and ten million buckets."""

import datetime
import json
import statistics
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import duckdb
from outages.world import Service, say

from ..line import Line
from ..world import Bench

DAYS = 30
GROUPINGS = ["campaign", "campaign_type", "gateway", "sender", "country", "day", "hour"]
#: A bucket: 15 minutes of a campaign in a country; 12 messages on the average (four million a day), of
#: which nine in ten are delivered, within four to six slots of latency. Figures are drawn by a hash: equal
#: ones would be stored as one, and summed for nothing.
BUCKETS = """
    INSERT INTO message_stats BY NAME
    WITH drawn AS (
        SELECT bucket, n, hash(bucket, n) AS bucket_key, hash(n, bucket) AS draw,
               1 + hash(bucket, n, 1) % 23 AS messages
        FROM (SELECT unnest(generate_series($1, $1 + INTERVAL 1 DAY - INTERVAL 15 MINUTE, INTERVAL 15 MINUTE)) AS bucket),
             range($2) AS tuples (n)
    ), counted AS (
        SELECT *, (messages * (80 + draw % 20) // 100)::BIGINT AS delivered, (draw >> 8) % 3 AS undelivered,
               (messages * ((draw >> 16) % 40) // 100)::BIGINT AS human, 4 + (draw >> 24) % 3 AS slots
        FROM drawn
    )
    SELECT bucket_key, bucket, 'campaign-' || n % 500 AS campaign, 'type-' || n % 500 % 10 AS campaign_type,
           'gateway-' || n % 3 AS gateway, '43720' AS sender, ['AT', 'DE', 'CH', 'FR', 'IT', 'ES', 'PL'][1 + n // 500] AS country,
           messages, (draw >> 32) % 2 AS suppressed, (draw >> 33) % 2 AS recorded, (draw >> 34) % 2 AS accepted,
           (draw >> 35) % 2 AS queued, (draw >> 36) % 3 AS sent, (draw >> 40) % 2 AS unknown, delivered, undelivered,
           (draw >> 41) % 2 AS failed, (draw >> 42) % 2 AS rejected, (draw >> 43) % 2 AS expired, 0 AS canceled,
           delivered AS delivered_with_link, human AS delivered_clicked, human AS unique_clicks,
           human + (draw >> 44) % 4 AS clicks, human AS human_clicks, (draw >> 48) % 2 AS replies, (draw >> 49) % 2 AS opt_outs,
           map_from_entries(list_transform(range(slots::BIGINT), lambda slot:
               {'key': (8 + slot::UBIGINT + draw % 5)::UTINYINT, 'value': (1 + (draw >> slot::UBIGINT) % 4)::UBIGINT})) AS deliver_slots,
           CASE WHEN human > 0 THEN map_from_entries(list_transform(range((1 + human % 3)::BIGINT), lambda slot:
               {'key': (18 + 3 * slot::UBIGINT + draw % 3)::UTINYINT, 'value': (1 + (draw >> slot::UBIGINT) % 2)::UBIGINT})) END AS click_slots
    FROM counted
    ORDER BY bucket"""

#: The same by longer spans, as the loader keeps them.
LONGER = """
    INSERT INTO {into}
    SELECT bucket_key_of(date_trunc('{span}', bucket), campaign, campaign_type, gateway, sender, country) AS long_key,
           date_trunc('{span}', bucket) AS long_bucket, campaign, campaign_type, gateway, sender, country,
           sum(COLUMNS(* EXCLUDE (bucket_key, bucket, campaign, campaign_type, gateway, sender, country, deliver_slots,
                                  click_slots)))::BIGINT,
           histogram_of(flatten(list(signed_slots(deliver_slots, 1)))),
           histogram_of(flatten(list(signed_slots(click_slots, 1))))
    FROM {of}
    WHERE bucket >= $1 AND bucket < $1 + INTERVAL 1 DAY
    GROUP BY long_key, long_bucket, campaign, campaign_type, gateway, sender, country
    ORDER BY long_bucket"""


def reports(world: Bench, count: int, buckets: int) -> Iterator[Line]:
    """Every single grouping, again and again, with percentiles and without."""
    end = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    filled = fill(world, end, buckets)
    load = world.service("load")
    for percentiles, goal in [(False, 200), (True, 1000)]:
        yield grouped(world, load, count, end, percentiles, goal)
    world.end(load)
    if held(world) != filled:
        raise SystemExit("the loader counted the buckets anew: the reports were of others")


def grouped(world: Bench, load: Service, count: int, end: datetime.datetime, percentiles: bool, goal: int) -> Line:
    """The goal is a time (p99, milliseconds), so the limit is the goal."""
    line = Line(f"a report, any single grouping, {'with' if percentiles else 'without'} percentiles", "reports/s",
                f"p99 of {goal} ms", 1.0)
    took: dict[str, list[float]] = {grouping: [] for grouping in GROUPINGS}
    for _ in range(count):
        for grouping, times in took.items():
            times.append(ask(world, load.address, grouping, end, percentiles))
    every = sorted(one for times in took.values() for one in times)
    p99 = every[min(len(every) - 1, round(len(every) * 0.99))]
    line.add(1 / p99, 1000 / goal)
    slowest = max(took, key=lambda grouping: statistics.median(took[grouping]))
    line.note = (f"p50 {statistics.median(every) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms; by {slowest} "
                 f"{statistics.median(took[slowest]) * 1000:.0f} ms; at most {load.most_memory() / 1e6:.0f} MB")
    return line


def fill(world: Bench, end: datetime.datetime, buckets: int) -> int:
    """The warehouse as the loader makes it, with buckets that no window brought; how many."""
    world.start_s3()
    world.textrail("load", "--drain")
    file = world.warehouse_file()
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # What windows did bring would stand among them twice.
        for table in ["message_stats", "hourly_stats", "daily_stats"]:
            connection.execute(f"DELETE FROM {table}")
        for days in range(DAYS, 0, -1):
            day = end - datetime.timedelta(days=days)
            connection.execute(BUCKETS, [day, buckets // DAYS // 96])
            connection.execute(LONGER.format(into="hourly_stats", of="message_stats", span="hour"), [day])
            connection.execute(LONGER.format(into="daily_stats", of="hourly_stats", span="day"), [day])
        connection.execute("CHECKPOINT")
    filled = held(world)
    say(f"{filled:,} buckets in {file.stat().st_size / 1e6:,.0f} MB")
    return filled


def held(world: Bench) -> int:
    """The buckets of a warehouse that nobody has open."""
    with duckdb.connect(str(world.warehouse_file())) as connection:
        row = connection.execute("SELECT count(*) FROM message_stats").fetchone()
    return row[0] if row else 0


def ask(world: Bench, address: str, grouping: str, end: datetime.datetime, percentiles: bool) -> float:
    """The seconds of one report."""
    query = {"start": (end - datetime.timedelta(days=DAYS)).isoformat(), "end": end.isoformat(),
             "tz": "Europe/Vienna", "group_by": grouping, "percentiles": json.dumps(percentiles)}
    request = urllib.request.Request(f"http://{address}/v1/reports/messages?{urllib.parse.urlencode(query)}",
                                     headers={"Authorization": f"Bearer {world.key}"})
    begun = time.monotonic()
    with urllib.request.urlopen(request) as answer:
        rows = json.load(answer)["rows"]
    took = time.monotonic() - begun
    if not rows:
        raise SystemExit("the report is empty")
    return took
