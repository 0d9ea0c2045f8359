"""One textrail for one round: a database and a prefix of its own, six processes, two proxies."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .api import GATEWAY_SECRET
from .cluster import Cluster
from .ledger_proxy import LedgerProxy
from .plan import Plan, lives
from .ports import free_port
from .s3_proxy import S3Proxy
from .services import Life, Service
from .stores import ACCESS_KEY, REGION, SECRET_KEY

BUCKET = "lake"
LOADER_KEY = "internal"
#: The database that every round's is a copy of: its schema, its API key, its secrets.
TEMPLATE = "torture_template"
#: An attempt at S3 is given up after this long; a time-out holds the answer longer.
S3_TIMEOUT_SECONDS = 1
S3_HOLD_SECONDS = 1.5


async def make_template(binary: Path, cluster: Cluster) -> str:
    """Makes the template, and an API key that is in all of its copies."""
    await cluster.execute("postgres", f"CREATE DATABASE {TEMPLATE}")
    environment = os.environ | {"DATABASE_URL": cluster.url(TEMPLATE)}
    await _run([binary, "migrate"], environment)
    told = await _run([binary, "key", "create", "torture", "--role", "admin"], environment)
    return told.splitlines()[0]


async def _run(command: list[str | Path], environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{command} failed: {error.decode()}")
    return out.decode()


@dataclass
class Deployment:
    """See the module."""

    folder: Path
    database: str
    #: Ends with a slash.
    prefix: str
    services: dict[str, Service]
    ports: dict[str, int]
    ledger: LedgerProxy
    s3: S3Proxy
    #: From here on, every life that begins is a sound one.
    calm: bool = False
    #: Services whose present life was given a fault.
    faulty: set[str] | None = None

    @staticmethod
    def build(
        binary: Path, folder: Path, database: str, plan: Plan, cluster: Cluster, store_port: int,
        failpoints: dict[str, tuple[str, ...]], window: str,
    ) -> "Deployment":
        """Starts nothing yet."""
        ledger = LedgerProxy(cluster.port)
        s3 = S3Proxy(store_port, S3_HOLD_SECONDS)
        ports = {name: free_port() for name in plan.services}
        self = Deployment(folder, database, f"{database}/", {}, ports, ledger, s3, faulty=set())
        common = {
            "DATABASE_URL": cluster.url(database, ledger.port),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "RUST_LOG": "info",
            "TEXTRAIL_LOG_FORMAT": "human",
            "TEXTRAIL_LAKE__BUCKET": BUCKET,
            "TEXTRAIL_LAKE__PREFIX": self.prefix,
            "TEXTRAIL_LAKE__WINDOW": window,
            "TEXTRAIL_LAKE__TIMEOUT_SECONDS": str(S3_TIMEOUT_SECONDS),
            "TEXTRAIL_LEDGER__POOL_SIZE": "4",
            "TEXTRAIL_HTTP__PUBLIC_URL": "http://t.example",
            "TEXTRAIL_LOADER__KEY": LOADER_KEY,
            "TEXTRAIL_LOADER__URL": f"http://127.0.0.1:{ports['load-a']}",
            "TEXTRAIL_LOADER__SWEEP_SECONDS": "1",
            "TEXTRAIL_WAREHOUSE__MEMORY_LIMIT": "256MB",
            "TEXTRAIL_GATEWAYS__KANNEL__DIALECT": "kannel",
            "TEXTRAIL_GATEWAYS__KANNEL__SECRET": GATEWAY_SECRET,
            "TEXTRAIL_GATEWAYS__OWN__DIALECT": "neutral",
            "TEXTRAIL_GATEWAYS__OWN__SECRET": GATEWAY_SECRET,
        }
        for name in plan.services:
            kind = name.partition("-")[0]
            listen = {"serve": "HTTP", "ship": "SHIPPER", "load": "LOADER"}[kind]
            environment = common | {
                f"TEXTRAIL_{listen}__LISTEN": f"127.0.0.1:{ports[name]}",
                # A warehouse belongs to one loader.
                "TEXTRAIL_WAREHOUSE__DIRECTORY": str(self.warehouse(name)),
            }
            own_failpoints = [point for point, kinds in failpoints.items() if kind in kinds]
            of_plan = lives(plan.seed, name, plan.clocks.get(name, ""), own_failpoints)
            self.services[name] = Service(
                name, [binary, kind], environment, folder / f"{name}.log", self._next_life(name, of_plan)
            )
        return self

    def _next_life(self, name: str, of_plan: Iterator[Life]) -> Callable[[], Life]:
        def next_life() -> Life:
            life = Life() if self.calm else next(of_plan)
            assert self.faulty is not None
            (self.faulty.add if life != Life() else self.faulty.discard)(name)
            return life

        return next_life

    def warehouse(self, loader: str) -> Path:
        """A loader's folder."""
        return self.folder / f"warehouse-{loader}"

    def of_kind(self, kind: str) -> list[str]:
        """The names of the services of a kind."""
        return [name for name in self.services if name.startswith(kind)]

    async def start(self) -> None:
        """Starts the proxies and the services."""
        await self.ledger.start()
        await self.s3.start()
        for service in self.services.values():
            service.start()

    def calm_down(self) -> None:
        """Ends every faulty life; the next ones are sound."""
        self.calm = True
        for name in sorted(self.faulty or ()):
            self.services[name].kill()

    async def stop(self) -> list[str]:
        """SIGTERM to all; what was wrong with their ends."""
        ends = await asyncio.gather(*(service.stop(30) for service in self.services.values()))
        await self.close()
        return [end for end in ends if end]

    async def abort(self) -> None:
        """Ends everything at once."""
        await asyncio.gather(*(service.abort() for service in self.services.values()))
        await self.close()

    async def close(self) -> None:
        """Stops the proxies."""
        await self.ledger.stop()
        await self.s3.stop()
