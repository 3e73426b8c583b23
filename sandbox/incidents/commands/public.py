"""Reports by members of the public: sent by anybody, seen to by officers of the lead sector."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import Forbidden, InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import _, current_language
from sandbox.foundation.work import Work, work_of
from sandbox.incidents import facts, public_rules
from sandbox.incidents.commands.intake import keep_incident
from sandbox.incidents.public_tables import PublicContact, PublicReport
from sandbox.incidents.tables import Incident
from sandbox.people.person import Person
from sandbox.pilots.commands import common
from sandbox.pilots.rules import TESTING
from sandbox.pilots.tables import Pilot

SOMEBODY = Person(id=None, name="A member of the public")
"""Who sends a public report, whoever is signed in: the trail must not tell."""


async def send_public_report(reference: str, told: public_rules.Told) -> str:
    """Take a report about the pilot ``reference``; return its tracking number, shown this once.

    :raises NotFound: there is no such pilot.
    :raises InvalidInput: naming every field that is missing or wrong.
    :raises RuleBroken: the pilot does not run.
    """
    number = public_rules.new_number()
    async with work_of(SOMEBODY) as work:
        pilot = await Pilot.objects().get(Pilot.reference == reference)
        if pilot is None:
            raise NotFound
        if pilot.state not in TESTING:
            raise RuleBroken(
                "public_report.send.not_running",
                _("This pilot does not run now. Write to the authority named on its page."),
            )
        public_rules.check(told, today=common.day_of(common.pack_of(pilot), work.now))
        report = await _keep(work, pilot, told, number)
        work.record("public_report.received", report)
        await _tell_somebody(work, pilot, report, "public_thanks", email=told.email, number=number)
        await _tell_officers(work, pilot, report)
    return number


async def _keep(work: Work, pilot: Pilot, told: public_rules.Told, number: str) -> PublicReport:
    (row,) = await fetch("SELECT nextval('public_report_numbering') AS n")
    report = PublicReport(
        id=uuid4(), case=pilot.case, pilot=pilot.id,
        reference=f"PUB-{work.now.year}-{row['n']:04}",
        number_hash=public_rules.hashed(number), language=current_language(),
        what=told.what.strip(), happened_on=told.happened_on, harm=told.harm,
        harm_words=told.harm_words.strip(), has_contact=told.has_contact,
        state=public_rules.LIFE.initial, state_since=work.now, received_at=work.now,
    )  # fmt: skip
    await work.save(report)
    if told.has_contact:
        await work.save(
            PublicContact(report=report.id, name=told.name, email=told.email, phone=told.phone)
        )
    return report


async def _tell_officers(work: Work, pilot: Pilot, report: PublicReport) -> None:
    for person in await common.officers(pilot):
        # Of no case, as mails of a case may be seen by both of its sides.
        await work.mail(
            person.email, "incidents/public_received", person.language, name=person.name,
            pilot=pilot, report=report,
        )  # fmt: skip


async def _tell_somebody(
    work: Work, pilot: Pilot, report: PublicReport, template: str, *, email: str, number: str = ""
) -> None:
    if email:
        pack = common.pack_of(pilot)
        await work.mail(
            email, f"incidents/{template}", report.language, pilot=pilot, report=report,
            number=number, authority=pack.authority(pilot.authority),
        )  # fmt: skip


async def _seen_to(work: Work, report: PublicReport, event: str, **facts_: object) -> None:
    """Keep what an officer did; who did the first thing looks after the report."""
    report.taken_by = report.taken_by or work.person.name
    await work.save(report)
    work.record(f"public_report.{event}", report, **facts_)


async def take_up(person: Person, report_id: UUID) -> None:
    """Say that somebody looks into it."""
    async with work_of(person) as work:
        _pilot, report = await _opened(work, person, report_id)
        public_rules.LIFE.move(report, "take_up", at=work.now)
        await _seen_to(work, report, "taken_up")


async def make_incident(person: Person, report_id: UUID, draft: facts.Draft) -> Incident:
    """Make an incident of a report: alleged, until it is triaged. The firm reads ``draft``.

    :raises InvalidInput: naming every field that is missing or wrong; or it belongs to one.
    """
    async with work_of(person) as work:
        pilot, report = await _opened(work, person, report_id)
        facts.check_told(draft, at=work.now)
        key = uuid4()
        public_rules.belong(report, "make_incident", key, at=work.now)
        incident = await keep_incident(work, pilot, draft, source="public", key=key)
        await _seen_to(work, report, "made_incident", incident=incident.id)
    return incident


async def join(person: Person, report_id: UUID, incident_id: UUID) -> None:
    """Let a report belong to an incident of the same pilot that is known already.

    :raises InvalidInput: there is no such incident, or it belongs to one.
    """
    async with work_of(person) as work:
        pilot, report = await _opened(work, person, report_id)
        own = (Incident.id == incident_id) & (Incident.pilot == pilot.id)
        if not await Incident.exists().where(own):
            raise InvalidInput({"incident": _("Choose an incident of this pilot")})
        public_rules.belong(report, "join", incident_id, at=work.now)
        await _seen_to(work, report, "joined", incident=incident_id)


async def answer_public(person: Person, report_id: UUID, *, words: str) -> None:
    """Answer whoever reported: on the page of the number, and by mail where they left one.

    :raises InvalidInput: nothing was written.
    """
    async with work_of(person) as work:
        pilot, report = await _opened(work, person, report_id)
        public_rules.answer(report, words, by=person.name, at=work.now)
        await _seen_to(work, report, "answered")
        await _mail_answer(work, pilot, report)


async def _mail_answer(work: Work, pilot: Pilot, report: PublicReport) -> None:
    contact = await PublicContact.objects().get(PublicContact.report == report.id)
    if contact is not None:
        await _tell_somebody(work, pilot, report, "public_answer", email=contact.email)


async def dismiss(person: Person, report_id: UUID, *, reason: str, words: str = "") -> None:
    """Close a report of which nothing follows.

    :raises InvalidInput: no reason is given, or it belongs to an incident.
    """
    async with work_of(person) as work:
        pilot, report = await _opened(work, person, report_id)
        public_rules.dismiss(report, reason, words, by=person.name, at=work.now)
        await _seen_to(work, report, "dismissed")
        await _mail_answer(work, pilot, report)


async def settle_reports(work: Work, incident_id: UUID) -> None:
    """Close the reports of an incident together with it."""
    held = (PublicReport.incident == incident_id) & (PublicReport.state != "closed")
    for report in await PublicReport.objects().where(held).lock_rows("UPDATE"):
        public_rules.settle(report, at=work.now)
        await work.save(report)
        work.record("public_report.settled", report)


async def _opened(work: Work, person: Person, report_id: UUID) -> tuple[Pilot, PublicReport]:
    """A report with its pilot, which is locked first; for officers who lead the pilot.

    :raises NotFound: there is none, or not for this person: nobody learns what is told of their
        own firm.
    :raises Forbidden: they may read it but do not lead.
    """
    rows = await fetch("SELECT pilot FROM public_report WHERE id = $1", report_id)
    if not rows:
        raise NotFound
    try:
        pilot = await common.open_pilot(work, person, rows[0]["pilot"], "handle_incident")
    except Forbidden:
        if person.organisation is not None and await _is_own(person, rows[0]["pilot"]):
            raise NotFound from None
        raise
    return pilot, await work.lock(PublicReport, report_id)


async def _is_own(person: Person, pilot_id: UUID) -> bool:
    own = (Pilot.id == pilot_id) & (Pilot.organisation == person.organisation)
    return bool(await Pilot.exists().where(own))
