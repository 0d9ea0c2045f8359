"""What `textrail serve` is asked: redirects, sends, receipts."""

from collections.abc import Callable, Iterator

from .. import costs
from ..generators import Load, pgbench, wrk
from ..line import Line, rounds
from ..seed import History
from ..world import SECRET, Bench
from outages.world import Service


def measured(world: Bench, serve: Service, line: Line, facts: int, load: Callable[[], Load]) -> float:
    """Facts a second; what a fact costs stands in the line's note."""
    before = costs.now(world, serve.process.pid)
    seen = load()
    cost = costs.now(world, serve.process.pid) - before
    line.note = f"p99 {seen.p99_ms:.1f} ms; {cost.told(seen.requests * facts)}"
    return seen.rate * facts


def redirects(world: Bench, serve: Service, history: History, count: int, seconds: int) -> Iterator[Line]:
    """Random links of all of history, each click durable before its answer."""
    bare = world.bare_redirect()
    codes = str(history.codes)
    handler = Line("redirect", "/s", "bare actix handler", 0.5)
    inserts = Line("redirect", "/s", "pgbench, the same click and event", 1.5)
    ours: list[float] = []
    wrk(serve.address, "redirects", 3, 64, codes)
    for _ in range(count):
        handler.limits.append(wrk(bare.address, "redirects", seconds, 64, codes).rate)
        ours.append(measured(world, serve, handler, 1,
                             lambda: wrk(serve.address, "redirects", seconds, 64, codes)))
        inserts.limits.append(pgbench(world, "click.sql", seconds).rate)
    handler.ours = inserts.ours = ours
    bare.process.terminate()
    yield handler
    yield inserts


def sends(world: Bench, serve: Service, count: int, seconds: int) -> Iterator[Line]:
    """One message a request, and a thousand."""
    single = Line("one message a request", "/s", "pgbench, the same rows", 1.3)
    one = lambda: wrk(serve.address, "messages", seconds, 64, world.key, "1")
    rounds(count,
           lambda: single.ours.append(measured(world, serve, single, 1, one)),
           lambda: single.limits.append(pgbench(world, "message.sql", seconds).rate))
    yield single
    batch = Line("batches of 1,000", "messages/s", "one process, the same rows by one statement", 0.6)
    thousand = lambda: wrk(serve.address, "messages", seconds, 4, world.key, "1000")
    rounds(count,
           lambda: batch.ours.append(measured(world, serve, batch, 1000, thousand)),
           lambda: batch.limits.append(1000 * pgbench(world, "batch.sql", seconds, 1).rate))
    yield batch


def receipts(world: Bench, serve: Service, history: History, count: int, seconds: int) -> Iterator[Line]:
    """Kannel's receipts, one a request, matched by our id and ranked."""
    world.on_baseline("targets.sql", messages=history.messages)
    line = Line("receipts, one a request", "/s", "pgbench, lock, write, rank", 1.3)
    ours = lambda: wrk(serve.address, "receipts", seconds, 64, str(history.ids), SECRET)
    limit = lambda: pgbench(world, "receipt.sql", seconds, messages=history.messages)
    rounds(count,
           lambda: line.ours.append(measured(world, serve, line, 1, ours)),
           lambda: line.limits.append(limit().rate))
    yield line
