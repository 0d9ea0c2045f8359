"""How many bytes a message takes, with what follows from it: in the ledger, in the lake, in the warehouse."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
from outages.world import BUCKET, Service, say, wait

from .. import rare, seed, traffic
from ..generators import wrk
from ..line import Figure
from ..world import Bench

SQL = Path(__file__).parent.parent
#: Of a message: two receipts, and of each fifth a click.
RECEIPTS, EVERY = 2, 5
#: Windows of some thousand messages, as five minutes are at the reference load.
WINDOW = "15s"


def space(world: Bench, messages: int, seconds: int) -> Iterator[Figure]:
    """What was there before the messages is taken off: empty partitions have pages, too. Of few messages the
    warehouse's file tells too much: it grows by whole blocks."""
    history = seed.fill(world, 1000)
    world.window = WINDOW
    world.start_s3()
    serve, ship = world.service("serve"), world.service("ship")
    world.textrail("load", "--drain")
    ledger, lake, warehouse = tables(world), objects(world), warehouse_bytes(world)
    say(f"{messages:,} messages with {RECEIPTS} receipts each, and a click on each {EVERY}th")
    traffic.exactly(world, serve, messages, RECEIPTS, EVERY)
    shipped(world)
    world.textrail("load", "--drain")
    check(world, messages)
    yield of_ledger(ledger, tables(world), messages)
    for what, before, after in (("lake, its objects", lake, objects(world)),
                                ("warehouse, its file", warehouse, warehouse_bytes(world))):
        yield Figure(f"a message in the {what}", "bytes", seen=[(after - before) / messages])
    yield unused(world, [serve, ship], history, seconds)


def of_ledger(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]], messages: int) -> Figure:
    """All that stays; the outbox is reclaimed behind what was shipped."""
    grown = {name: tuple((now - then) / messages for now, then in zip(after[name], before[name], strict=True))
             for name in after}
    figure = Figure("a message in the ledger, its rows and indexes", "bytes")
    figure.seen.append(sum(sum(sizes) for name, sizes in grown.items() if name != "outbox"))
    largest = sorted(((name, sizes) for name, sizes in grown.items() if sum(sizes) >= 1), key=lambda one: -sum(one[1]))
    figure.note = ", ".join(f"{name} {rows:.0f} + {indexes:.0f}" for name, (rows, indexes) in largest)
    return figure


def tables(world: Bench) -> dict[str, tuple[int, int]]:
    """Bytes of rows and of indexes, by table."""
    return {name: (rows, indexes) for name, rows, indexes in world.sql((SQL / "space.sql").read_text())}


def objects(world: Bench) -> int:
    pages = world.s3().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return sum(entry["Size"] for page in pages for entry in page.get("Contents", []))


def warehouse_bytes(world: Bench) -> int:
    file = world.warehouse_file()
    with duckdb.connect(str(file)) as connection:
        connection.execute("CHECKPOINT")
    return file.stat().st_size


def check(world: Bench, messages: int) -> None:
    """All of them have to be there: a smaller warehouse is no better one."""
    with duckdb.connect(str(world.warehouse_file()), read_only=True) as connection:
        row = connection.execute("SELECT count(*), (SELECT count(*) FROM receipts), (SELECT count(*) FROM clicks)"
                                 " FROM messages").fetchone()
    if row != (messages, RECEIPTS * messages, messages // EVERY):
        raise SystemExit(f"the warehouse holds {row} messages, receipts and clicks of {messages:,} messages")


def shipped(world: Bench) -> None:
    """Until all that is in the outbox is in the lake. Requests that wrk no longer waits for may still bring some
    more."""
    facts = world.number("SELECT count(*) FROM outbox")
    wait("all is shipped", 300, lambda: world.number("SELECT coalesce(sum(row_count), 0) FROM shipped_windows") >= facts)


def unused(world: Bench, services: list[Service], history: seed.History, seconds: int) -> Figure:
    """Indexes that nothing scanned so far, with the remaining loads and a rare call of each kind.
    What only housekeeping scans is among them: whoever reads the list has to judge."""
    serve = services[0]
    rare.calls(world, serve)
    wrk(serve.address, "messages", seconds, 64, world.key, "1")
    wrk(serve.address, "messages", seconds, 4, world.key, "1000")
    wrk(serve.address, "redirects", seconds, 64, str(history.codes))
    shipped(world)
    for service in services:
        world.end(service)  # PostgreSQL counts scans at the latest when a connection ends.
    names = [name for (name,) in world.sql((SQL / "unused.sql").read_text())]
    return Figure("indexes of the ledger that nothing scanned", "", 0, [len(names)], ", ".join(names))
