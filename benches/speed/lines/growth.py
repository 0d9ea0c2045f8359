"""Whether what textrail does slows down as its ledger and its warehouse grow."""

import datetime
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
from outages.world import Service, say

from .. import costs, plot, seed
from ..generators import Load, pgbench, wrk
from ..grown import Size, table
from ..line import Figure
from ..pipeline import Pipeline, tidied
from ..world import SECRET, Bench

#: The goal: the fastest size by the slowest.
MOST = 1.25
#: More than ten million links: else their visits would tell of the setting, and not of what grows.
LINK_MEMORY = 4 * 1024**3
SHIPPING, LOADING = "shipping a window", "loading a window"


def growth(world: Bench, sizes: list[int], count: int, seconds: int, records: int, svg: Path) -> Iterator[Figure]:
    """One ledger and one warehouse that are filled further between the sizes, their messages over 30 days at
    each."""
    world.settings["TEXTRAIL_LEDGER__LINK_MEMORY_BYTES"] = str(LINK_MEMORY)
    history = seed.fill(world, 0)
    way = Pipeline(world)
    measured: list[Size] = []
    if len(set(sizes)) < 2:
        raise SystemExit("growth is between two sizes or more: --sizes 100000,1000000")
    for size in sorted(sizes):
        seed.grow(world, history, missing("the ledger", size, stored(world)))
        measured.append(Size(stored(world)))
        serve(world, measured[-1], history, count, seconds)
        windows(world, measured[-1], way, count, records)
    print(table(measured), flush=True)
    plot.growth(svg, [size.first for size in measured],
                {load: [size.share(load) for size in measured] for load in measured[0].shares})
    for load in measured[0].shares:
        yield slowed(load, measured)


def slowed(load: str, measured: list[Size]) -> Figure:
    """By how much a load is slower at the size that it is slowest at."""
    fastest, *_, slowest = sorted(measured, key=lambda size: -size.share(load))
    figure = Figure(f"growth, the fastest size by the slowest: {load}", "times", MOST)
    pairs = zip(fastest.shares[load], slowest.shares[load], strict=True)
    figure.seen = [fast / slow for fast, slow in pairs]
    figure.note = f"fastest with {fastest.first:,} messages, slowest with {slowest.first:,}"
    return figure


def stored(world: Bench) -> int:
    return world.number("SELECT count(*) FROM messages")


def missing(where: str, size: int, there: int) -> int:
    """How many messages have to be added."""
    if there >= size:
        raise SystemExit(f"what is measured alone wrote {there:,} messages into {where}, and the next size is {size:,}:"
                         " --sizes are too close")
    say(f"{size - there:,} messages become history in {where}")
    return size - there


def serve(world: Bench, size: Size, history: seed.History, count: int, seconds: int) -> None:
    """Rounds of each load. Sizes are minutes apart, and the machine is another one by then: each round runs
    one of the frozen limits, whose tables are emptied first, and rates are told by it. The first round does not
    count, as with windows: history ends with a checkpoint, after which each block goes whole into the log once."""
    service = world.service("serve")
    served = loads(world, service, history, seconds)
    for place in range(count + 1):
        rates = {}
        for name, (facts, load) in served.items():
            before = costs.now(world, service.process.pid)
            seen = load()
            rates[name] = facts * seen.rate
            size.costs[name] = (costs.now(world, service.process.pid) - before).told(facts * seen.requests)
        limit = click_limit(world, seconds)
        for name, rate in rates.items():
            say(f"{name}: {rate:,.0f} /s, {size.costs[name]}")
            if place > 0:
                size.add(name, rate, limit)
        say(f"limit: {limit:,.0f} /s ({place} of {count})")
    world.end(service)
    size.last, size.ledger_bytes = stored(world), world.number("SELECT pg_database_size(current_database())")


def loads(
    world: Bench, service: Service, history: seed.History, seconds: int
) -> dict[str, tuple[int, Callable[[], Load]]]:
    """What is asked, and the facts of a request. Batches for a shorter time: they alone would make a small ledger
    a large one."""
    ask = lambda script, many, connections, *more: partial(wrk, service.address, script, many, connections, *more)
    return {
        "redirects": (1, ask("redirects", seconds, 64, str(history.codes))),
        "receipts": (1, ask("receipts", seconds, 64, str(history.ids), SECRET)),
        "messages, one a request": (1, ask("messages", seconds, 64, world.key, "1")),
        "messages, 1,000 a request": (1000, ask("messages", max(1, seconds // 3), 4, world.key, "1000")),
    }


def click_limit(world: Bench, seconds: int) -> float:
    with psycopg.connect(world.baseline_url) as connection:
        connection.execute("TRUNCATE clicks, outbox")
    return pgbench(world, "click.sql", seconds).rate


def windows(world: Bench, size: Size, way: Pipeline, count: int, records: int) -> None:
    """As many messages into the warehouse, the way that messages go there; then rounds of one window, each with
    both limits. The first finds everything cold, and does not count."""
    way.start()
    way.remember(missing("the warehouse", size.first, way.messages), datetime.datetime.now(datetime.timezone.utc))
    way.load()
    way.pass_over()
    (world.folder / "limit.duckdb").unlink(missing_ok=True)
    load = world.service("load")
    for place in range(count + 1):
        window = way.as_it_comes(load, records)
        copying, _ = way.copy_and_gzip(window.after)
        reading, rows = way.read_json(way.new_files())
        say(f"a window of {rows:,} records: shipped in {window.shipping:.2f} s, limit {copying:.2f} s; "
            f"loaded in {window.loading:.2f} s, limit {reading:.2f} s ({place} of {count})")
        if place > 0:
            size.add(SHIPPING, window.records / window.shipping, window.records / copying)
            size.add(LOADING, rows / window.loading, rows / reading)
    say(tidied(load))
    world.end(load)
    way.end()
    size.loaded, size.warehouse_bytes = way.messages, world.warehouse_file().stat().st_size
