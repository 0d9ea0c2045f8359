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
from .notifications import Notifier
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
#: A standby takes over from a shipper that was silent for this long: some freezes are longer.
TAKEOVER_SECONDS = 3
#: Rows are written into children of the outbox that the shipper takes for idle, another one every few
#: seconds: whatever it reclaims may be in use.
_RESTLESS_OUTBOX = """
ALTER TABLE outbox ALTER COLUMN slot SET DEFAULT (
    (extract(epoch FROM clock_timestamp())::bigint / 3600 + 2 + extract(epoch FROM clock_timestamp())::bigint / 7 % 5) % 8
)"""


async def make_template(binary: Path, cluster: Cluster) -> str:
    """Makes the template, and an API key that is in all of its copies."""
    await cluster.execute("postgres", f"CREATE DATABASE {TEMPLATE}")
    environment = os.environ | {"DATABASE_URL": cluster.url(TEMPLATE)}
    await _run([binary, "migrate"], environment)
    told = await _run([binary, "key", "create", "torture", "--role", "admin"], environment)
    await cluster.execute(TEMPLATE, _RESTLESS_OUTBOX)
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
    #: What a command is given that looks at all of it, past both proxies.
    past_proxies: dict[str, str] | None = None
    notifier: Notifier | None = None
    #: Services whose present life was given a fault.
    faulty: set[str] | None = None

    @staticmethod
    def build(
        binary: Path, folder: Path, database: str, plan: Plan, cluster: Cluster, store_port: int,
        failpoints: dict[str, tuple[str, ...]], window: str, notifier: Notifier | None,
    ) -> "Deployment":
        """Starts nothing yet."""
        ledger = LedgerProxy(cluster.port)
        s3 = S3Proxy(store_port, S3_HOLD_SECONDS, notifier.stored if notifier else None)
        ports = {name: free_port() for name in plan.services}
        self = Deployment(folder, database, f"{database}/", {}, ports, ledger, s3, notifier=notifier, faulty=set())
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
            # Now and then, as behind some millions of messages.
            "TEXTRAIL_WAREHOUSE__FOLD_ROWS": "15",
            "TEXTRAIL_WAREHOUSE__CHECKPOINT_BYTES": "200000",
            "TEXTRAIL_GATEWAYS__KANNEL__DIALECT": "kannel",
            "TEXTRAIL_GATEWAYS__KANNEL__SECRET": GATEWAY_SECRET,
            "TEXTRAIL_GATEWAYS__OWN__DIALECT": "neutral",
            "TEXTRAIL_GATEWAYS__OWN__SECRET": GATEWAY_SECRET,
        }
        for name in plan.services:
            kind = name.partition("-")[0]
            environment = common | self._own(name, plan)
            own_failpoints = [point for point, kinds in failpoints.items() if kind in kinds]
            of_plan = lives(plan.seed, name, plan.clocks.get(name, ""), own_failpoints, plan.restore)
            self.services[name] = Service(
                name, [binary, kind], environment, folder / f"{name}.log", self._next_life(name, of_plan),
                chore=plan.is_chore(name),
            )
        self.past_proxies = common | {
            "DATABASE_URL": cluster.url(database),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{store_port}",
            "RUST_LOG": "warn",
        }
        return self

    def _own(self, name: str, plan: Plan) -> dict[str, str]:
        """What a service does not share with the others."""
        listen = {"serve": "HTTP", "ship": "SHIPPER", "load": "LOADER"}
        kind = name.partition("-")[0]
        # A chore works on the warehouse of the first loader.
        loader = "load-a" if plan.is_chore(name) else name
        own = {
            # A warehouse belongs to one loader, a spool to one server; both outlive it.
            "TEXTRAIL_WAREHOUSE__DIRECTORY": str(self.warehouse(loader)),
            "TEXTRAIL_SPOOL__DIRECTORY": str(self.spool(name)),
            "TEXTRAIL_SHIPPER__DIRECTORY": str(self.folder / f"ship-{name}"),
            "TEXTRAIL_SHIPPER__TAKEOVER_SECONDS": str(TAKEOVER_SECONDS),
            "TEXTRAIL_LOADER__STANDBY_SECONDS": "1",
        }
        if kind in listen:
            own[f"TEXTRAIL_{listen[kind]}__LISTEN"] = f"127.0.0.1:{self.ports[name]}"
        if self.notifier and name == "load-b":
            own |= self.notifier.environment | {
                "TEXTRAIL_LOADER__QUEUE_VISIBILITY_SECONDS": "3",
                # What the queue lost must be found, too.
                "TEXTRAIL_LOADER__SWEEP_SECONDS": "4",
            }
        return own

    def spool(self, server: str) -> Path:
        """A server's folder."""
        return self.folder / f"spool-{server}"

    def spooled(self) -> list[Path]:
        """The segments of all spools that still hold something for the ledger."""
        return [
            segment
            for server in self.of_kind("serve")
            for segment in self.spool(server).glob("*.spool")
        ]

    def inbounds_wait(self) -> bool:
        """Whether a subscriber's message may be in a spool."""
        return any(segment.name.startswith(("inbound-", "stuck-")) for segment in self.spooled())

    def spoiled(self) -> list[Path]:
        """Files of spools that must not be: damaged segments, refused facts."""
        return [
            path
            for server in self.of_kind("serve")
            for path in (*self.spool(server).glob("*.damaged"), *self.spool(server).glob("refused/*"))
        ]

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
        if self.notifier:
            await self.notifier.start()
        for service in self.services.values():
            service.start()

    def calm_down(self) -> None:
        """Ends every faulty life; the next ones are sound."""
        self.calm = True
        if self.notifier:
            self.notifier.calm()
        for name in sorted(self.faulty or ()):
            self.services[name].kill()

    async def do_chores(self, seconds: float) -> list[str]:
        """Each once more, soundly and to its end; what was wrong."""
        wrong = []
        for service in self.services.values():
            if service.is_chore:
                wrong += [await service.stop(seconds), await service.run_once(seconds)]
        return [one for one in wrong if one]

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
        if self.notifier:
            await self.notifier.stop()
