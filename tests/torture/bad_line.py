"""A window of a lost epoch with a line that cannot be loaded, as a mistake of a newer writer would leave it."""

import gzip
import hashlib
import json

from .lake import Bucket

_LINE = b'{"schema_version":1,"kind":"click","event_id":"no uuid","clicks":"many"}\n'


def plant(objects: Bucket) -> list[str]:
    """Puts it behind the last window of the first epoch; the keys that it took, its log file's first.
    Nothing is planted in a lake without a window."""
    manifests = [key for key in objects.keys() if key.startswith("_manifest/") and "/0001-" in key]
    if not manifests:
        return []
    manifest = json.loads(objects.get(manifests[-1]))
    window = manifest["window"] + 1
    sealed_at = manifest["sealed_at"]
    day, hour = sealed_at[:10], sealed_at[11:13]
    name = "".join(letter for letter in manifest["boundary"] if letter not in "-:")
    file = f"events/click/dt={day}/hr={hour}/{name}-0001-{window:010}-0000.json.gz"
    body = gzip.compress(_LINE, mtime=0)
    manifest |= {"window": window, "first_window": window, "previous_snapshot": manifest["snapshot"]}
    manifest["files"] = [{
        "key": file, "kind": "click", "part": 0, "rows": 1,
        "text_bytes": len(_LINE), "text_sha256": hashlib.sha256(_LINE).hexdigest(),
        "object_bytes": len(body), "object_sha256": hashlib.sha256(body).hexdigest(),
        "first_recorded_at": sealed_at, "last_recorded_at": sealed_at,
    }]
    key = f"_manifest/dt={day}/0001-{window:010}.json"
    objects.put(file, body)
    objects.put(key, json.dumps(manifest).encode())
    return [file, key]
