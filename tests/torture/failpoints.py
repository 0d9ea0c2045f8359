"""The failpoints of the source: a new one of a known room is tortured without further work."""

import re
from pathlib import Path

_FAILPOINT = re.compile(r'fail_point!\(\s*"([a-z0-9_.]+)"')
#: Which services run the code of a room, by the first word of a failpoint's name.
_SERVICES = {
    "ship": ("ship",),
    "lake": ("ship", "load"),
    "load": ("load",),
    "announce": ("load",),
    "warehouse": ("load",),
    "recorder": ("serve",),
    "spool": ("serve",),
    "http": ("serve",),
    "ledger": ("serve", "ship"),
    "reprocess": ("reprocess",),
    # Never reached here: what is days old, and a command that a person runs, which a test kills.
    "requests": (),
    "replay": (),
}


def discover(source: Path) -> dict[str, tuple[str, ...]]:
    """The name of each failpoint in the source, with the services that may come to it.

    Raises KeyError for one of a room that is not known here.
    """
    names = {
        name
        for file in sorted(source.rglob("*.rs"))
        if file.name != "failpoint.rs"
        for name in _FAILPOINT.findall(file.read_text())
    }
    return {name: _SERVICES[name.partition(".")[0]] for name in sorted(names)}
