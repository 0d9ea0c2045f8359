"""Load: wrk for HTTP, pgbench for SQL. Both are C, and take a fraction of what they measure."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .world import BASELINE, Bench

SCRIPTS = Path(__file__).with_name("wrk")


@dataclass
class Load:
    """What a generator saw."""

    rate: float
    requests: int
    p50_ms: float
    p99_ms: float


def wrk(address: str, script: str, seconds: int, connections: int = 64, *arguments: str) -> Load:
    """Requests of a script of `wrk/`, as fast as they are answered."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
               "--timeout", "30s", "--script", str(SCRIPTS / f"{script}.lua"), f"http://{address}", "--", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True,
                          env={"LUA_PATH": f"{SCRIPTS}/?.lua", "PATH": "/usr/bin:/usr/local/bin"})
    told = json.loads(done.stdout[done.stdout.index("{"):])
    if told["failed"]:  # one of the answers says why
        raise SystemExit(f"{told['failed']} of {told['requests']} requests of {script} failed:\n{done.stdout}")
    return Load(told["requests"] / told["seconds"], told["requests"], told["p50_ms"], told["p99_ms"])


def pgbench(world: Bench, file: str, seconds: int, clients: int = 64, **values: int) -> Load:
    """Transactions of a file of `benches/baseline`, as fast as they commit."""
    variables = [f"--define={name}={value}" for name, value in values.items()]
    command = [world.programs / "pgbench", "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2",
               f"--time={seconds}", *variables, "--file", BASELINE / file, world.baseline_url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    rate = float(figures["tps"].split()[0])
    return Load(rate, round(rate * seconds), float(figures["latency average"].split()[0]), 0)
