"""Writes the next migration: ``make migration WHAT="Say what a firm is called abroad"``.

The first one is written as plain tables, for people to read; each later one holds only what
changed, as Piccolo writes it.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from piccolo import __VERSION__
from piccolo.apps.migrations.commands.new import NoChanges, _create_new_migration
from piccolo.columns import Column
from piccolo.table import Table, sort_table_classes

from sandbox.migrations import schema  # noqa: F401  (tells Piccolo where to look)
from sandbox.migrations.piccolo_app import APP_CONFIG, HERE

VERSIONS = HERE / "versions"

_HEAD = '''"""{what}."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import {columns}
from piccolo.columns.defaults.date import DateNow
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

ID = "{id}"
VERSION = "{version}"
DESCRIPTION = "{what}"

'''
_FOOT = '''

TABLES: tuple[type[Table], ...] = (
{tables}
)


async def forwards() -> MigrationManager:
    """Make every table."""
    manager = MigrationManager(migration_id=ID, app_name="sandbox", description=DESCRIPTION)
    for table in TABLES:
        name, stored = table.__name__, table._meta.tablename
        manager.add_table(class_name=name, tablename=stored)
        for column in table._meta.non_default_columns:
            manager.add_column(
                table_class_name=name,
                tablename=stored,
                column_name=column._meta.name,
                column_class=type(column),
                column_class_name=type(column).__name__,
                params=column._meta.params,
            )
    return manager
'''


def write(what: str) -> Path | None:
    """Write the migration from the newest to the models; none where nothing changed."""
    if not list(VERSIONS.glob("sandbox_*.py")):
        return _write_first(what)
    try:
        made = asyncio.run(_create_new_migration(APP_CONFIG, auto=True, description=what))
    except NoChanges:
        return None
    return Path(made.migration_path)


def _write_first(what: str) -> Path:
    now = datetime.now(UTC)
    tables = sort_table_classes(sorted(APP_CONFIG.table_classes, key=lambda table: table.__name__))
    columns = {type(column) for table in tables for column in table._meta.non_default_columns}
    columns |= {type(base) for table in tables for base in _bases(table)}
    head = _HEAD.format(
        what=what,
        columns=", ".join(sorted(column.__name__ for column in columns)),
        id=f"{now:%Y-%m-%dT%H:%M:%S:%f}",
        version=__VERSION__,
    )
    foot = _FOOT.format(tables="\n".join(f"    {table.__name__}," for table in tables))
    path = VERSIONS / f"sandbox_{now:%Y_%m_%d}_first.py"
    path.write_text(head + "\n\n".join(map(_table, tables)) + foot)
    return path


def _bases(table: type[Table]) -> list[Column]:
    """The columns that the table's arrays are made of."""
    params = (column._meta.params for column in table._meta.non_default_columns)
    return [one["base_column"] for one in params if "base_column" in one]


def _table(table: type[Table]) -> str:
    lines = [f'\nclass {table.__name__}(Table, tablename="{table._meta.tablename}"):']
    lines += [
        f"    {column._meta.name} = {_column(column)}" for column in table._meta.non_default_columns
    ]
    return "\n".join(lines)


def _column(column: Column) -> str:
    """``column`` as it is made, without what it would be anyway."""
    usual = _defaults(type(column))
    said = [
        f"{name}={_value(value)}"
        for name, value in column._meta.params.items()
        if name not in usual or repr(usual[name]) != repr(value)
    ]
    return f"{type(column).__name__}({', '.join(said)})"


def _defaults(kind: type[Column]) -> dict[str, Any]:
    signatures = [inspect.signature(one.__init__) for one in (Column, kind)]
    return {
        name: parameter.default
        for signature in signatures
        for name, parameter in signature.parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


def _value(value: Any) -> str:
    if isinstance(value, Column):
        return _column(value)
    if isinstance(value, type):
        return value.__name__
    return repr(value)


if __name__ == "__main__":
    written = write(" ".join(sys.argv[1:]) or "Change the schema")
    click.echo(written or "The migrations say what the models say.")
