"""Reads a warehouse's file, after its loader has stopped."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

#: The table in which each kind's lines are kept whole. A receipt is in one of two.
FACT_TABLES = {
    "submission": ["submissions"],
    "receipt": ["receipts", "parked_receipts"],
    "match": ["matches"],
    "click": ["clicks"],
    "inbound": ["inbound"],
    "opt_out": ["opt_outs"],
}
Row = dict[str, Any]


@dataclass
class Warehouse:
    """The current generation's tables: times as microseconds, UUIDs as text."""

    tables: dict[str, list[Row]]

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables[table]


def read(directory: Path) -> Warehouse:
    """Reads the generation that the pointer names."""
    name = (directory / "current").read_text().strip()
    with duckdb.connect(str(directory / f"{name}.duckdb")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND NOT internal"
        ).fetchall()
        return Warehouse({table: _rows(connection, table) for (table,) in names})


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    columns = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [table],
    ).fetchall()
    selected = ", ".join(_plain(name, kind) for name, kind in columns)
    found = connection.execute(f'SELECT {selected} FROM "{table}"').fetchall()
    return [dict(zip((name for name, _ in columns), row, strict=True)) for row in found]


def _plain(name: str, kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f'epoch_us("{name}")'
    if kind == "UUID":
        return f'"{name}"::VARCHAR'
    return f'"{name}"'


def microseconds(text: str) -> int:
    """A time of a log line as the tables have it here."""
    time = datetime.fromisoformat(text)
    return int(time.timestamp()) * 1_000_000 + time.microsecond
