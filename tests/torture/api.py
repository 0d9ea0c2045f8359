"""Calls to textrail's API, from a client that has several servers to choose from."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import aiohttp

from .client_log import ClientLog

GATEWAY_SECRET = "torture"
#: Longer than the recorder waits for PostgreSQL, so that most calls are answered.
_CALL_SECONDS = 12
#: Answers after which the same call is made again: it was not taken, or nobody knows.
_AGAIN = {408, 409, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Answer:
    """An answer; `status` is 0 if there was none."""

    status: int
    body: Any = None
    words: str = ""

    def __str__(self) -> str:
        return str(self.status) if self.status else f"none ({self.words})"

    @property
    def is_success(self) -> bool:
        """2xx, or a redirect."""
        return 200 <= self.status < 400

    @property
    def says_again(self) -> bool:
        """Whether the call may or must be repeated."""
        return self.status == 0 or self.status in _AGAIN


class Api:
    """The servers of one deployment, and a key for them."""

    def __init__(self, ports: list[int], key: str, log: ClientLog) -> None:
        self._urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._authorization = {"Authorization": f"Bearer {key}"}
        self._log = log
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS),
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=5),
        )
        # By itself, aiohttp repeats a GET whose connection broke: one visit would be two.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Closes what is open."""
        await self._session.close()

    async def call(
        self, draw: random.Random, method: str, path: str, *, json: Any = None,
        headers: dict[str, str] | None = None, with_key: bool = True,
    ) -> Answer:
        """One attempt at one of the servers."""
        authorization = self._authorization if with_key else {}
        try:
            async with self._session.request(
                method, draw.choice(self._urls) + path, json=json,
                headers=authorization | (headers or {}), allow_redirects=False,
            ) as response:
                answer = Answer(response.status, await _body(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer = Answer(0, words=type(error).__name__)
        self._log.called(str(answer.status or "none"))
        if answer.status == 500:
            self._log.offence(f"{method} {path.partition('?')[0]} answered 500: {answer.body}")
        return answer


async def _body(response: aiohttp.ClientResponse) -> Any:
    if "json" in response.headers.get("Content-Type", ""):
        return await response.json(content_type=None)
    return response.headers.get("Location") or await response.text()


async def pause(draw: random.Random, least: float, most: float) -> None:
    """Waits for a drawn time."""
    await asyncio.sleep(draw.uniform(least, most))
