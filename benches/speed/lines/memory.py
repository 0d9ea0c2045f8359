"""How much memory the services hold under a load that lasts."""

import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from outages.world import Service, say

from .. import seed, traffic
from ..generators import ended
from ..line import Figure
from ..world import Bench

#: Windows shorter than usual, so that ten of them come in ten minutes.
WINDOW = "1m"
#: Seconds between two looks.
PAUSE = 10
#: The goal: percent by which a service may grow in the second half.
MOST = 5


def memory(world: Bench, messages: int, times: int, minutes: float) -> Iterator[Figure]:
    """So many times the reference load, and what serve, ship and load hold meanwhile."""
    seed.fill(world, messages)
    world.window = WINDOW
    world.start_s3()
    services = {name: world.service(name) for name in ("serve", "ship", "load")}
    rate = times * traffic.REFERENCE
    say(f"{rate:,.0f} messages/s, their receipts and clicks, for {minutes:g} minutes")
    with traffic.running(world, services["serve"], rate, round(minutes * 60)) as process:
        held = sample(process, services)
        seen = ended(process)
    missing = Figure(f"{times} times the reference load: requests that could not be made in time", "%", 1)
    missing.seen.append(max(0.0, 100 - 100 * seen.rate / traffic.requests(rate)))
    missing.note = f"{seen.rate:,.0f} requests/s, p99 {seen.p99_ms:.1f} ms"
    yield missing
    for name, samples in held.items():
        what = f"memory of {name} at {times} times the reference load, growth in the second half"
        yield growth(what, services[name], samples)


def sample(process: subprocess.Popen[str], services: dict[str, Service]) -> dict[str, list[tuple[float, float]]]:
    """Until the load ends: seconds, and bytes that each service holds."""
    held: dict[str, list[tuple[float, float]]] = {name: [] for name in services}
    begun = time.monotonic()
    while process.poll() is None:
        for name, service in services.items():
            held[name].append((time.monotonic() - begun, resident(service)))
        try:
            process.wait(PAUSE)
        except subprocess.TimeoutExpired:
            pass  # It goes on.
    return held


def growth(what: str, service: Service, samples: list[tuple[float, float]]) -> Figure:
    """A straight line through the second half, and by how much it rises."""
    half = samples[len(samples) // 2:]
    if len(half) < 3:
        raise SystemExit("too few samples: --minutes has to be more")
    seconds, bytes_held = zip(*half, strict=True)
    slope = statistics.linear_regression(seconds, bytes_held).slope
    figure = Figure(what, "%", MOST)
    figure.seen.append(100 * slope * (seconds[-1] - seconds[0]) / statistics.mean(bytes_held))
    figure.note = (f"at most {service.most_memory() / 1e6:.0f} MB, {samples[-1][1] / 1e6:.0f} MB at the end, "
                   f"{slope * 60 / 1e6:+.2f} MB a minute")
    return figure


def resident(service: Service) -> int:
    """Bytes that a service holds now: VmRSS."""
    for line in Path(f"/proc/{service.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"a service ended: {service.log.read_text()[-2000:]}")
