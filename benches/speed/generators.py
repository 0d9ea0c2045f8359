"""Load: wrk and oha for HTTP, pgbench for SQL. Compiled, they take a fraction of what they measure."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .world import BASELINE, Bench

SCRIPTS = Path(__file__).with_name("wrk")
PHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.1 Mobile/15E148 Safari/604.1")


@dataclass
class Load:
    """What a generator saw."""

    rate: float
    requests: int
    p50_ms: float
    p99_ms: float


def wrk(address: str, script: str, seconds: int, connections: int = 64, *arguments: str) -> Load:
    """Requests of a script of `wrk/`, as fast as they are answered."""
    return ended(start(address, script, seconds, connections, *arguments))


def start(address: str, script: str, seconds: int, connections: int, *arguments: str) -> subprocess.Popen[str]:
    """The same, for one that has something else to do meanwhile."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
               "--timeout", "30s", "--script", str(SCRIPTS / f"{script}.lua"), f"http://{address}", "--", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                            env={"LUA_PATH": f"{SCRIPTS}/?.lua", "PATH": "/usr/bin:/usr/local/bin"})


def ended(process: subprocess.Popen[str]) -> Load:
    """What it saw; waits for its end."""
    output, _ = process.communicate()
    if process.returncode or "{" not in output:
        raise SystemExit(f"wrk failed ({process.returncode}):\n{output}")
    told = json.loads(output[output.index("{"):])
    if told["failed"]:
        raise SystemExit(f"{told['failed']} of {told['requests']} requests failed:\n{output}")
    return Load(told["requests"] / told["seconds"], told["requests"], told["p50_ms"], told["p99_ms"])


def oha(urls: Path, rate: float, seconds: int, connections: int = 64) -> Load:
    """URLs of a file, drawn at random, at a rate that no answer slows down: latencies count from when a
    request was due, and not from when a connection was free for it."""
    command = ["oha", "--urls-from-file", str(urls), "-z", f"{seconds}s", "-w", "-q", str(round(rate)),
               "-c", str(connections), "-r", "0", "--latency-correction", "--no-tui", "--output-format", "json", "-H", f"User-Agent: {PHONE}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout)
    answers, errors = told["statusCodeDistribution"], told["errorDistribution"]
    if errors or set(answers) != {"302"}:
        raise SystemExit(f"not every redirect was answered by one: {answers} {errors}")
    percentiles = told["latencyPercentiles"]
    return Load(told["summary"]["requestsPerSec"], answers["302"], percentiles["p50"] * 1e3, percentiles["p99"] * 1e3)


def pgbench(world: Bench, file: str, seconds: int, clients: int = 64, **values: int) -> Load:
    """Transactions of a file of `benches/baseline`, as fast as they commit."""
    variables = [f"--define={name}={value}" for name, value in values.items()]
    command = [world.programs / "pgbench", "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2",
               f"--time={seconds}", *variables, "--file", BASELINE / file, world.baseline_url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    rate = float(figures["tps"].split()[0])
    return Load(rate, round(rate * seconds), float(figures["latency average"].split()[0]), 0)
