"""Fills the ledger with history: messages of the last 30 days, each with a link."""

import datetime
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .world import PROGRAMS, Bench

SQL = Path(__file__).with_name("seed.sql")
CODE_LENGTH = 10
#: Messages at a time: the log of more would fill a disk.
STEP = 1_000_000


@dataclass
class History:
    """What was put into the ledger."""

    messages: int
    #: A short code a line, and a message id a line, of all of them.
    codes: Path
    ids: Path


def fill(world: Bench, messages: int) -> History:
    """An empty ledger's first messages."""
    history = History(0, world.folder / "codes", world.folder / "ids")
    grow(world, history, messages)
    return history


def grow(world: Bench, history: History, more: int) -> None:
    """More messages, which are spread over all of the 30 days as those before them are. No service may
    run: one that does has an older idea of which numbers were given to links."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        for done in range(0, more, STEP):
            add(connection, history, min(STEP, more - done))
            connection.execute("CHECKPOINT")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def add(connection: psycopg.Connection, history: History, count: int) -> None:
    """So many, in one transaction, whose settings end with it."""
    first = next_link(connection)
    end = first + count
    connection.execute("CREATE UNLOGGED TABLE seed_codes (number bigint, code text)")
    write_codes(connection, history.codes, first, end)
    text = SQL.read_text()
    for name, value in {"begun": datetime.datetime.now(datetime.timezone.utc).isoformat(), "from": first,
                        "to": end, "count": count}.items():
        text = text.replace("{" + name + "}", str(value))
    with connection.transaction():
        connection.execute(text)
    with (history.ids.open("ab") as file,
          connection.cursor().copy("COPY (SELECT message_id FROM seed_messages) TO STDOUT") as copy):
        file.writelines(copy)
    connection.execute("DROP TABLE seed_codes, seed_messages")
    history.messages += count


def write_codes(connection: psycopg.Connection, file: Path, first: int, end: int) -> None:
    """The codes of link numbers, into the table and to the file's end."""
    command = [str(PROGRAMS / "short_codes"), draw_key(connection), str(CODE_LENGTH), str(first), str(end)]
    with (subprocess.Popen(command, stdout=subprocess.PIPE) as made, file.open("ab") as codes,
          connection.cursor().copy("COPY seed_codes FROM STDIN") as copy):
        assert made.stdout
        for line in made.stdout:
            copy.write(line)
            codes.write(line.split(b"\t")[1])
    if made.returncode:
        raise SystemExit(f"short_codes failed ({made.returncode})")


def next_link(connection: psycopg.Connection) -> int:
    """The first number that no link has."""
    row = connection.execute("SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END"
                             " FROM link_numbers").fetchone()
    assert row
    return int(row[0])


def draw_key(connection: psycopg.Connection) -> str:
    """The key of short codes, drawn as the service draws it on its first start."""
    connection.execute("INSERT INTO ledger_secrets VALUES ('short_code_key', sha256(uuid_send(gen_random_uuid())))"
                       " ON CONFLICT DO NOTHING")
    row = connection.execute("SELECT encode(value, 'hex') FROM ledger_secrets"
                             " WHERE name = 'short_code_key'").fetchone()
    assert row
    return str(row[0])
