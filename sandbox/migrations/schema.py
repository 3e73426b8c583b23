"""The one place that brings a database to the schema of this version."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import ModuleType

from piccolo.table import sort_table_classes

from sandbox.foundation.database import DB, transaction
from sandbox.foundation.tables import append_only_sql
from sandbox.migrations.piccolo_app import APP_CONFIG, TABLE_MODULES


async def create_all() -> None:
    """Make every table, index and trigger that is missing.

    Idempotent; several processes that do it at once wait for each other.
    """
    async with transaction():
        await _execute("SELECT pg_advisory_xact_lock(hashtext('schema'))")
        await _execute("SET LOCAL client_min_messages = warning")
        for table in sort_table_classes(APP_CONFIG.table_classes):
            await table.create_table(if_not_exists=True)
        for name in TABLE_MODULES:
            await _furnish(import_module(name))


async def _furnish(tables: ModuleType) -> None:
    """What Piccolo cannot express: a module's functions, triggers and indexes."""
    for constant in ("TRIGGERS", "INDEXES", "SQL"):
        for statement in _several(getattr(tables, constant, ())):
            await _execute(statement)
    for table in getattr(tables, "APPEND_ONLY", ()):
        await _execute(append_only_sql(table))


def _several(statements: str | Iterable[str]) -> Iterable[str]:
    return (statements,) if isinstance(statements, str) else statements


async def _execute(statements: str) -> None:
    """One or more statements without parameters, which a prepared query could not be."""
    current = DB.current_transaction.get()
    assert current is not None
    await current.connection.execute(statements)
