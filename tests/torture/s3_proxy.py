"""Stands between textrail and S3, and answers as S3 does on its worst days.

Requests are passed on as they came, signature and all: the `Host` that was signed is the proxy's.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import aiohttp
from aiohttp import web
from yarl import URL

from .ports import free_port

_LARGEST = 64 * 1024 * 1024
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


class S3Fault(StrEnum):
    """What may happen to a request."""

    ERROR = "500 before"
    SLOW_DOWN = "503 SlowDown"
    TIMEOUT = "time-out"
    SLOW = "slow answer"
    ANSWER_LOST = "answer lost after success"
    ERROR_AFTER = "500 after success"
    CONFLICT = "409"
    EXISTS_AFTER = "412 after success"
    TRUNCATED = "truncated body"


#: To which requests each fault can happen: the others pass.
_METHODS = {
    S3Fault.CONFLICT: {"PUT"},
    S3Fault.EXISTS_AFTER: {"PUT"},
    S3Fault.TRUNCATED: {"GET"},
}


@dataclass(eq=False)
class _Pending:
    fault: S3Fault
    left: int


class S3Proxy:
    """Listens on `port`, and forwards to the store."""

    def __init__(
        self, store_port: int, hold_seconds: float, stored: Callable[[str], None] | None = None
    ) -> None:
        """`stored` is told the path of each object that the store took."""
        self._stored = stored
        self.port = free_port()
        self._store = f"http://127.0.0.1:{store_port}"
        self._hold_seconds = hold_seconds
        self._pending: list[_Pending] = []
        #: How probable it is that something happens to a request.
        self.odds: float = 0
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        #: How often each fault took place.
        self.struck: Counter[str] = Counter()

    async def start(self) -> None:
        """Listens."""
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=60),
            connector=aiohttp.TCPConnector(force_close=True),
            skip_auto_headers=["User-Agent", "Accept", "Accept-Encoding", "Content-Type"],
        )
        # A proxy passes each request on once.
        self._session._retry_connection = False
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Takes no more requests."""
        if self._runner:
            await self._runner.cleanup()
        if self._session:
            await self._session.close()

    def strike_next(self, fault: S3Fault, count: int) -> None:
        """Prepares a fault for the next requests to which it can happen."""
        self._pending.append(_Pending(fault, count))

    def release(self) -> None:
        """Forgets every fault that is prepared."""
        self._pending.clear()
        self.odds = 0

    def _take(self, method: str) -> S3Fault | None:
        for pending in self._pending:
            if method in _METHODS.get(pending.fault, {method}):
                pending.left -= 1
                if pending.left <= 0:
                    self._pending.remove(pending)
                self.struck[pending.fault] += 1
                return pending.fault
        if random.random() >= self.odds:
            return None
        fault = random.choice([fault for fault in S3Fault if method in _METHODS.get(fault, {method})])
        self.struck[fault] += 1
        return fault

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = self._take(request.method)
        match fault:
            case S3Fault.ERROR:
                return _error(500, "InternalError")
            case S3Fault.SLOW_DOWN:
                return _error(503, "SlowDown")
            case S3Fault.CONFLICT:
                return _error(409, "ConditionalRequestConflict")
            case S3Fault.TIMEOUT:
                await asyncio.sleep(self._hold_seconds)
                return _gone(request)
        try:
            answer, body = await self._forward(request)
        except (aiohttp.ClientError, TimeoutError):
            return _gone(request)
        succeeded = answer.status < 300
        if succeeded and request.method == "PUT" and self._stored:
            self._stored(request.path)
        match fault:
            case S3Fault.SLOW:
                await asyncio.sleep(self._hold_seconds / 4)
            case S3Fault.ANSWER_LOST:
                return _gone(request)
            case S3Fault.ERROR_AFTER if succeeded:
                return _error(500, "InternalError")
            case S3Fault.EXISTS_AFTER if succeeded:
                return _error(412, "PreconditionFailed")
            case S3Fault.TRUNCATED if succeeded and len(body) > 1:
                return await _truncated(request, answer, body)
        return web.Response(status=answer.status, headers=_headers(answer), body=body)

    async def _forward(self, request: web.Request) -> tuple[aiohttp.ClientResponse, bytes]:
        body = await request.read()
        headers = [(name, value) for name, value in request.headers.items() if _is_end_to_end(name)]
        url = URL(self._store + request.raw_path, encoded=True)
        if self._session is None:
            raise RuntimeError("the proxy was not started")
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            return answer, await answer.read()


def _is_end_to_end(name: str) -> bool:
    return name.lower() not in _HOP_BY_HOP


def _headers(answer: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    return [(name, value) for name, value in answer.headers.items() if _is_end_to_end(name)]


def _error(status: int, code: str) -> web.Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>torture</Message></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")


def _gone(request: web.Request) -> web.Response:
    """Closes the connection: the answer that is returned goes nowhere."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


async def _truncated(
    request: web.Request, answer: aiohttp.ClientResponse, body: bytes
) -> web.StreamResponse:
    """All headers, half of the body, and the end."""
    response = web.StreamResponse(status=answer.status, headers=_headers(answer))
    response.content_length = len(body)
    with contextlib.suppress(ConnectionResetError):  # whoever asked may have been killed
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return response
