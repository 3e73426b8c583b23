"""Accepting the sandbox plan: the moment in which an admitted application becomes a pilot."""

from __future__ import annotations

from uuid import UUID, uuid4

from piccolo.table import Table

from sandbox.applications import rules as application_rules
from sandbox.applications.tables import Application
from sandbox.foundation.errors import RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work, work_of
from sandbox.framework.conditions import Cadence
from sandbox.people.person import Person
from sandbox.pilots import offers, plan
from sandbox.pilots.commands.common import note, tell_authority, tell_firm
from sandbox.pilots.plan import PlanContent
from sandbox.pilots.tables import Condition, Metric, Milestone, Pilot, Plan, Relief


async def accept_plan(person: Person, application_id: UUID) -> Pilot:
    """Accept the plan of an admitted application; its pilot begins, in preparation.

    :raises RuleBroken: it is not admitted, was accepted before, or the time to accept is over.
    """
    async with work_of(person) as work:
        application = await work.lock(Application, application_id)
        offer = await offers.offer_of(application, accepted_at=work.now)
        allow(person, "accept_plan", offer.subject)
        if await Pilot.exists().where(Pilot.case == application.id):
            raise RuleBroken("plan.accept.again", _("This plan has been accepted."))
        offers.check_acceptable(offer, at=work.now)
        pilot = _pilot(application, offer.content, work)
        accepted = _plan(pilot, offer, work)
        application_rules.clear_clock(application)
        await work.save(application, pilot, accepted, *_parts(pilot, offer.content))
        await note(work, pilot, "accept_plan")
        work.record("pilot.plan_accepted", pilot, version=1)
        await tell_authority(work, pilot, "plan_accepted")
        await tell_firm(work, pilot, "plan_accepted")
    return pilot


def _pilot(application: Application, content: PlanContent, work: Work) -> Pilot:
    return Pilot(
        id=uuid4(),
        case=application.id,
        organisation=application.organisation,
        reference=application.reference,
        title=content.title,
        pack_version=application.pack_version,
        lead_sector=application.lead_sector,
        sectors=application.sectors,
        authority=application.authority,
        state="preparing",
        state_since=work.now,
        testing_months=content.months,
        accepted_at=work.now,
        register_consent=application.register_consent,
        demo=application.demo,
    )


def _plan(pilot: Pilot, offer: offers.OfferedPlan, work: Work) -> Plan:
    return Plan(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        version=1,
        content=plan.stored(offer.content),
        offered_at=offer.decided_at,
        offered_by=offer.decided_by,
        accepted_at=work.now,
        accepted_by=work.person.id,
        accepted_name=work.person.name,
    )


def _parts(pilot: Pilot, content: PlanContent) -> list[Table]:
    return [
        *(condition_row(pilot, planned) for planned in content.conditions),
        *(milestone_row(pilot, planned) for planned in content.milestones),
        *(_metric_row(pilot, planned) for planned in content.metrics),
        *(_relief_row(pilot, planned) for planned in content.reliefs),
    ]


def condition_row(pilot: Pilot, planned: plan.PlannedCondition) -> Condition:
    """A condition of the plan as a row; ``state_since`` is set by the pilot's own."""
    return Condition(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        number=planned.number,
        template=planned.template,
        kind=planned.kind,
        title=planned.title,
        text=planned.text,
        source=planned.source,
        precedent=planned.precedent,
        due_on=planned.due_on,
        every=planned.every,
        threshold=planned.threshold,
        state="pending",
        state_since=pilot.state_since,
    )


def milestone_row(pilot: Pilot, planned: plan.PlannedMilestone) -> Milestone:
    """A milestone of the plan as a row."""
    return Milestone(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        number=planned.number,
        title=planned.title,
        evidence_wanted=planned.evidence,
        month=planned.month,
        due_on=planned.due_on,
        state="planned",
        state_since=pilot.state_since,
    )


def _metric_row(pilot: Pilot, planned: plan.PlannedMetric) -> Metric:
    return Metric(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        key=planned.key,
        name=planned.name,
        unit=planned.unit,
        direction=planned.direction,
        target=planned.target,
        cadence_seconds=Cadence(planned.cadence).seconds,
        slices=planned.slices,
    )


def _relief_row(pilot: Pilot, planned: plan.PlannedRelief) -> Relief:
    return Relief(
        id=uuid4(),
        case=pilot.case,
        pilot=pilot.id,
        rule=planned.rule,
        relaxed=planned.relaxed,
        scope=planned.scope,
        replacement=planned.replacement,
        authority=planned.authority,
    )
