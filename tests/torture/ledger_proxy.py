"""Stands between textrail and PostgreSQL, and cuts connections where it hurts most.

The protocol is passed on untouched. A transaction's end is recognised on the wire: a client's simple
query `COMMIT`, or the server's answer to an INSERT that was a transaction by itself.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .ports import free_port

_CHUNK = 64 * 1024
_COMMIT = b"COMMIT\0"
# CommandComplete of an INSERT, and ReadyForQuery outside of a transaction.
_INSERTED = b"INSERT 0 "
_IDLE = b"Z\0\0\0\5I"


@dataclass(eq=False)
class _Link:
    """One connection: both its streams, and whether the next answer is to be lost."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    lose_answer: bool = False
    tail: bytes = field(default=b"")

    def cut(self) -> None:
        for writer in (self.client, self.server):
            if writer.transport is not None:
                writer.transport.abort()


class LedgerProxy:
    """Listens on `port`, and forwards to PostgreSQL."""

    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self._server_port = server_port
        self._links: set[_Link] = set()
        self._pending: Counter[str] = Counter()
        #: By fault, how probable it is at each occasion.
        self.odds: Mapping[str, float] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._listener: asyncio.Server | None = None
        #: How often each fault took place.
        self.struck: Counter[str] = Counter()

    async def start(self) -> None:
        """Listens."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Takes no more connections and cuts those that are open."""
        if self._listener:
            self._listener.close()
        self._open.set()
        for link in list(self._links):
            link.cut()

    def cut(self, share: float, draw: random.Random) -> None:
        """Cuts a share of the open connections at once, at least one."""
        links = list(self._links)
        if links:
            for link in draw.sample(links, max(1, round(share * len(links)))):
                link.cut()
            self.struck["connections cut"] += 1

    def strike_next(self, fault: str, count: int = 1) -> None:
        """Prepares a fault: `commit lost` (it never arrives), `commit answer lost`, `answer cut`."""
        self._pending[fault] += count

    def hold(self) -> None:
        """Nothing passes, in either direction, until `release`."""
        self._open.clear()

    def release(self) -> None:
        """Ends every fault that is prepared or lasts."""
        self._pending.clear()
        self.odds = {}
        self._open.set()

    def _take(self, fault: str) -> bool:
        if self._pending[fault] > 0:
            self._pending[fault] -= 1
        elif random.random() >= self.odds.get(fault, 0):
            return False
        self.struck[fault] += 1
        return True

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            from_server, server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            client.transport.abort()
            return
        link = _Link(client, server)
        self._links.add(link)
        try:
            pumps = (self._requests(reader, link), self._answers(from_server, link))
            await asyncio.gather(*pumps)
        finally:
            self._links.discard(link)
            link.cut()

    async def _requests(self, reader: asyncio.StreamReader, link: _Link) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                await self._open.wait()
                commits = _COMMIT in link.tail + chunk
                link.tail = chunk[-len(_COMMIT) + 1 :]
                if commits and self._take("commit lost"):
                    break
                if commits and self._take("commit answer lost"):
                    link.lose_answer = True
                link.server.write(chunk)
                await link.server.drain()
        except OSError:
            pass
        link.cut()

    async def _answers(self, reader: asyncio.StreamReader, link: _Link) -> None:
        try:
            while chunk := await reader.read(_CHUNK):
                await self._open.wait()
                committed = chunk.endswith(_IDLE) and _INSERTED in chunk
                if link.lose_answer or (committed and self._take("commit answer lost")):
                    break
                if len(chunk) > 64 and self._take("answer cut"):
                    link.client.write(chunk[: len(chunk) // 2])
                    await link.client.drain()
                    link.client.close()
                    break
                link.client.write(chunk)
                await link.client.drain()
        except OSError:
            pass
        link.server.transport.abort()
        if not link.client.is_closing():
            link.client.transport.abort()
