"""Real S3 servers: SeaweedFS, and the store that `textrail up` has inside."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import processes
from .ports import free_port

ACCESS_KEY = "torture"
SECRET_KEY = "torture-torture-torture"
#: One that AWS has: moto knows no other.
REGION = "us-east-1"
_START_SECONDS = 60


class Store(Protocol):
    """An S3 server that this process owns."""

    port: int
    #: Whether it can be killed and started again within a round.
    mortal: bool

    async def start(self) -> None: ...
    async def kill(self) -> None: ...
    async def stop(self) -> None: ...


def client(port: int) -> BaseClient:
    """A client that is not textrail's."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 4}),
    )


@dataclass
class _Process:
    folder: Path
    process: asyncio.subprocess.Process | None = None

    async def run(self, arguments: list[str | Path], environment: dict[str, str]) -> None:
        with (self.folder / "store.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *arguments, stdout=log, stderr=log, cwd=self.folder, env=os.environ | environment
            )

    async def ready(self, port: int, bucket: str) -> None:
        """Waits until the server takes a bucket, or has it."""
        s3 = client(port)
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while True:
            try:
                await asyncio.to_thread(_have_bucket, s3, bucket)
                return
            except (BotoCoreError, ClientError):
                if self.process and self.process.returncode is not None:
                    raise RuntimeError(f"the S3 server ended: see {self.folder}/store.log") from None
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def end(self, number: signal.Signals) -> None:
        if self.process is not None:
            await processes.stop(self.process, number, 10)


def _have_bucket(s3: BaseClient, bucket: str) -> None:
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        s3.create_bucket(Bucket=bucket)


class SeaweedFS:
    """SeaweedFS. It takes seconds to start, so all rounds share one, each with a prefix of its own."""

    mortal = False

    def __init__(self, folder: Path, program: Path, bucket: str) -> None:
        self.port = free_port()
        self._program = program
        self._bucket = bucket
        self._process = _Process(folder)

    async def start(self) -> None:
        folder = self._process.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data").mkdir(exist_ok=True)
        keys = folder / "s3.json"
        keys.write_text(
            '{"identities":[{"name":"torture","credentials":[{"accessKey":"%s","secretKey":"%s"}],'
            '"actions":["Admin","Read","Write","List"]}]}' % (ACCESS_KEY, SECRET_KEY)
        )
        ports = [free_port() for _ in range(3)]
        await self._process.run(
            [
                self._program, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}/data",
                f"-master.port={ports[0]}", f"-volume.port={ports[1]}", f"-filer.port={ports[2]}",
                "-filer", "-s3", f"-s3.port={self.port}", f"-s3.config={keys}",
                # Doors on fixed ports, on which another one may listen.
                "-s3.port.iceberg=0", "-s3.port.lance=0",
                "-master.volumeSizeLimitMB=64", "-volume.max=50", "-master.telemetry=false",
            ],
            {},
        )
        await self._process.ready(self.port, self._bucket)

    async def kill(self) -> None:
        raise NotImplementedError("SeaweedFS is shared by all rounds")

    async def stop(self) -> None:
        await self._process.end(signal.SIGTERM)


class EmbeddedStore:
    """textrail's own store, in a process of its own (`examples/object_store.rs`)."""

    mortal = True

    def __init__(self, folder: Path, program: Path, bucket: str) -> None:
        self.port = free_port()
        self._program = program
        self._bucket = bucket
        self._process = _Process(folder)

    async def start(self) -> None:
        folder = self._process.folder
        folder.mkdir(parents=True, exist_ok=True)
        await self._process.run(
            [self._program, folder / "objects", self._bucket, f"127.0.0.1:{self.port}"],
            {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY},
        )
        await self._process.ready(self.port, self._bucket)

    async def kill(self) -> None:
        await self._process.end(signal.SIGKILL)

    async def stop(self) -> None:
        await self._process.end(signal.SIGINT)
