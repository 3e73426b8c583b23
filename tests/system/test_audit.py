"""The audit trail: whoever can switch the triggers off and tampers is found out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from sandbox.foundation import audit, clock
from sandbox.foundation.database import fetch
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM
from sandbox.people.tables import Organisation
from tests import harness

pytestmark = pytest.mark.usefixtures("database")

TABLES = ("audit_event", "audit_head", "audit_seal", "audit_seal_leaf")


async def _case(events: int) -> UUID:
    """A chain of so many events."""
    case = Organisation(id=uuid4(), name="Firm", made_at=clock.now())
    for number in range(1, events + 1):
        async with work_of(SYSTEM) as work:
            work.record("organisation.changed", case, step=number, note="kajian – ujian")
    return case.id


async def _trail() -> tuple[UUID, UUID]:
    """Two chains of five events: four sealed (in two seals), one not yet."""
    one, other = await _case(2), await _case(2)
    assert await audit.seal() == 2
    for case in (one, other):
        await _more(case, 2)
    assert await audit.seal() == 2
    for case in (one, other):
        await _more(case, 1)
    return one, other


async def _more(case: UUID, events: int) -> None:
    subject = Organisation(id=case, name="Firm", made_at=clock.now())
    for _ in range(events):
        async with work_of(SYSTEM) as work:
            work.record("organisation.changed", subject)


async def _tamper(*statements: str, **values: Any) -> None:
    """Do as a superuser who has switched the triggers off; ``{case}`` is put into the words."""
    connection = await harness.connect(superuser=True)
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement.format(**values))
    finally:
        await connection.close()


async def _findings(case: UUID | None = None) -> set[tuple[str, int]]:
    """Where the verification points: chain (or "seal") and number."""
    return {(found.case, found.number) for found in (await audit.verify(case)).findings}


# What is sound ---------------------------------------------------------------------------


async def test_an_honest_trail_is_sound() -> None:
    await _trail()
    verdict = await audit.verify()
    assert verdict.sound, verdict.findings
    assert (verdict.events, verdict.cases, verdict.seals) == (10, 2, 2)


async def test_an_empty_trail_is_sound() -> None:
    assert (await audit.verify()).sound
    assert await audit.seal() == 0


async def test_the_chain_does_not_depend_on_the_clock() -> None:
    case = await _case(1)
    with clock.at(clock.now() - timedelta(days=400)):
        await _more(case, 1)
    await audit.seal()
    assert (await audit.verify()).sound


# What nobody may do by accident ----------------------------------------------------------


@pytest.mark.parametrize("table", ["audit_event", "audit_seal", "audit_seal_leaf"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {table} SET number = number", "DELETE FROM {table}", "TRUNCATE {table}"]
)
async def test_the_database_itself_refuses(table: str, statement: str) -> None:
    await _trail()
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await fetch(statement.format(table=table))


# Tampering with a chain ------------------------------------------------------------------


CHANGED = {
    "at": "at + interval '1 microsecond'",
    "person": "gen_random_uuid()",
    "person_name": "person_name || ' '",
    "event": "'organisation.praised'",
    "subject_kind": "'account'",
    "subject": "gen_random_uuid()",
    "facts": "replace(facts, '3', '4') || ' '",
    "previous": "decode(repeat('00', 31) || '01', 'hex')",
    "hash": "decode(repeat('00', 31) || '01', 'hex')",
}


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("column", CHANGED)
async def test_a_changed_event_is_found_where_it_stands(column: str, number: int) -> None:
    one, other = await _trail()
    await _tamper(
        f"UPDATE audit_event SET {column} = {CHANGED[column]} "
        "WHERE \"case\" = '{case}' AND number = {number}",
        case=one,
        number=number,
    )
    findings = await _findings()
    assert (str(one), number) in findings
    assert not [found for found in findings if found[0] == str(other)]
    assert (str(one), number) in await _findings(one)
    assert await _findings(other) == set()


def test_every_column_of_an_event_is_hashed() -> None:
    columns = set(audit.Event.__dataclass_fields__) | {"previous", "hash"}
    assert columns - {"case"} == set(CHANGED)


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_removed_event_is_found(number: int) -> None:
    one, _other = await _trail()
    await _tamper(
        "DELETE FROM audit_event WHERE \"case\" = '{case}' AND number = {number}",
        case=one,
        number=number,
    )
    assert (str(one), number + 1) in await _findings()


async def test_a_cut_off_end_is_found_by_the_head() -> None:
    one, _other = await _trail()
    await _tamper("DELETE FROM audit_event WHERE \"case\" = '{case}' AND number > 4", case=one)
    assert (str(one), 4) in await _findings()


async def test_a_cut_off_end_is_found_by_the_seal_where_the_head_was_bent_too() -> None:
    one, _other = await _trail()
    await _tamper(
        "DELETE FROM audit_event WHERE \"case\" = '{case}' AND number > 3",
        "UPDATE audit_head h SET number = 3, sealed_number = 2, hash = e.hash FROM audit_event e "
        'WHERE e."case" = h."case" AND e.number = 3 AND h."case" = \'{case}\'',
        case=one,
    )
    assert await _findings() == {(str(one), 4)}
    assert await _findings(one) == {(str(one), 4)}


async def test_a_chain_that_is_gone_is_found() -> None:
    one, other = await _trail()
    await _tamper("DELETE FROM audit_event WHERE \"case\" = '{case}'", case=one)
    assert (str(one), 5) in await _findings()
    await _tamper("DELETE FROM audit_head WHERE \"case\" = '{case}'", case=one)
    assert await _findings() == {(str(one), 2), (str(one), 4)}
    assert await _findings(other) == set()


async def test_an_inserted_event_is_found() -> None:
    one, _other = await _trail()
    copied = (
        'INSERT INTO audit_event ("case", number, at, person, person_name, event, subject_kind, '
        'subject, facts, previous, hash) SELECT "case", {new}, at, person, person_name, event, '
        "subject_kind, subject, facts, previous, hash FROM audit_event "
        "WHERE \"case\" = '{case}' AND number = {number}"
    )
    await _tamper(copied, case=one, number=5, new=6)
    assert (str(one), 6) in await _findings()


async def test_an_event_put_in_between_is_found() -> None:
    one, _other = await _trail()
    await _tamper(
        "UPDATE audit_event SET number = -number WHERE \"case\" = '{case}' AND number > 2",
        "UPDATE audit_event SET number = 1 - number WHERE \"case\" = '{case}' AND number < 0",
        'INSERT INTO audit_event ("case", number, at, person, person_name, event, subject_kind, '
        'subject, facts, previous, hash) SELECT "case", 3, at, person, person_name, event, '
        "subject_kind, subject, facts, previous, hash FROM audit_event "
        "WHERE \"case\" = '{case}' AND number = 2",
        case=one,
    )
    assert (str(one), 3) in await _findings()


async def test_reordered_events_are_found() -> None:
    one, _other = await _trail()
    await _tamper(
        "UPDATE audit_event SET number = -number WHERE \"case\" = '{case}' AND number IN (2, 3)",
        "UPDATE audit_event SET number = 5 + number WHERE \"case\" = '{case}' AND number < 0",
        case=one,
    )
    assert {(str(one), 2), (str(one), 3)} <= await _findings()


async def test_an_event_moved_to_another_case_is_found() -> None:
    one, other = await _trail()
    await _tamper(
        "UPDATE audit_event SET \"case\" = '{other}', number = 6 "
        "WHERE \"case\" = '{case}' AND number = 5",
        case=one,
        other=other,
    )
    findings = await _findings()
    assert (str(other), 6) in findings
    assert (str(one), 4) in findings


async def test_a_chain_that_was_forged_anew_does_not_fit_its_seals() -> None:
    """The best a forger inside the database can do: every link and head is made to fit."""
    one, _other = await _trail()
    await _tamper("UPDATE audit_event SET facts = '{{}}' WHERE \"case\" = '{case}'", case=one)
    await _forge(one)
    assert await _findings() == {(str(one), 2), (str(one), 4)}


async def _forge(case: UUID) -> None:
    previous = audit.GENESIS
    for row in await fetch('SELECT * FROM audit_event WHERE "case" = $1 ORDER BY number', case):
        event = audit.Event(*(row[name] for name in audit.Event.__dataclass_fields__))
        hashed = audit.link(event, row["number"], previous)
        await _tamper(
            "UPDATE audit_event SET previous = '\\x{previous}', hash = '\\x{hash}' WHERE id = {id}",
            previous=previous.hex(),
            hash=hashed.hex(),
            id=row["id"],
        )
        previous = hashed
    await _tamper(
        "UPDATE audit_head SET hash = '\\x{hash}' WHERE \"case\" = '{case}'",
        hash=previous.hex(),
        case=case,
    )


# Tampering with heads and seals ----------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE audit_seal SET at = at + interval '1 second' WHERE number = 1", 1),
        ("UPDATE audit_seal SET root = hash WHERE number = 2", 2),
        ("UPDATE audit_seal SET hash = root WHERE number = 1", 1),
        ("UPDATE audit_seal SET previous = root WHERE number = 2", 2),
        ("UPDATE audit_seal SET heads = heads + 1 WHERE number = 1", 1),
        ("DELETE FROM audit_seal WHERE number = 1", 2),
        ("DELETE FROM audit_seal WHERE number = 2", 2),
        ("DELETE FROM audit_seal", 1),
        ("DELETE FROM audit_seal_leaf WHERE seal = 2", 2),
        ("UPDATE audit_seal_leaf SET seal = 1 WHERE seal = 2", 1),
        (
            """INSERT INTO audit_seal_leaf (seal, "case", number, hash)
            SELECT 3, "case", number, hash FROM audit_event WHERE number = 5""",
            3,
        ),
    ],
)
async def test_a_changed_seal_is_found(statement: str, where: int) -> None:
    await _trail()
    await _tamper(statement)
    assert ("seal", where) in await _findings()


async def test_a_last_seal_that_was_cut_off_with_its_leaves_is_found() -> None:
    one, other = await _trail()
    await _tamper(
        "DELETE FROM audit_seal WHERE number = 2", "DELETE FROM audit_seal_leaf WHERE seal = 2"
    )
    assert await _findings() == {(str(one), 4), (str(other), 4)}


@pytest.mark.parametrize("change", ["number = number + 1", "hash = decode('00', 'hex')"])
async def test_a_changed_head_is_found(change: str) -> None:
    one, _other = await _trail()
    await _tamper(f"UPDATE audit_head SET {change} WHERE \"case\" = '{{case}}'", case=one)
    assert await _findings() == {(str(one), 5)}


async def test_a_published_seal_shows_that_all_was_forged() -> None:
    """Where even the seals were made anew, whoever kept one of them sees it."""
    one, _other = await _trail()
    (kept,) = await fetch("SELECT hash FROM audit_seal WHERE number = 2")
    await _tamper(
        "UPDATE audit_event SET facts = '{{}}' WHERE \"case\" = '{case}'",
        "DELETE FROM audit_seal",
        "DELETE FROM audit_seal_leaf",
        "UPDATE audit_head SET sealed_number = 0",
        case=one,
    )
    await _forge(one)
    await audit.seal()
    assert (await audit.verify()).sound
    (found,) = (await audit.verify(kept=kept["hash"])).findings
    assert found.problem == f"the kept one is not there: {kept['hash'].hex()}"


async def test_writers_at_work_are_no_findings() -> None:
    case = await _case(1)
    verdicts = []
    for _ in range(5):
        verdict, *_others = await asyncio.gather(audit.verify(), _more(case, 4), audit.seal())
        verdicts.append(verdict)
    assert all(verdict.sound for verdict in verdicts)
    assert (await audit.verify()).events == 21
