"""The plan that an admitted application is offered, before there is a pilot."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from sandbox.applications import rules
from sandbox.applications.tables import Application, Decision
from sandbox.foundation import clock
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _, format_date
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.pilots import plan
from sandbox.pilots.policy import Offer


class OfferedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan as it would be accepted now, with the decision it comes from.

    ``lapses_at``: until when it can be accepted.
    """

    subject: Offer
    reference: str
    state: str
    outcome: str
    pack_version: str
    decided_at: datetime
    decided_by: UUID | None
    lapses_at: datetime
    content: plan.PlanContent


async def offer_of(application: Application, *, accepted_at: datetime | None = None) -> OfferedPlan:
    """Draw the plan up from the application's newest decision; for its acceptance, with its days.

    :raises RuleBroken: nothing has been decided.
    """
    decision = (
        await Decision.objects()
        .where(Decision.case == application.id)
        .order_by(Decision.decided_at, ascending=False)
        .first()
        .output(load_json=True)
    )
    if decision is None:
        raise RuleBroken("plan.accept.undecided", _("Your application has not been decided."))
    return _drawn(application, decision, accepted_at)


def _drawn(
    application: Application, decision: Decision, accepted_at: datetime | None
) -> OfferedPlan:
    pack = library.pack_of(application.pack_version)
    content = plan.draw_up(
        pack,
        application.answers,
        plan.Decided(
            conditions=decision.conditions,
            milestones=decision.milestones,
            reliefs=decision.reliefs,
            months=decision.months or pack.terms.testing_months,
        ),
        title=application.title,
        lead=application.lead_sector,
        accepted_at=accepted_at,
    )
    return OfferedPlan(
        subject=Offer(
            id=application.id,
            organisation=application.organisation,
            lead_sector=application.lead_sector,
            sectors=application.sectors,
        ),
        reference=application.reference,
        state=application.state,
        outcome=decision.outcome,
        pack_version=application.pack_version,
        decided_at=decision.decided_at,
        decided_by=decision.decided_by,
        lapses_at=rules.due(
            ClockName.PLAN_ACCEPTANCE,
            _counts_from(application, decision),
            (),
            authority=application.authority,
            pack=pack,
            at=clock.now(),
        ),
        content=content,
    )


def _counts_from(application: Application, decision: Decision) -> datetime:
    """From the decision, or from when it was upheld after the applicant had asked."""
    if application.state == "decided":
        return max(decision.decided_at, application.state_since)
    return decision.decided_at


def check_acceptable(offer: OfferedPlan, *, at: datetime) -> None:
    """Whether the plan can be accepted at ``at``.

    :raises RuleBroken: the application is not admitted, or the time to accept is over.
    """
    if offer.state == "reconsidering":
        raise RuleBroken(
            "plan.accept.reconsidering",
            _("Another decision maker looks at the decision again. The plan waits for that."),
        )
    if offer.state not in {"decided", "lapsed"} or offer.outcome not in rules.ADMITTED:
        raise RuleBroken(
            "plan.accept.not_admitted", _("Only an admitted application has a plan to accept.")
        )
    if offer.state == "lapsed" or at > offer.lapses_at:
        raise RuleBroken(
            "plan.accept.lapsed",
            _("The plan could be accepted until %(day)s. Ask the case officer what to do.")
            % {"day": format_date(offer.lapses_at)},
        )
