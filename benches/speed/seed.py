"""Fills the ledger with history: messages of the last 30 days, each with a link."""

import datetime
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .world import PROGRAMS, Bench

SQL = Path(__file__).with_name("seed.sql")
CODE_LENGTH = 10


@dataclass
class History:
    """What was put into the ledger."""

    messages: int
    #: A short code a line, and a message id a line, of all of them in order of their numbers.
    codes: Path
    ids: Path


def fill(world: Bench, messages: int) -> History:
    history = History(messages, world.folder / "codes", world.folder / "ids")
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        key = draw_key(connection)
        codes = subprocess.run([PROGRAMS / "short_codes", key, str(CODE_LENGTH), "0", str(messages)],
                               check=True, capture_output=True).stdout
        connection.execute("CREATE UNLOGGED TABLE seed_codes (number bigint, code text)")
        with connection.cursor().copy("COPY seed_codes FROM STDIN") as copy:
            copy.write(codes)
        begun = datetime.datetime.now(datetime.timezone.utc).isoformat()
        text = SQL.read_text().replace("{begun}", begun).replace("{messages}", str(messages))
        connection.execute(text.replace("{from}", "0").replace("{to}", str(messages)))
        connection.execute("DROP TABLE seed_codes")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        history.codes.write_bytes(b"".join(line.split(b"\t")[1] + b"\n" for line in codes.splitlines()))
        with history.ids.open("w") as file:
            for (one,) in connection.execute("SELECT seed_id(n) FROM generate_series(0, %s) AS n",
                                             (messages - 1,)):
                file.write(f"{one}\n")
    return history


def draw_key(connection: psycopg.Connection) -> str:
    """The key of short codes, drawn as the service draws it on its first start."""
    connection.execute("INSERT INTO ledger_secrets VALUES ('short_code_key', sha256(uuid_send(gen_random_uuid())))"
                       " ON CONFLICT DO NOTHING")
    row = connection.execute("SELECT encode(value, 'hex') FROM ledger_secrets"
                             " WHERE name = 'short_code_key'").fetchone()
    assert row
    return str(row[0])
