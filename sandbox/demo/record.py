"""The record of the play: begun, played, and cleared where it was interrupted."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sandbox.demo.tables import DemoYear
from sandbox.foundation.database import fetch, transaction
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.tables import APPEND_ONLY

_KEPT = ("migration",)


async def played() -> bool:
    """Whether the whole year is there."""
    return bool(
        await fetch(
            "SELECT FROM demo_year WHERE played_at IS NOT NULL "
            "UNION ALL SELECT FROM job_effect WHERE key = 'demo year played'"  # its earlier mark
        )
    )


async def begin() -> None:
    """Note that a play begins; what an interrupted one left is cleared first.

    :raises RuleBroken: an interrupted play left its half, and others' data lie beside it.
    """
    async with transaction():
        if await DemoYear.exists():
            await _clear()
        await DemoYear(id=uuid4(), begun_at=datetime.now(UTC)).save()


async def finish() -> None:
    """Note that the year was played to its end."""
    await fetch("UPDATE demo_year SET played_at = $1", datetime.now(UTC))


async def _clear() -> None:
    """Empty every table, provided that nobody has an account but the demo's own people.

    Whatever there is hangs on an account. Chains of the audit trail never lose their rows
    otherwise, which is why the half of a year is not picked out from among other cases.
    """
    strangers = await fetch("SELECT email FROM account WHERE NOT demo ORDER BY email LIMIT 3")
    if strangers:
        raise RuleBroken(
            "demo.others",
            "The demo year was begun and never played to its end, and people who are not of the "
            f"demo have accounts beside it ({', '.join(row['email'] for row in strangers)}). "
            "Nothing was changed: use an empty database for the demo.",
        )
    rows = await fetch(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    )
    names = sorted({row["name"] for row in rows} - set(_KEPT))
    await _run(
        *(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in APPEND_ONLY),
        f"TRUNCATE {', '.join(names)} RESTART IDENTITY",
        *(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in APPEND_ONLY),
    )
    await _restart_numbers()


async def _restart_numbers() -> None:
    rows = await fetch(
        "SELECT sequencename AS name FROM pg_sequences WHERE schemaname = current_schema() "
        "AND sequencename <> ALL($1)",
        [f"{name}_id_seq" for name in _KEPT],
    )
    await _run(*(f"ALTER SEQUENCE {row['name']} RESTART" for row in rows))


async def _run(*statements: str) -> None:
    for statement in statements:
        await fetch(statement)
