"""What the clocks do by themselves: remind, then let lapse."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sandbox.applications import rules
from sandbox.applications.commands.telling import tell_applicant, tell_officers
from sandbox.applications.tables import Application
from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work, work_of
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.people.person import SYSTEM

# No clock of an applicant comes near its end earlier than this (a fifth of six months).
_AHEAD = timedelta(days=40)
_WAITING = """
SELECT id FROM application WHERE state = ANY($1::varchar[]) AND due_at < $2 ORDER BY due_at
"""


async def sweep() -> int:
    """Remind applicants who let a clock run out, and let lapse what waited too long.

    Returns how many applications changed. Each is its own work, so that one that fails holds
    up no other; run twice, the second run finds nothing to do.
    """
    rows = await fetch(_WAITING, sorted(rules.LIFE.sources("lapse")), clock.now() + _AHEAD)
    return sum([await _see_to(row["id"]) for row in rows])


async def _see_to(application_id: UUID) -> bool:
    async with work_of(SYSTEM) as work:
        application = await work.lock(Application, application_id)
        pack = library.pack_of(application.pack_version)
        step = rules.overdue_step(application, pack=pack, at=work.now)
        if step == "remind":
            application.reminded_at = work.now
            await work.save(application)
            work.record("application.reminded", application, clock=application.clock)
            await tell_applicant(work, application, "reminded")
        elif step == "lapse":
            allow(SYSTEM, "lapse", application)
            await _lapse(work, application, pack)
        return bool(step)


async def _lapse(work: Work, application: Application, pack: Pack) -> None:
    """Let it go, and tell whoever still looked at it: both sides, once it was submitted."""
    admitted = application.state == "decided"
    rules.move(application, "lapse", pack=pack, at=work.now)
    await work.save(application)
    work.record("application.lapsed", application, admitted=admitted)
    await tell_applicant(work, application, "lapsed", admitted=admitted)
    if application.submitted_at is not None:
        await tell_officers(work, application, "lapsed_for_authority", admitted=admitted)
