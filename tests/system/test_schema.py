"""The schema: what the migrations make is what the models say."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import pytest
from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.table import sort_table_classes

from sandbox.foundation.database import DB, fetch, pool
from sandbox.migrations import schema
from sandbox.migrations.piccolo_app import APP_CONFIG, TABLE_MODULES
from tests import harness

COLUMNS = (
    "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable "
    "FROM information_schema.columns WHERE table_schema = 'public' "
    "AND table_name <> 'migration' ORDER BY table_name, column_name"
)
CONSTRAINTS = (
    "SELECT conrelid::regclass::text AS table_name, pg_get_constraintdef(oid) AS definition "
    "FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' "
    "AND conrelid::regclass::text <> 'migration' ORDER BY 1, 2"
)
FURNITURE = (
    "SELECT indexdef AS definition FROM pg_indexes WHERE schemaname = 'public' "
    "UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
)


async def test_no_migration_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """Where this fails, run ``make migration WHAT="…"`` and read what it wrote."""
    changes = await AutoMigrationManager(auto_input="y").get_alter_statements(APP_CONFIG)
    capsys.readouterr()
    assert [statement for change in changes for statement in change.statements] == []


async def test_the_migrated_database_is_that_of_the_models(database: str) -> None:
    migrated = [await fetch(query) for query in (COLUMNS, CONSTRAINTS)]
    assert len(migrated[0]) > 500
    assert [await _of_models(query) for query in (COLUMNS, CONSTRAINTS)] == migrated
    assert DB.config["database"] == database


async def _of_models(query: str) -> list[dict[str, Any]]:
    """What ``query`` finds where the tables were made without any migration."""
    connection = await harness.connect()
    overturned = connection.transaction()
    await overturned.start()
    try:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        for table in sort_table_classes(APP_CONFIG.table_classes):
            for statement in table.create_table().ddl:
                await connection.execute(statement)
        for module in TABLE_MODULES:
            for statement in getattr(import_module(module), "TABLES", ()):
                await connection.execute(statement)
        return [dict(row) for row in await connection.fetch(query)]
    finally:
        await overturned.rollback()
        await connection.close()


@pytest.mark.usefixtures("database")
async def test_migrating_again_changes_nothing() -> None:
    before = [await fetch(query) for query in (COLUMNS, CONSTRAINTS, FURNITURE)]
    await asyncio.gather(schema.migrate(), schema.migrate())
    assert [await fetch(query) for query in (COLUMNS, CONSTRAINTS, FURNITURE)] == before
    assert len(await fetch("SELECT FROM migration")) == len(
        await fetch("SELECT DISTINCT name FROM migration")
    )


async def test_several_at_once_in_an_empty_database_make_one_schema(template: str) -> None:
    await harness.administer("CREATE DATABASE from_nothing")
    usual = DB.config["database"]
    DB.config["database"] = "from_nothing"
    try:
        async with pool():
            await asyncio.gather(*(schema.migrate() for _ in range(3)))
            assert len(await fetch(COLUMNS)) > 500
    finally:
        DB.config["database"] = usual
        await harness.drop("from_nothing")
    assert template


@pytest.mark.usefixtures("database")
async def test_tables_of_unknown_making_are_left_alone() -> None:
    await fetch("DROP TABLE migration")
    with pytest.raises(SystemExit, match="tables that no migration made"):
        await schema.migrate()
    assert len(await fetch(COLUMNS)) > 500


@pytest.mark.usefixtures("database")
async def test_every_index_and_trigger_that_slices_ask_for_is_there() -> None:
    there = "\n".join(row["definition"] for row in await fetch(FURNITURE))
    for name in ("audit_event_chain", "outbox_unsent", "point_series", "breach_open_slice"):
        assert f" {name} " in there
    for table in ("audit_event", "audit_seal", "audit_seal_leaf"):
        assert f"TRIGGER {table}_append_only" in there
