"""How long and how large a run is: --quick, the default, --full."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """What a run measures with."""

    #: Rounds of a line, and the seconds of each.
    rounds: int = 3
    seconds: int = 6
    #: Messages that are there already.
    stored: int = 1_000_000
    #: Seconds of a round of the open loop.
    latency_seconds: int = 30
    #: Rounds beside slow clients; each takes longer than a client may take for its request's head.
    slow_rounds: int = 3
    slow_seconds: int = 15
    #: Messages whose bytes are counted.
    space: int = 100_000
    #: Rows of a backlog that is shipped.
    backlog: int = 1_000_000
    #: Records of each of the 30 days before the windows that are loaded; of such a window, whose goal is told
    #: for so many; and windows that are caught up on.
    a_day: int = 60_000
    window: int = 60_000
    pending: int = 36
    #: How often all of it is reprocessed, at most.
    rebuilds: int = 3
    #: Buckets that are reported on, and how often by each grouping.
    buckets: int = 10_000_000
    reports: int = 5
    #: Minutes of the loads at a multiple of the reference; and messages that are there before memory is watched:
    #: with their links a server's memory of links is full (`ledger.link_memory_bytes`), which would else fill up.
    memory_minutes: float = 10
    memory_stored: int = 1_500_000
    freshness_minutes: float = 5
    #: Rounds of growth, which are short whatever the length: what they write has to be little beside the next
    #: size.
    growth_rounds: int = 3
    growth_seconds: int = 4
    #: Gigabytes of disk that its lines took at most, and some more.
    disk: int = 20


USUAL = Scale()
QUICK = Scale(rounds=3, seconds=2, stored=100_000, latency_seconds=5, slow_rounds=1, space=20_000, backlog=150_000,
              a_day=10_000, pending=8, rebuilds=1, buckets=1_000_000, reports=3, freshness_minutes=0.75)
FULL = Scale(rounds=5, seconds=10, backlog=5_000_000, slow_seconds=20, reports=10, disk=50)
