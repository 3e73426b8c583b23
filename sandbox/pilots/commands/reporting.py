"""The report of a period, or the attestation of a duty: handed in with what the system knew."""

from __future__ import annotations

from uuid import UUID

import msgspec

from sandbox.foundation.errors import NotFound
from sandbox.foundation.work import work_of
from sandbox.framework.conditions import ConditionKind
from sandbox.people.person import Person
from sandbox.pilots import reporting
from sandbox.pilots.commands.common import day_of, open_part, pack_of, rhythm_of
from sandbox.pilots.commands.evidence import submit_within
from sandbox.pilots.reporting import Facts, Said
from sandbox.pilots.rhythms import Period
from sandbox.pilots.tables import Condition, Evidence, Pilot


async def hand_in_report(
    person: Person, condition_id: UUID, said: Said, *, facts: Facts | None = None
) -> Evidence:
    """Hand in the report, or the attestation of a duty, that is owed next.

    ``facts``: what stood beside it when it was attested.

    :raises NotFound: the condition asks for none.
    :raises RuleBroken: its period is not over, or an earlier one is still being looked at.
    :raises InvalidInput: something is left unsaid, or nobody stands in for it.
    """
    async with work_of(person) as work:
        pilot, condition = await open_part(work, person, Condition, condition_id, "submit_evidence")
        period = period_of(pilot, condition)
        reporting.check_said(pilot, condition, period, said, today=day_of(pack_of(pilot), work.now))
        duty = condition.kind == ConditionKind.DUTY
        return await submit_within(
            work, pilot, condition, said.text, said.file, attested=True,
            period_from=period.first, period_until=period.last,
            facts=msgspec.to_builtins(facts) if facts else None,
            **({"kept": said.kept} if duty else {}),
        )  # fmt: skip


def period_of(pilot: Pilot, condition: Condition) -> Period:
    """The period of which a report is owed next.

    :raises NotFound: the condition asks for no reports, or the pilot was never live.
    """
    if not reporting.is_reported(condition, pilot.starts_on):
        raise NotFound
    ended = pilot.ends_on if pilot.ended_at else None
    return rhythm_of(pilot).period(condition.due_on, condition.every, ended)
