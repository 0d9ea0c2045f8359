"""What was measured at each size of the ledger and the warehouse, and a table of it."""

import os
import statistics
from dataclasses import dataclass, field


@dataclass
class Size:
    """What was measured while so many messages were stored."""

    first: int
    #: What was sent meanwhile is stored as well.
    last: int = 0
    loaded: int = 0
    ledger_bytes: int = 0
    warehouse_bytes: int = 0
    #: Of each load, its facts a second in each round, and that by its limit's in the same round.
    rates: dict[str, list[float]] = field(default_factory=dict)
    shares: dict[str, list[float]] = field(default_factory=dict)
    #: What a fact of some loads cost in the last round.
    costs: dict[str, str] = field(default_factory=dict)

    def add(self, load: str, rate: float, limit: float) -> None:
        """A round."""
        self.rates.setdefault(load, []).append(rate)
        self.shares.setdefault(load, []).append(rate / limit)

    def share(self, load: str) -> float:
        return statistics.median(self.shares[load])

    def told(self, load: str) -> str:
        """A rate, and its share of the limit with its spread."""
        shares = self.shares[load]
        return f"{statistics.median(self.rates[load]):,.0f} ({self.share(load):.2f}, {min(shares):.2f} to {max(shares):.2f})"


def table(sizes: list[Size]) -> str:
    """A row a load, a column a size: facts a second, and by the limit's."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    fits = lambda size: "fit" if size.ledger_bytes + size.warehouse_bytes < memory else "do not fit"
    rows = [["facts/s (by the limit's, spread)", *(f"{size.first:,} messages" for size in sizes)],
            ["---"] * (len(sizes) + 1)]
    rows += [[load, *(size.told(load) for size in sizes)] for load in sizes[0].rates]
    rows += [[f"… what one of {load} costs", *(size.costs[load] for size in sizes)] for load in sizes[0].costs]
    rows += [["messages in the ledger at the end", *(f"{size.last:,}" for size in sizes)],
             ["messages in the warehouse at the end", *(f"{size.loaded:,}" for size in sizes)],
             [f"ledger and warehouse, in {memory / 1e9:.0f} GB of memory",
              *(f"{size.ledger_bytes / 1e9:.2f} and {size.warehouse_bytes / 1e9:.2f} GB, {fits(size)}" for size in sizes)]]
    return "\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)
