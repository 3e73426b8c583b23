"""The one place that brings a database to the schema of this version.

Tables and columns come by the migrations in ``versions``, each run once. What Piccolo cannot
express (functions, triggers, partial indexes) stands beside its tables in their slice's
``tables.py`` as statements that are run after the migrations, every time: each leaves alone
what is there. Such a thing is changed by giving it a new name, or by a migration that drops it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from types import ModuleType

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from sandbox.foundation.database import DB, transaction
from sandbox.foundation.tables import append_only_sql
from sandbox.migrations.piccolo_app import APP_CONFIG, TABLE_MODULES

os.environ.setdefault("PICCOLO_CONF", "sandbox.migrations.piccolo_conf")  # Piccolo asks there


class CannotMigrate(SystemExit):
    """The database is not one that the migrations can begin from; its text says why."""


def known() -> set[str]:
    """The migrations of this version, by their ids."""
    folder = APP_CONFIG.resolved_migrations_folder_path
    return set(ForwardsMigrationManager(APP_CONFIG.app_name).get_migration_modules(folder))


async def migrate() -> None:
    """Run every migration that has not been run; all of it or nothing.

    Several processes that do it at once wait for each other.

    :raises CannotMigrate: there are tables which no migration made.
    """
    async with transaction():
        await _execute("SELECT pg_advisory_xact_lock(hashtext('schema'))")
        await _execute("SET LOCAL client_min_messages = warning")
        await _run_migrations()
        for name in TABLE_MODULES:
            await _furnish(import_module(name))


async def _run_migrations() -> None:
    manager = ForwardsMigrationManager(app_name=APP_CONFIG.app_name)
    if await manager.create_migration_table() and await _has_tables():
        raise CannotMigrate(
            "The database has tables that no migration made: use an empty database,"
            " or remove the folder VAR where nothing in it is to be kept."
        )
    with redirect_stdout(StringIO()) as told:
        result = await manager.run_migrations(APP_CONFIG)
    if not result.success:
        raise CannotMigrate(f"The migrations cannot be run: {told.getvalue()}")


async def _has_tables() -> bool:
    current = DB.current_transaction.get()
    assert current is not None
    return bool(await current.connection.fetchval("SELECT to_regclass('audit_event')"))


async def _furnish(tables: ModuleType) -> None:
    """What Piccolo cannot express: a module's partitions, functions, triggers and indexes."""
    for constant in ("TABLES", "TRIGGERS", "INDEXES", "SQL"):
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
