"""The proxies lose what they are told to lose, and nothing else."""

import asyncio
import random
import unittest

import aiohttp
from aiohttp import web

from ..ledger_proxy import LedgerProxy
from ..ports import free_port
from ..s3_proxy import S3Fault, S3Proxy

_COMMIT = b"Q\0\0\0\x0bCOMMIT\0"
_COMMITTED = b"C\0\0\0\x0bCOMMIT\0Z\0\0\0\5I"
_INSERTED = b"C\0\0\0\x0fINSERT 0 1\0Z\0\0\0\5I"


class OfTheLedger(unittest.IsolatedAsyncioTestCase):
    """Before a server that notes what it hears, and answers a commit or an insert."""

    async def asyncSetUp(self) -> None:
        port = free_port()
        self.heard = b""
        self.answer = _COMMITTED

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while chunk := await reader.read(1024):
                self.heard += chunk
                writer.write(self.answer)

        self.server = await asyncio.start_server(serve, "127.0.0.1", port)
        self.proxy = LedgerProxy(port)
        await self.proxy.start()

    async def asyncTearDown(self) -> None:
        await self.proxy.stop()
        self.server.close()

    async def ask(self, question: bytes) -> bytes:
        """What comes back until the first answer is whole or the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        writer.write(question)
        try:
            return await reader.read(1024)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    async def test_all_passes(self) -> None:
        self.assertEqual(await self.ask(_COMMIT), _COMMITTED)

    async def test_a_commit_that_never_arrives(self) -> None:
        self.proxy.strike_next("commit lost")
        self.assertEqual((await self.ask(_COMMIT), self.heard), (b"", b""))

    async def test_a_commit_whose_answer_is_lost(self) -> None:
        self.proxy.strike_next("commit answer lost")
        self.assertEqual((await self.ask(_COMMIT), self.heard), (b"", _COMMIT))
        self.assertEqual(await self.ask(_COMMIT), _COMMITTED)
        self.assertEqual(self.proxy.struck["commit answer lost"], 1)

    async def test_a_commit_is_lost_with_a_probability(self) -> None:
        self.proxy.odds = {"commit lost": 1.0}
        self.assertEqual((await self.ask(_COMMIT), self.heard), (b"", b""))
        self.proxy.release()
        self.assertEqual(await self.ask(_COMMIT), _COMMITTED)

    async def test_an_insert_that_is_its_own_transaction(self) -> None:
        self.answer = _INSERTED
        self.proxy.strike_next("commit answer lost")
        self.assertEqual((await self.ask(b"E"), self.heard), (b"", b"E"))

    async def test_an_answer_that_is_cut(self) -> None:
        self.answer = b"D" * 100
        self.proxy.strike_next("answer cut")
        self.assertEqual(await self.ask(b"Q"), b"D" * 50)

    async def test_connections_that_are_cut(self) -> None:
        self.answer = b""
        asked = asyncio.create_task(self.ask(b"Q"))
        while not self.heard:
            await asyncio.sleep(0.01)
        self.proxy.cut(1, random.Random(1))
        self.assertEqual(await asked, b"")


class OfS3(unittest.IsolatedAsyncioTestCase):
    """Before a store that notes what is put."""

    async def asyncSetUp(self) -> None:
        port = free_port()
        self.put: list[bytes] = []

        async def store(request: web.Request) -> web.Response:
            if request.method == "PUT":
                self.put.append(await request.read())
                return web.Response(status=200)
            return web.Response(body=b"0123456789")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", store)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", port).start()
        self.proxy = S3Proxy(port, hold_seconds=0.2)
        await self.proxy.start()
        self.session = aiohttp.ClientSession()
        self.session._retry_connection = False

    async def asyncTearDown(self) -> None:
        await self.session.close()
        await self.proxy.stop()
        await self.runner.cleanup()

    async def ask(self, method: str) -> tuple[int, bytes]:
        """Status and body; 0 if there was no whole answer."""
        url = f"http://127.0.0.1:{self.proxy.port}/lake/dt%3D1/x"
        try:
            async with self.session.request(method, url, data=b"body" if method == "PUT" else None) as answer:
                return answer.status, await answer.read()
        except aiohttp.ClientError:
            return 0, b""

    async def test_all_passes(self) -> None:
        self.assertEqual(await self.ask("GET"), (200, b"0123456789"))
        self.assertEqual(((await self.ask("PUT"))[0], self.put), (200, [b"body"]))

    async def test_each_fault(self) -> None:
        cases = [
            (S3Fault.ERROR, "PUT", 500, 0), (S3Fault.SLOW_DOWN, "PUT", 503, 0), (S3Fault.TIMEOUT, "PUT", 0, 0),
            (S3Fault.SLOW, "PUT", 200, 1), (S3Fault.ANSWER_LOST, "PUT", 0, 1), (S3Fault.ERROR_AFTER, "PUT", 500, 1),
            (S3Fault.CONFLICT, "PUT", 409, 0), (S3Fault.EXISTS_AFTER, "PUT", 412, 1), (S3Fault.TRUNCATED, "GET", 0, 0),
        ]
        self.assertEqual({fault for fault, _, _, _ in cases}, set(S3Fault))
        for fault, method, status, puts in cases:
            with self.subTest(fault):
                self.put.clear()
                self.proxy.strike_next(fault, 1)
                self.assertEqual(((await self.ask(method))[0], len(self.put)), (status, puts))
                self.assertEqual(self.proxy.struck[fault], 1)
                self.assertEqual((await self.ask("GET"))[0], 200)

    async def test_a_fault_waits_for_a_request_that_it_can_happen_to(self) -> None:
        self.proxy.strike_next(S3Fault.CONFLICT, 1)
        self.assertEqual((await self.ask("GET"))[0], 200)
        self.assertEqual((await self.ask("PUT"))[0], 409)
