"""A queue of S3's notifications, as bad as a queue may be: messages doubled, swapped, late, lost."""

import asyncio
import json
import os
import random
import signal
from collections import Counter
from pathlib import Path
from urllib.parse import quote, quote_plus

import aiohttp

from . import processes
from .ports import free_port

_START_SECONDS = 60
_ACCOUNT = "123456789012"
#: What becomes of a notification, in parts.
_FATES = {"passed": 50, "lost": 12, "doubled": 14, "late": 12, "swapped": 12}


class QueueServer:
    """moto: SQS in a process of its own, in memory."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it and waits until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "queue.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._program, "-H", "127.0.0.1", "-p", str(self.port), stdout=log, stderr=log,
                env=os.environ | {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
            )
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/moto-api/data.json"):
                        return
                except aiohttp.ClientError:
                    if asyncio.get_running_loop().time() > deadline:
                        raise
                await asyncio.sleep(0.2)

    async def stop(self) -> None:
        """Ends it."""
        if self._process is not None:
            await processes.stop(self._process, signal.SIGTERM, 5)


class Notifier:
    """Posts what S3 would post for each object that is stored; what reaches the queue, its seed says."""

    def __init__(self, server: QueueServer, name: str, seed: str, bucket: str) -> None:
        self._server = server
        self._name = name
        self._bucket = bucket
        self._draw = random.Random(f"{seed}/queue")
        self._held: list[str] = []
        self._calm = False
        self._posting: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        #: How often each fate befell a message.
        self.struck: Counter[str] = Counter()

    @property
    def environment(self) -> dict[str, str]:
        """What a loader is given that listens."""
        return {
            "AWS_ENDPOINT_URL_SQS": self._server.url,
            "TEXTRAIL_LOADER__QUEUE_URL": self._url,
        }

    @property
    def _url(self) -> str:
        return f"{self._server.url}/{_ACCOUNT}/{self._name}"

    async def start(self) -> None:
        """Makes the queue; S3's trial comes first."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        await self._call("CreateQueue", QueueName=self._name)
        trial = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": self._bucket}
        await self._post(json.dumps(trial), 0)

    async def stop(self) -> None:
        """Posts nothing more."""
        for task in self._posting:
            task.cancel()
        await asyncio.gather(*self._posting, return_exceptions=True)
        if self._session:
            await self._session.close()

    def calm(self) -> None:
        """From here on every message comes, once, in order."""
        self._calm = True

    def stored(self, path: str) -> None:
        """Tells of the object under `/bucket/key`."""
        key = path.removeprefix(f"/{self._bucket}/")
        # AWS keeps slashes and writes blanks as a plus; others encode all.
        encoded = quote_plus(key, safe="/") if self._draw.random() < 0.5 else quote(key, safe="")
        place = {"bucket": {"name": self._bucket}, "object": {"key": encoded}}
        body = json.dumps({"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": place,
        }]})
        [fate] = ["passed"] if self._calm else self._draw.choices(list(_FATES), list(_FATES.values()))
        if fate != "passed":
            self.struck[fate] += 1
        match fate:
            case "passed":
                self._send(body, 0)
            case "doubled":
                self._send(body, 0)
                self._send(body, self._draw.choice([0, 0.5, 3]))
            case "late":
                self._send(body, self._draw.uniform(0.5, 6))
            case "swapped":
                self._held.append(body)
                return
        # One that was held back comes after this one.
        while self._held:
            self._send(self._held.pop(), 0.05)

    def _send(self, body: str, delay: float) -> None:
        task = asyncio.create_task(self._post(body, delay))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _post(self, body: str, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._call("SendMessage", QueueUrl=self._url, MessageBody=body)

    async def _call(self, action: str, **parameters: str) -> None:
        if self._session is None:
            raise RuntimeError("the notifier was not started")
        # moto reads from the credential which service is meant.
        signed = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=x"
        headers = {
            "Authorization": signed, "X-Amz-Target": f"AmazonSQS.{action}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        body = json.dumps(parameters)
        async with self._session.post(self._server.url, data=body, headers=headers) as answer:
            answer.raise_for_status()
