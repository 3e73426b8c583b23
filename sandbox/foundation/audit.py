"""The audit trail: append-only, hash-chained per case, its heads sealed into Merkle roots.

A chain per case means that two cases never wait for each other. A seal at short intervals
takes the heads that moved, builds one Merkle root over them and chains it to the seal
before: whoever keeps a published seal can show that nothing before it was changed,
removed, inserted or reordered, whole chains included.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sandbox.foundation import clock
from sandbox.foundation.database import DB, fetch, transaction

GENESIS = bytes(32)


@dataclass(frozen=True)
class Event:
    """An event before it has its place in a chain."""

    case: UUID
    at: datetime
    person: UUID | None
    person_name: str
    event: str
    subject_kind: str
    subject: UUID
    facts: str


def canonical(facts: object) -> str:
    """JSON with one spelling only: sorted keys, no spaces, non-JSON values as text."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), default=str, ensure_ascii=False)


def link(event: Event, number: int, previous: bytes) -> bytes:
    """The SHA-256 of ``event`` at ``number``, over the hash ``previous`` to it."""
    body = canonical(
        [
            str(event.case),
            number,
            event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            str(event.person),
            event.person_name,
            event.event,
            event.subject_kind,
            str(event.subject),
            event.facts,
        ]
    )
    return hashlib.sha256(previous + body.encode()).digest()


async def append(events: Sequence[Event]) -> None:
    """Add ``events`` to their chains, inside the caller's transaction.

    Heads are locked in the order of their ids, so that writers of several cases never
    wait for each other in a circle.
    """
    for case in sorted({event.case for event in events}):
        number, previous = await _lock_head(case)
        for event in events:
            if event.case == case:
                number += 1
                previous = await _insert(event, number, previous)
        await fetch(
            'UPDATE audit_head SET number = $2, hash = $3 WHERE "case" = $1',
            case,
            number,
            previous,
        )


async def _lock_head(case: UUID) -> tuple[int, bytes]:
    await fetch(
        'INSERT INTO audit_head ("case", number, hash, sealed_number) '
        "VALUES ($1, 0, $2, 0) ON CONFLICT DO NOTHING",
        case,
        GENESIS,
    )
    (head,) = await fetch('SELECT number, hash FROM audit_head WHERE "case" = $1 FOR UPDATE', case)
    return head["number"], head["hash"]


async def _insert(event: Event, number: int, previous: bytes) -> bytes:
    hashed = link(event, number, previous)
    await fetch(
        'INSERT INTO audit_event ("case", number, at, person, person_name, event, '
        "subject_kind, subject, facts, previous, hash) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        event.case,
        number,
        event.at,
        event.person,
        event.person_name,
        event.event,
        event.subject_kind,
        event.subject,
        event.facts,
        previous,
        hashed,
    )
    return hashed


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The Merkle root of ``leaves``; leaf and node hashes are kept apart (RFC 6962, 2.1)."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return GENESIS
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in pairs] + odd
    return level[0]


def _leaf(case: UUID, number: int, hashed: bytes) -> bytes:
    return case.bytes + number.to_bytes(8, "big") + hashed


def _seal_hash(number: int, at: datetime, root: bytes, previous: bytes) -> bytes:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous + f"{number}|{moment}|".encode() + root).digest()


async def seal() -> int:
    """Seal all heads that moved since the last seal; return how many (0: no seal made)."""
    async with transaction():
        await fetch("SELECT pg_advisory_xact_lock(hashtext('audit_seal'))")
        heads = await fetch(
            'SELECT "case", number, hash FROM audit_head '
            'WHERE number > sealed_number ORDER BY "case" FOR UPDATE'
        )
        if not heads:
            return 0
        last = await fetch("SELECT number, hash FROM audit_seal ORDER BY number DESC LIMIT 1")
        number = last[0]["number"] + 1 if last else 1
        previous = last[0]["hash"] if last else GENESIS
        await _store_seal(number, previous, heads)
    return len(heads)


async def _store_seal(number: int, previous: bytes, heads: list[dict[str, Any]]) -> None:
    at = clock.now()
    root = merkle_root(_leaf(h["case"], h["number"], h["hash"]) for h in heads)
    await fetch(
        "INSERT INTO audit_seal (number, at, heads, root, previous, hash) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        number,
        at,
        len(heads),
        root,
        previous,
        _seal_hash(number, at, root, previous),
    )
    await fetch(
        'INSERT INTO audit_seal_leaf (seal, "case", number, hash) '
        "SELECT $1, * FROM unnest($2::uuid[], $3::int[], $4::bytea[])",
        number,
        *([h[key] for h in heads] for key in ("case", "number", "hash")),
    )
    await fetch(
        'UPDATE audit_head SET sealed_number = number WHERE "case" = ANY($1::uuid[])',
        [h["case"] for h in heads],
    )


@dataclass(frozen=True)
class Finding:
    """Something wrong with the trail: in which chain, at which link, and what."""

    case: str
    number: int
    problem: str

    @property
    def cells(self) -> tuple[str, int, str]:
        """The same as a row of a table."""
        return self.case, self.number, self.problem


@dataclass(frozen=True)
class Verdict:
    """What a verification saw."""

    events: int
    cases: int
    seals: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


async def verify(case: UUID | None = None, *, kept: bytes | None = None) -> Verdict:
    """Check every link, head and seal, or one ``case``'s chain; read-only.

    ``kept`` is the hash of a seal that was kept elsewhere: it must be there, among seals that
    follow each other. The whole check reads one snapshot, so that writers at work are no
    findings.
    """
    async with transaction():
        await fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        chains = _Chains(await _heads(case))
        async for row in _events(case):
            chains.read(row)
        chains.close()
        findings, seals = list(chains.findings), 0
        if case is None:
            seals, problems = await _verify_seals()
            findings += problems
        if kept is not None and not await fetch("SELECT FROM audit_seal WHERE hash = $1", kept):
            findings.append(Finding("seal", 0, f"the kept one is not there: {kept.hex()}"))
        findings += await _verify_leaves(case)
    return Verdict(chains.events, chains.cases, seals, tuple(findings))


async def _heads(case: UUID | None) -> dict[UUID, tuple[int, bytes]]:
    rows = await fetch(
        'SELECT "case", number, hash FROM audit_head WHERE $1::uuid IS NULL OR "case" = $1', case
    )
    return {row["case"]: (row["number"], row["hash"]) for row in rows}


async def _events(case: UUID | None) -> AsyncIterator[Any]:
    connection = DB.current_transaction.get().connection  # type: ignore[union-attr]
    query = (
        'SELECT * FROM audit_event WHERE $1::uuid IS NULL OR "case" = $1 '
        'ORDER BY "case", number, id'
    )
    async for row in connection.cursor(query, case, prefetch=1000):
        yield row


class _Chains:
    """Walks all events in order of case and number and notes what does not fit."""

    def __init__(self, heads: dict[UUID, tuple[int, bytes]]) -> None:
        self.heads = heads
        self.findings: list[Finding] = []
        self.events = 0
        self.cases = 0
        self._case: UUID | None = None
        self._number = 0
        self._hash = GENESIS

    def read(self, row: Any) -> None:
        if row["case"] != self._case:
            self._finish_case()
            self._case, self._number, self._hash = row["case"], 0, GENESIS
            self.cases += 1
        self.events += 1
        self._check(row)
        self._number, self._hash = row["number"], row["hash"]

    def _check(self, row: Any) -> None:
        if row["number"] != self._number + 1:
            self._note(row["number"], f"expected number {self._number + 1}")
        if row["previous"] != self._hash:
            self._note(row["number"], "does not follow the link before it")
        event = Event(*(row[name] for name in Event.__dataclass_fields__))
        if row["hash"] != link(event, row["number"], row["previous"]):
            self._note(row["number"], "its content is not what was recorded")

    def _finish_case(self) -> None:
        if self._case is not None:
            head = self.heads.pop(self._case, None)
            if head != (self._number, self._hash):
                self._note(self._number, "the chain does not end at its head")

    def close(self) -> None:
        self._finish_case()
        for case, (number, _hash) in self.heads.items():
            self.findings.append(Finding(str(case), number, "the whole chain is missing"))

    def _note(self, number: int, problem: str) -> None:
        self.findings.append(Finding(str(self._case), number, problem))


async def _verify_seals() -> tuple[int, list[Finding]]:
    """Every seal follows the one before it and fits its leaves; none is missing at the end."""
    findings: list[Finding] = []
    previous, number = GENESIS, 0
    for row in await fetch("SELECT * FROM audit_seal ORDER BY number"):
        number += 1
        if not await _seal_is_sound(row, number, previous):
            findings.append(Finding("seal", row["number"], "the seal does not fit its heads"))
        previous = row["hash"]
    return number, findings + await _without_seal()


async def _seal_is_sound(row: dict[str, Any], number: int, previous: bytes) -> bool:
    leaves = await fetch(
        'SELECT "case", number, hash FROM audit_seal_leaf WHERE seal = $1 ORDER BY "case"',
        row["number"],
    )
    root = merkle_root(_leaf(one["case"], one["number"], one["hash"]) for one in leaves)
    expected = {
        "number": number,
        "heads": len(leaves),
        "root": root,
        "previous": previous,
        "hash": _seal_hash(row["number"], row["at"], root, previous),
    }
    return all(row[name] == value for name, value in expected.items())


async def _without_seal() -> list[Finding]:
    """Leaves of no seal, and heads that were sealed by a seal that is gone."""
    loose = await fetch(
        "SELECT DISTINCT l.seal FROM audit_seal_leaf l "
        "LEFT JOIN audit_seal s ON s.number = l.seal WHERE s.number IS NULL ORDER BY l.seal"
    )
    unsealed = await fetch(
        'SELECT h."case", h.sealed_number FROM audit_head h '
        'LEFT JOIN audit_seal_leaf l ON l."case" = h."case" AND l.number = h.sealed_number '
        'WHERE h.sealed_number > 0 AND l.id IS NULL ORDER BY h."case"'
    )
    return [
        *(Finding("seal", row["seal"], "the seal is missing") for row in loose),
        *(
            Finding(str(row["case"]), row["sealed_number"], "its seal is missing")
            for row in unsealed
        ),
    ]


async def _verify_leaves(case: UUID | None) -> list[Finding]:
    """Every head that was ever sealed must still stand in its chain, with the same hash."""
    rows = await fetch(
        'SELECT l."case", l.number FROM audit_seal_leaf l '
        'LEFT JOIN audit_event e ON e."case" = l."case" AND e.number = l.number '
        "AND e.hash = l.hash "
        'WHERE e.id IS NULL AND ($1::uuid IS NULL OR l."case" = $1) ORDER BY l.id',
        case,
    )
    return [Finding(str(r["case"]), r["number"], "a sealed link is missing") for r in rows]
