"""Reads a lake: manifests and log files, by nothing but gzip, JSON and SHA-256."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from botocore.client import BaseClient


class Objects(Protocol):
    """A bucket's objects under one prefix."""

    def keys(self) -> list[str]:
        """Every key, without the prefix, in order."""
        ...

    def get(self, key: str) -> bytes:
        """An object's bytes."""
        ...


@dataclass
class Bucket:
    """Objects in S3."""

    s3: BaseClient
    bucket: str
    #: Ends with a slash.
    prefix: str

    def keys(self) -> list[str]:
        """See `Objects`."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        found = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return sorted(key.removeprefix(self.prefix) for key in found)

    def get(self, key: str) -> bytes:
        """See `Objects`."""
        return self.s3.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()

    def put(self, key: str, body: bytes) -> None:
        """Stores an object."""
        self.s3.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=body)


@dataclass
class Folder:
    """Objects as plain files."""

    root: Path

    def keys(self) -> list[str]:
        """See `Objects`."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in files)

    def get(self, key: str) -> bytes:
        """See `Objects`."""
        return (self.root / key).read_bytes()


@dataclass
class Line:
    """One log line, and where it stands."""

    file: str
    number: int
    values: dict[str, Any]


@dataclass
class Lake:
    """All that a lake holds, and what is wrong with it by itself."""

    lines: list[Line] = field(default_factory=list)
    #: By epoch and number.
    windows: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    #: Lines of each file, by key.
    files: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    #: A file whose lines must all be put aside.
    bad_file: str | None = None


def read(objects: Objects, lost_epochs: Collection[int] = (), bad_file: str | None = None) -> Lake:
    """Reads everything, and checks manifests against files and files against manifests. An epoch that
    was lost may have left files of a window that it never came to name. No line of the bad file can be
    loaded."""
    lake = Lake(bad_file=bad_file)
    keys = objects.keys()
    for key in keys:
        if key.startswith("_manifest/"):
            _read_manifest(objects, key, lake)
    named = {entry["key"] for window in lake.windows.values() for entry in window["files"]}
    for key in keys:
        if key.startswith("events/") and key not in named and _epoch(key) not in lost_epochs:
            lake.faults.append(f"the file {key} stands in the lake, and no manifest names it")
        # What strange messages of the queue said is no line.
        if key.startswith("_quarantine/") and not key.startswith("_quarantine/queue/") and not bad_file:
            lake.faults.append(f"lines were quarantined: {key}")
    _check_numbers(lake)
    return lake


def _epoch(key: str) -> int | None:
    """Of a file `events/click/dt=…/hr=…/20261123T050500Z-<epoch>-<window>-<part>.json.gz`."""
    parts = key.rpartition("/")[2].split("-")
    return int(parts[1]) if len(parts) == 4 and parts[1].isdigit() else None


def boundary_with(objects: Objects, reference: str) -> datetime | None:
    """The mark of the clock of the window that holds a message of this reference, looked for among
    the latest windows."""
    wanted = f'"client_reference":"{reference}"'.encode()
    manifests = [key for key in objects.keys() if key.startswith("_manifest/")]
    for key in reversed(manifests[-5:]):
        manifest = json.loads(objects.get(key))
        messages = (entry["key"] for entry in manifest["files"] if entry["kind"] == "message")
        if any(wanted in gzip.decompress(objects.get(file)) for file in messages):
            return datetime.fromisoformat(manifest["boundary"])
    return None


def _read_manifest(objects: Objects, key: str, lake: Lake) -> None:
    manifest = json.loads(objects.get(key))
    name = (manifest["epoch"], manifest["window"])
    if name in lake.windows:
        lake.faults.append(f"window {name} has two manifests; one is {key}")
        return
    lake.windows[name] = manifest
    if not manifest["files"]:
        lake.faults.append(f"the manifest {key} names no file: an empty window costs no object")
    for entry in manifest["files"]:
        _read_file(objects, entry, lake)


def _read_file(objects: Objects, entry: dict[str, Any], lake: Lake) -> None:
    key = entry["key"]
    if key in lake.files:
        lake.faults.append(f"two manifests name the file {key}")
        return
    try:
        body = objects.get(key)
        text = gzip.decompress(body)
    except (OSError, EOFError, zlib.error, KeyError) as error:
        lake.faults.append(f"the file {key} cannot be read: {error}")
        return
    except Exception as error:  # whatever the client of a store raises for a missing object
        lake.faults.append(f"the file {key} is not there: {error}")
        return
    lines = text.split(b"\n")
    if lines.pop() != b"":
        lake.faults.append(f"the file {key} does not end with the end of a line")
    found = {
        "rows": len(lines),
        "text_bytes": len(text),
        "text_sha256": hashlib.sha256(text).hexdigest(),
        "object_bytes": len(body),
        "object_sha256": hashlib.sha256(body).hexdigest(),
    }
    lake.files[key] = len(lines)
    for name, value in found.items():
        if entry[name] != value:
            lake.faults.append(f"the file {key} has {name} {value}, its manifest says {entry[name]}")
    for number, line in enumerate([] if key == lake.bad_file else lines, 1):
        values = json.loads(line)
        if values["kind"] != entry["kind"] or f"/{entry['kind']}/" not in key:
            lake.faults.append(f"{key}:{number} is a line of kind {values['kind']}")
        lake.lines.append(Line(key, number, values))


def _check_numbers(lake: Lake) -> None:
    """Within an epoch, the windows and the empty ones before them follow each other without a gap."""
    for epoch in sorted({epoch for epoch, _ in lake.windows}):
        expected = None
        for number in sorted(number for of, number in lake.windows if of == epoch):
            first = lake.windows[epoch, number]["first_window"]
            if expected is not None and first != expected:
                lake.faults.append(
                    f"window {number} of epoch {epoch} accounts for those from {first}, not from {expected}"
                )
            expected = number + 1
