"""One round: traffic under faults, then calm, then the judgement."""

import asyncio
import functools
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from . import bad_line, lake, oracle, stores, warehouse
from .api import Api
from .client_log import ClientLog
from .cluster import Cluster
from .deployment import BUCKET, LOADER_KEY, TEMPLATE, Deployment
from .faults import Saboteur
from .notifications import Notifier, QueueServer
from .plan import Plan
from .stores import Store
from .traffic import CAMPAIGNS, SENDER, Client

_Found = TypeVar("_Found")
#: Everything must be in the warehouse this long after the last fault.
_CALM_SECONDS = 180
_START_SECONDS = 60


@dataclass
class Result:
    """What a round came to."""

    plan: Plan
    folder: Path
    wrong: list[str] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    failpoints: Counter[str] = field(default_factory=Counter)
    gave_up: list[str] = field(default_factory=list)
    windows: int = 0
    lines: int = 0
    #: Warehouses for which `textrail verify --deep` found no difference, and the windows that it proved.
    verified: int = 0
    proven: int = 0
    #: Rebuilds of a warehouse that came to their end.
    reprocessed: int = 0
    #: Whether its ledger was restored from a copy.
    restored: bool = False
    #: The log file with a line that cannot be loaded, if one was planted.
    bad_file: str | None = None
    #: From the last fault until all was in the warehouse.
    calm_seconds: float = 0
    seconds: float = 0


@dataclass
class Round:
    """The parts that a round is made of."""

    plan: Plan
    binary: Path
    folder: Path
    database: str
    cluster: Cluster
    store: Store
    api_key: str
    queue: QueueServer
    failpoints: dict[str, tuple[str, ...]]
    window: str
    clients: int
    #: Mean pause of a client between its calls.
    pause_seconds: float

    async def run(self) -> Result:
        """Runs it. What is wrong is in the result; an exception is the torture's own mistake."""
        begun = time.monotonic()
        result = Result(self.plan, self.folder)
        self.folder.mkdir(parents=True)
        await self.cluster.execute("postgres", f"CREATE DATABASE {self.database} TEMPLATE {TEMPLATE}")
        notifier = Notifier(self.queue, self.database, self.plan.seed, BUCKET) if self.plan.queue else None
        deployment = Deployment.build(
            self.binary, self.folder, self.database, self.plan, self.cluster, self.store.port,
            self.failpoints, self.window, notifier,
        )
        log = ClientLog(self.folder / "clients.jsonl")
        api = Api([deployment.ports[name] for name in deployment.of_kind("serve")], self.api_key, log)
        saboteur = Saboteur(
            self.plan, deployment.services, self.cluster, self.store, deployment.ledger, deployment.s3
        )
        try:
            await deployment.start()
            await self._drive(deployment, api, log, saboteur, result)
            result.wrong += await deployment.stop()
            result.wrong += log.offences
            if not result.wrong:
                result.wrong += await self._verify(deployment, result)
                result.wrong += await asyncio.to_thread(self._judge, deployment, log, result)
        finally:
            await saboteur.end()
            await api.close()
            await deployment.abort()
            log.close()
            self._sum_up(deployment, log, saboteur, result)
        result.seconds = time.monotonic() - begun
        return result

    async def drop(self) -> None:
        """Removes the round's database."""
        await self.cluster.execute("postgres", f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")

    async def _drive(
        self, deployment: Deployment, api: Api, log: ClientLog, saboteur: Saboteur, result: Result
    ) -> None:
        await self._put_campaigns(api)
        sabotage = asyncio.create_task(saboteur.run())
        if self.plan.restore:
            result.wrong += await self._before_restore(deployment, api, log)
            if result.wrong:
                sabotage.cancel()
                return
            await self._restore(deployment)
            result.restored = True
            planted = await asyncio.to_thread(self._plant)
            result.bad_file = planted[0] if planted else None
            for key in planted if deployment.notifier else ():
                deployment.notifier.stored(f"/{BUCKET}/{deployment.prefix}{key}")
            await self._put_campaigns(api)
        clients, tasks = self._start_clients(range(self.clients), deployment, api, log)
        try:
            await sabotage
            calm_since = time.monotonic()
            await saboteur.end()
            deployment.calm_down()
            for client in clients:
                client.finish()
            done, late = await asyncio.wait(tasks, timeout=_CALM_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
        if late:
            result.wrong.append(f"{len(late)} clients were not answered within {_CALM_SECONDS} s of calm")
            return
        for task in done:
            task.result()
        if not await _until(calm_since + _CALM_SECONDS, lambda: _is_empty(deployment)):
            result.wrong.append(f"facts were still in a spool after {_CALM_SECONDS} s of calm")
            return
        await self._send_last(api)
        deadline = calm_since + _CALM_SECONDS
        mark = await _until(deadline, lambda: asyncio.to_thread(lake.boundary_with, self._objects(), "mark"))
        if mark is None:
            result.wrong.append(f"the last message was not in the lake within {_CALM_SECONDS} s of calm")
            return
        for loader in deployment.of_kind("load"):
            if not await _loaded(deployment.ports[loader], mark, deadline):
                result.wrong.append(
                    f"{loader} had not loaded everything within {_CALM_SECONDS} s of calm (log: {loader}.log)"
                )
        result.wrong += await deployment.do_chores(_CALM_SECONDS)
        result.calm_seconds = time.monotonic() - calm_since

    def _start_clients(
        self, indices: range, deployment: Deployment, api: Api, log: ClientLog
    ) -> tuple[list[Client], list[asyncio.Task[None]]]:
        clients = [
            Client(index, random.Random(f"{self.plan.seed}/client {index}"), api, log,
                   true_clocks=not self.plan.clocks, inbounds_wait=deployment.inbounds_wait)
            for index in indices
        ]
        return clients, [asyncio.create_task(client.run(self.pause_seconds)) for client in clients]

    async def _before_restore(self, deployment: Deployment, api: Api, log: ClientLog) -> list[str]:
        """Traffic that the ledger will know nothing of: what is in the lake then is there once, and
        the rest is lost. Each call is answered, and no spool holds anything, when it ends."""
        clients, tasks = self._start_clients(range(self.clients, 2 * self.clients), deployment, api, log)
        await asyncio.sleep(self.plan.seconds / 2)
        for client in clients:
            client.finish()
        done, late = await asyncio.wait(tasks, timeout=_CALM_SECONDS)
        for task in late:
            task.cancel()
        for task in done:
            task.result()
        for fact in log.facts:
            fact.at_least = 0
        deadline = time.monotonic() + _CALM_SECONDS
        empty = await _until(deadline, lambda: _is_empty(deployment))
        # A life of which the lake has no window cannot be told from one that never was.
        if not await _until(deadline, lambda: asyncio.to_thread(self._has_window)):
            return [f"no window was in the lake {_CALM_SECONDS} s after the first clients"]
        wrong = [] if empty else [f"facts were still in a spool {_CALM_SECONDS} s after the first clients"]
        return wrong + ([f"{len(late)} of the first clients were not answered"] if late else [])

    async def _restore(self, deployment: Deployment) -> None:
        """The ledger is what it was before the round, in the midst of faults; whoever ran on the lost
        one is killed."""
        deadline = time.monotonic() + _START_SECONDS
        create = f"CREATE DATABASE {self.database} TEMPLATE {TEMPLATE}"
        for statement in (f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)", create):
            while True:
                try:
                    await self.cluster.execute("postgres", statement)
                    break
                except psycopg.errors.DuplicateDatabase:
                    break
                except psycopg.Error:
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(0.1)
            for service in deployment.services.values():
                service.thaw()
                service.kill()

    async def _put_campaigns(self, api: Api) -> None:
        draw = random.Random(0)
        for name, kind in [*CAMPAIGNS.items(), ("mark", "mark")]:
            body = {"type": kind, "name": name}
            put = functools.partial(_succeeds, api, draw, "PUT", f"/v1/campaigns/{name}", body)
            if not await _until(time.monotonic() + _START_SECONDS, put):
                raise RuntimeError(f"textrail did not come up: see {self.folder}")

    async def _send_last(self, api: Api) -> None:
        """A message after all others."""
        draw = random.Random(0)
        body = {
            "to": "+43664999999", "from": SENDER, "campaign": "mark", "body": "The end",
            "client_reference": "mark",
        }
        headers = {"Idempotency-Key": "mark"}
        while True:
            answer = await api.call(draw, "POST", "/v1/messages", json=body, headers=headers)
            if answer.is_success:
                return
            await asyncio.sleep(0.1)

    async def _verify(self, deployment: Deployment, result: Result) -> list[str]:
        """What `textrail verify` says of each warehouse."""
        wrong = [f"a spool kept what it should not have: {path}" for path in deployment.spoiled()]
        for loader in deployment.of_kind("load"):
            environment = (deployment.past_proxies or {}) | {
                "TEXTRAIL_WAREHOUSE__DIRECTORY": str(deployment.warehouse(loader)),
                "TEXTRAIL_SPOOL__DIRECTORY": str(deployment.spool("serve-a")),
            }
            process = await asyncio.create_subprocess_exec(
                self.binary, "verify", "--deep", "--json", env=os.environ | environment,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )
            out, error = await process.communicate()
            (self.folder / f"verify-{loader}.json").write_bytes(out + error)
            if process.returncode != 0:
                wrong.append(f"verify of {loader} ended with {process.returncode}: {_shortened(out, error)}")
                continue
            result.verified += 1
            result.proven += json.loads(out)["proven"]
        return wrong

    def _has_window(self) -> bool:
        try:
            return any(key.startswith("_manifest/") for key in self._objects().keys())
        except (BotoCoreError, ClientError):
            return False  # the store was killed, and comes again

    def _plant(self) -> list[str]:
        while True:
            try:
                return bad_line.plant(self._objects())
            except (BotoCoreError, ClientError):
                time.sleep(0.2)  # the store was killed, and comes again

    def _objects(self) -> lake.Bucket:
        return lake.Bucket(stores.client(self.store.port), BUCKET, f"{self.database}/")

    def _judge(self, deployment: Deployment, log: ClientLog, result: Result) -> list[str]:
        found = lake.read(self._objects(), lost_epochs={1} if result.restored else (), bad_file=result.bad_file)
        result.windows, result.lines = len(found.windows), len(found.lines)
        found_of_traffic = [line for line in found.lines if line.values.get("campaign") != "mark"]
        wrong = oracle.judge_lake(log.facts, lake.Lake(found_of_traffic, found.windows, found.files, found.faults, found.bad_file))
        for loader in deployment.of_kind("load"):
            read = warehouse.read(deployment.warehouse(loader))
            wrong += [f"{loader}: {text}" for text in oracle.judge_warehouse(found, read)]
        return wrong

    def _sum_up(
        self, deployment: Deployment, log: ClientLog, saboteur: Saboteur, result: Result
    ) -> None:
        for fact in log.facts:
            result.facts[fact.kind] += 1
            result.acknowledged[fact.kind] += fact.acknowledged
        result.calls.update(log.calls)
        result.struck.update(saboteur.struck)
        result.struck.update(deployment.ledger.struck)
        result.struck.update({f"S3: {fault}": count for fault, count in deployment.s3.struck.items()})
        if deployment.notifier:
            result.struck.update({f"queue: message {fate}": count for fate, count in deployment.notifier.struck.items()})
        for service in deployment.services.values():
            result.reprocessed += service.deaths.done
            result.struck["process killed"] += service.deaths.killed
            result.struck["death at a failpoint"] += service.deaths.at_failpoint.total()
            result.failpoints.update(service.deaths.at_failpoint)
            result.gave_up += [f"{service.name}: {words}" for words in service.deaths.gave_up]
            result.wrong += service.deaths.unexplained


async def _is_empty(deployment: Deployment) -> bool:
    return not deployment.spooled()


def _shortened(out: bytes, error: bytes) -> str:
    try:
        differences = json.loads(out)["differences"]
        return "; ".join(f"{one['window']} {one['kind']} {one['what']}: {one['detail']}" for one in differences[:10])
    except (ValueError, KeyError):
        return error.decode(errors="replace")[-500:]


async def _succeeds(api: Api, draw: random.Random, method: str, path: str, body: Any) -> bool:
    return (await api.call(draw, method, path, json=body)).is_success


async def _until(deadline: float, find: Callable[[], Awaitable[_Found | None]]) -> _Found | None:
    """Asks until there is something; what it is, or nothing after the deadline."""
    while time.monotonic() < deadline:
        if found := await find():
            return found
        await asyncio.sleep(0.1)
    return None


async def _loaded(port: int, mark: datetime, deadline: float) -> bool | None:
    """Waits until a loader's report is complete through the mark of the clock."""
    day = timedelta(days=1)
    today = datetime.now(UTC).date()
    url = f"http://127.0.0.1:{port}/v1/reports/messages?start={today - day}&end={today + day}"
    headers = {"Authorization": f"Bearer {LOADER_KEY}"}

    async def complete() -> bool:
        try:
            async with session.get(url, headers=headers) as answer:
                through = (await answer.json()).get("data_through") if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        return through is not None and datetime.fromisoformat(through) >= mark

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        return await _until(deadline, complete)
