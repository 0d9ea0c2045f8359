"""Where PostgreSQL's programs are, for torture, outages and benchmarks."""

import subprocess
from pathlib import Path

_ASKED = Path(__file__).parent.parent / "scripts/postgres-programs"


def postgres_programs() -> Path:
    """The folder that holds them: see scripts/postgres-programs."""
    return Path(subprocess.check_output([_ASKED], text=True).strip())
