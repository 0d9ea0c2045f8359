"""Carries out a plan's steps, and counts what struck."""

import asyncio
import random
from collections import Counter

from .cluster import Cluster
from .ledger_proxy import LedgerProxy
from .plan import Plan, Step
from .s3_proxy import S3Proxy
from .services import Service
from .stores import Store


class Saboteur:
    """Whoever has its hands on a round's processes and connections."""

    def __init__(
        self, plan: Plan, services: dict[str, Service], cluster: Cluster, store: Store,
        ledger: LedgerProxy, s3: S3Proxy,
    ) -> None:
        self._plan = plan
        self._services = services
        self._cluster = cluster
        self._store = store
        self._ledger = ledger
        self._s3 = s3
        self._draw = random.Random(f"{plan.seed}/faults")
        self._lasting: set[asyncio.Task[None]] = set()
        self._ledger_down = asyncio.Lock()
        self._store_down = asyncio.Lock()
        #: Faults that struck, by name, beside those that services and proxies count themselves.
        self.struck: Counter[str] = Counter()

    async def run(self) -> None:
        """Strikes at the times of the plan, until its end."""
        self._ledger.odds = self._plan.odds
        self._s3.odds = self._plan.odds["s3"]
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for step in self._plan.steps:
            await asyncio.sleep(max(0, begun + step.at - loop.time()))
            await self._strike(step)
        await asyncio.sleep(max(0, begun + self._plan.seconds - loop.time()))

    async def end(self) -> None:
        """Ends all faults that last: everything is there again."""
        await asyncio.gather(*self._lasting)
        self._cluster.thaw()
        self._ledger.release()
        self._s3.release()
        for service in self._services.values():
            service.thaw()

    async def _strike(self, step: Step) -> None:
        match step.fault:
            case "kill":
                self._services[step.service].kill()
            case "kill several":
                for service in self._draw.sample(list(self._services.values()), step.count):
                    service.kill()
            case "freeze":
                if self._services[step.service].freeze():
                    self.struck["process frozen"] += 1
                    self._last(self._thaw_after(self._services[step.service], step.seconds))
            case "connections cut":
                self._ledger.cut(self._draw.choice([0.01, 0.2, 1]), self._draw)
            case "ledger frozen" | "ledger killed" | "backend killed":
                self._last(self._strike_ledger(step))
            case "store killed":
                self._last(self._kill_store(step.seconds))

    def _last(self, coroutine: object) -> None:
        task = asyncio.create_task(coroutine)  # type: ignore[arg-type]
        self._lasting.add(task)

    async def _thaw_after(self, service: Service, seconds: float) -> None:
        await asyncio.sleep(seconds)
        service.thaw()

    async def _strike_ledger(self, step: Step) -> None:
        if self._ledger_down.locked():
            return
        async with self._ledger_down:
            if step.fault == "ledger frozen":
                self._cluster.freeze()
                await asyncio.sleep(step.seconds)
                self._cluster.thaw()
            elif step.fault == "backend killed":
                if not await self._cluster.kill_backend(self._draw.randrange(1000)):
                    return
            else:
                await self._cluster.kill()
                await asyncio.sleep(step.seconds)
                await self._cluster.start()
            self.struck[step.fault] += 1

    async def _kill_store(self, seconds: float) -> None:
        if self._store_down.locked():
            return
        async with self._store_down:
            await self._store.kill()
            self.struck["store killed"] += 1
            await asyncio.sleep(seconds)
            await self._store.start()
