"""The audit trail on the command line."""

from __future__ import annotations

from uuid import UUID

import click

from sandbox.cli import ground


def verify(case: UUID | None, seal: str) -> int:
    """Verify the trail, or one case's chain; return the exit status.

    ``seal`` is the hash of one that was kept elsewhere.
    """
    from sandbox.foundation import audit

    kept = _hash(seal) if seal else None
    if kept and case:
        ground.refuse("A seal is over all chains: verify either --case or --seal.")
    ground.need_database()
    verdict = ground.run(audit.verify(case, kept=kept))
    for finding in verdict.findings:
        where, number, problem = finding.cells
        click.echo(f"{where} at {number}: {problem}", err=True)
    seen = f"{verdict.events} events in {verdict.cases} chains, {verdict.seals} seals"
    if verdict.sound:
        click.echo(f"Sound: {seen}. Nothing was changed, removed, inserted or reordered.")
        return 0
    click.echo(f"Not sound: {len(verdict.findings)} findings in {seen}.", err=True)
    return 1


def _hash(seal: str) -> bytes:
    try:
        kept = bytes.fromhex(seal)
    except ValueError:
        kept = b""
    if len(kept) != 32:
        ground.refuse("A seal's hash is 64 hexadecimal digits, as `sandbox audit seals` lists it.")
    return kept


def seals(last: int) -> None:
    """Print the newest seals, the oldest of them first: number, time (UTC), chains, hash."""
    from sandbox.foundation.database import fetch

    ground.need_database()
    query = (
        "SELECT number, at, heads, encode(hash, 'hex') AS hash FROM audit_seal "
        "ORDER BY number DESC LIMIT $1"
    )
    for row in reversed(ground.run(fetch(query, last))):
        click.echo(
            f"{row['number']:>8}  {row['at']:%Y-%m-%dT%H:%M:%SZ}  {row['heads']:>6}  {row['hash']}"
        )
