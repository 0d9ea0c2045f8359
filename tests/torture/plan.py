"""What one round does, drawn from its seed alone: the same seed gives the same plan."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from .services import Life


@dataclass(frozen=True)
class Step:
    """One fault, so many seconds after the traffic began."""

    at: float
    fault: str
    #: Which service it strikes, where it strikes one.
    service: str = ""
    #: How long it lasts, where it lasts.
    seconds: float = 0
    #: How many it strikes.
    count: int = 1


@dataclass(frozen=True)
class Plan:
    """A round."""

    seed: str
    store: str
    seconds: float
    pace: float
    #: By service, what its clock is off by, as libfaketime writes it.
    clocks: dict[str, str]
    steps: list[Step]
    services: tuple[str, ...]
    #: By fault, how probable it is.
    odds: dict[str, float]
    #: Whether a queue tells one of the loaders of new windows.
    queue: bool = False
    #: Whether the ledger is restored from a copy in the middle of the round.
    restore: bool = False

    def is_chore(self, service: str) -> bool:
        """Whether it ends by itself and is done again."""
        return service in CHORES


#: Faults at set times, and how often each is drawn, in parts.
_FAULTS = {
    "kill": 7,
    "kill several": 2,
    "freeze": 4,
    "connections cut": 36,
    "ledger frozen": 1,
    "backend killed": 1,
    "ledger killed": 1,
    "store killed": 2,
}
#: Faults of what passes through a proxy, and how probable each is, a commit, an answer or a request.
#: A slow machine's services then come up all the same, and a quick one's have the more to survive.
_ODDS = {"commit lost": 0.08, "commit answer lost": 0.16, "answer cut": 0.014, "s3": 0.12}
SERVICES = ("serve-a", "serve-b", "ship-a", "ship-b", "load-a", "load-b")
#: In some rounds this runs again and again, too.
CHORES = ("reprocess",)
#: Failpoints that a process seldom comes to are armed more often; in parts, 1 for all others.
_WEIGHTS = {
    "ship.manifest": 2, "ship.confirm": 2, "ship.verify": 2, "ship.count": 2, "ship.reclaim": 3,
    "load.commit": 2, "load.acknowledge": 2, "load.fold": 3, "load.checkpoint": 3,
    "recorder.begin": 0.5, "recorder.commit": 0.5,
}
#: These only where a ledger is restored.
_OF_A_RESTORE = {"ship.epoch": 8, "load.quarantine": 6}
#: Armed failpoints a life, and how many visits are let pass.
_POINTS = (0, 0, 1, 1, 1, 2, 3)
_PASSED = (0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8)


def draw_plan(seed: str, store: str, seconds: float, pace: float, odds_factor: float = 1) -> Plan:
    """The plan of a round: `pace` faults a second on average."""
    draw = random.Random(f"{seed}/plan")
    if store == "both":
        store = "embedded" if int(seed.rpartition("/")[2]) % 2 else "seaweedfs"
    clocks = _draw_clocks(draw)
    services = SERVICES + (CHORES if draw.random() < 0.5 else ())
    queue, restore = draw.random() < 0.6, draw.random() < 0.2
    odds = {fault: odds_factor * probability * draw.uniform(0.3, 1.7) for fault, probability in _ODDS.items()}
    faults = dict(_FAULTS)
    if store != "embedded":
        del faults["store killed"]
    steps = []
    at = draw.uniform(0.3, 1)
    while at < seconds:
        [fault] = draw.choices(list(faults), list(faults.values()))
        steps.append(_draw_step(draw, at, fault))
        at += draw.expovariate(pace)
    return Plan(seed, store, seconds, pace, clocks, steps, services, odds, queue, restore)


def _draw_step(draw: random.Random, at: float, fault: str) -> Step:
    service = draw.choice(SERVICES)
    match fault:
        case "freeze":
            # Seldom past every time-out of a session or a lease.
            return Step(at, fault, service, seconds=draw.choice([0.3, 1, 1, 2, 4, 9]))
        case "ledger frozen":
            return Step(at, fault, seconds=draw.uniform(0.2, 2))
        case "ledger killed" | "store killed":
            return Step(at, fault, seconds=draw.uniform(0, 1.5))
        case "kill several":
            return Step(at, fault, count=draw.randint(2, 4))
        case _:
            return Step(at, fault, service)


def _draw_clocks(draw: random.Random) -> dict[str, str]:
    """In every third round, some processes' clocks are an hour off."""
    if draw.random() > 0.34:
        return {}
    return {service: draw.choice(["+1h", "-1h"]) for service in draw.sample(SERVICES, draw.randint(1, 3))}


def lives(
    seed: str, service: str, clock: str, failpoints: list[str], restore: bool = False
) -> Iterator[Life]:
    """What the service is given at its first start, at its second, and so on, without end."""
    draw = random.Random(f"{seed}/{service}")
    weights = _WEIGHTS | {name: weight if restore else 0.1 for name, weight in _OF_A_RESTORE.items()}
    while True:
        names = _draw_points(draw, failpoints, weights, draw.choice(_POINTS))
        armed = []
        for name in sorted(names):
            passed = draw.choice(_PASSED)
            action = "panic" if draw.random() < 0.9 else f"sleep({draw.choice([50, 500, 2000])})"
            armed.append(f"{name}={f'{passed}*off->' if passed else ''}1*{action}")
        yield Life(";".join(armed), clock)


def _draw_points(
    draw: random.Random, failpoints: list[str], weights: dict[str, float], count: int
) -> list[str]:
    """So many different ones, by their weights."""
    def key(name: str) -> float:
        return draw.random() ** (1 / weights.get(name.rpartition(".")[0], 1))

    return sorted(failpoints, key=key, reverse=True)[:count]
