"""What a pilot is made of. All of it shares its application's case, so one audit chain."""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    Date,
    DoublePrecision,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class Pilot(Table, tablename="pilot", db=DB):
    """An admitted application in its testing life.

    ``starts_on`` and ``ends_on`` are days in the pack's zone: the first and the last of the
    testing period, empty until the pilot goes live. While it runs ``ends_on`` is the day that was
    agreed; once testing has ended, the day on which it did.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(unique=True, default=None, help_text="The application's id: one pilot a case.")
    organisation = UUID(index=True, default=None)
    reference = Varchar(40, unique=True)
    title = Varchar(300)
    pack_version = Varchar(40)
    lead_sector = Varchar(60, index=True)
    sectors = Array(base_column=Varchar(60), default=list)
    authority = Varchar(60)
    state = Varchar(20, default="preparing", index=True)
    state_since = Timestamptz()
    testing_months = Integer(help_text="As decided, with every extension.")
    plan_version = Integer(default=1, help_text="The version in force.")
    accepted_at = Timestamptz()
    ready_at = Timestamptz(null=True, default=None, help_text="When the firm said it is ready.")
    starts_on = Date(null=True, default=None)
    ends_on = Date(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None, help_text="When testing ended.")
    closed_at = Timestamptz(null=True, default=None)
    outcome = Varchar(30, null=True, default=None)
    register_consent = Boolean(default=False)
    demo = Boolean(default=False)


class PilotStep(Table, tablename="pilot_step", db=DB):
    """Why a pilot was suspended, resumed, ended, …: words that the trail must not hold.

    ``subject``: the condition or milestone it is about, where it is not the pilot itself.
    ``letter``: the PDF to the firm, once the worker made it (``sandbox.pilots.letter``).
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    subject = UUID(null=True, default=None)
    event = Varchar(30)
    reason = Text(default="")
    by = UUID(null=True, default=None)
    by_name = Varchar(200, default="")
    at = Timestamptz()
    letter = UUID(null=True, default=None)


class Plan(Table, tablename="plan", db=DB):
    """A version of the sandbox plan as it was offered, word for word; never edited."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    version = Integer()
    content: Any = JSONB(default={}, help_text="sandbox.pilots.plan.PlanContent")
    reason = Text(default="", help_text="Why an amendment was offered.")
    offered_at = Timestamptz()
    offered_by = UUID(null=True, default=None)
    offered_name = Varchar(200, default="", help_text="Who offered it, as named then.")
    imposed_on = Date(
        null=True, default=None, help_text="The day from which it binds without being accepted."
    )
    accepted_at = Timestamptz(null=True, default=None)
    accepted_by = UUID(null=True, default=None)
    accepted_name = Varchar(200, default="", help_text="Who accepted, as named then.")
    declined_at = Timestamptz(null=True, default=None)
    declined_reason = Text(default="")


class Metric(Table, tablename="metric", db=DB):
    """What the pilot reports. ``key`` names its series; thresholds refer to it."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    key = Varchar(60)
    name = Varchar(200)
    unit = Varchar(60, help_text="A unit of the pack.")
    direction = Varchar(4, default="up", help_text="Better when: up or down.")
    target = DoublePrecision(null=True, default=None)
    cadence_seconds = Integer(help_text="How often a point is due.")
    slices = Array(base_column=Varchar(60), default=list)


class Condition(Table, tablename="condition", db=DB):
    """What the pilot promised. ``due_on``: of a document, or of the next periodic report."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    number = Integer()
    template = Varchar(80, default="", index=True, help_text="Of the pack; empty: written.")
    kind = Varchar(20, help_text="document, duty, cap, threshold, periodic_report, disclosure.")
    title: Any = JSONB(default={}, help_text="language -> words")
    text: Any = JSONB(default={}, help_text="language -> words")
    source: Any = JSONB(default={}, help_text="language -> words")
    precedent = Boolean(default=False, help_text="To be met before going live.")
    due_on = Date(null=True, default=None)
    every = Varchar(20, default="", help_text="Cadence of a periodic report.")
    threshold: Any = JSONB(null=True, default=None)
    state = Varchar(20, default="pending", index=True)
    state_since = Timestamptz()
    met_at = Timestamptz(null=True, default=None, help_text="When it was last shown to be met.")
    breached_at = Timestamptz(null=True, default=None, help_text="When it was first not kept.")
    reason = Text(default="", help_text="Why it was waived, or the pilot closed over it.")
    waived_until = Date(null=True, default=None, help_text="The last day of a waiver that ends.")


class Milestone(Table, tablename="milestone", db=DB):
    """A step of the plan with the evidence that shows it. Overdue is computed, never stored."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    number = Integer()
    title: Any = JSONB(default={}, help_text="language -> words")
    evidence_wanted: Any = JSONB(default={}, help_text="language -> words")
    month = Integer(null=True, default=None, help_text="Of the test; sets due_on at going live.")
    due_on = Date(null=True, default=None)
    state = Varchar(20, default="planned", index=True)
    state_since = Timestamptz()
    reason = Text(default="", help_text="Why it was returned, waived or left.")


class Evidence(Table, tablename="evidence", db=DB):
    """What the firm handed in for a condition or a milestone, and what became of it."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    subject_kind = Varchar(20, help_text="condition or milestone")
    subject = UUID(index=True, default=None)
    text = Text(default="")
    file = UUID(null=True, default=None)
    submitted_by = UUID(null=True, default=None)
    submitted_name = Varchar(200, default="")
    submitted_at = Timestamptz()
    owed_on = Date(null=True, default=None, help_text="The day by which it was owed.")
    period_from = Date(null=True, default=None, help_text="Of a report: its first day.")
    period_until = Date(null=True, default=None, help_text="Of a report: its last day.")
    attested = Boolean(default=False, help_text="Whether the firm stands in for it being true.")
    kept: Any = Boolean(
        null=True, default=None, help_text="Of an attested duty: whether it was kept throughout."
    )
    facts: Any = JSONB(
        null=True, default=None, help_text="What the system knew of the period, as attested."
    )
    due_at = Timestamptz(help_text="By when the authority decides on it.")
    verdict = Varchar(
        20, default="", help_text="accepted, returned, attested, waived, or empty: waiting."
    )
    verdict_by = UUID(null=True, default=None)
    verdict_at = Timestamptz(null=True, default=None)
    verdict_reason = Text(default="")


class Relief(Table, tablename="relief", db=DB):
    """A line of the relief register: which rule is relaxed, how far, by whom, until when."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    rule = Text()
    relaxed = Text()
    scope = Text(default="")
    replacement = Text(default="", help_text="What protects people in the rule's place.")
    from_on = Date(null=True, default=None)
    until_on = Date(null=True, default=None)
    authority = Varchar(60)


class Guidance(Table, tablename="guidance", db=DB):
    """A line of the guidance register. Good faith rests on it (EU AI Act, Art. 57(12))."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    number = Integer()
    subject = Varchar(200)
    text = Text()
    given_by = UUID(null=True, default=None)
    given_name = Varchar(200, default="")
    authority = Varchar(60, default="")
    given_at = Timestamptz()
    acknowledged_by = UUID(null=True, default=None)
    acknowledged_name = Varchar(200, default="")
    acknowledged_at = Timestamptz(null=True, default=None)


class Extension(Table, tablename="extension", db=DB):
    """More time to test: asked by the firm, decided by a decision maker."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    months = Integer()
    why = Text(default="", help_text="The firm's reason.")
    asked_by = UUID(null=True, default=None)
    asked_at = Timestamptz(null=True, default=None)
    state = Varchar(20, default="asked", help_text="asked, granted, refused")
    decided_by = UUID(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    reason = Text(default="", help_text="The decision's reason.")
    ends_on = Date(null=True, default=None, help_text="The new last day, where granted.")


class Suspension(Table, tablename="suspension", db=DB):
    """A suspension that a breach calls for: a machine proposes it, a person decides.

    ``breach`` names a row of a floor above; ``facts`` says what happened, in every language.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    condition = UUID(index=True, default=None)
    breach = UUID(unique=True, null=True, default=None)
    facts: Any = JSONB(default={}, help_text="language -> words")
    state = Varchar(20, default="proposed", index=True)
    state_since = Timestamptz()
    proposed_at = Timestamptz()
    decide_by = Timestamptz(help_text="By when a decision maker decides.")
    escalated_at = Timestamptz(null=True, default=None, help_text="When nobody had decided.")
    decided_by = UUID(null=True, default=None)
    decided_name = Varchar(200, default="", help_text="Who decided, as named then.")
    decided_at = Timestamptz(null=True, default=None)
    reason = Text(default="")


class ExitReport(Table, tablename="exit_report", db=DB):
    """What the firm says at the end; ``answers`` by the keys of the pack's exit sections."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(unique=True, default=None)
    answers: Any = JSONB(default={})
    state = Varchar(20, default="draft", index=True)
    state_since = Timestamptz()
    due_at = Timestamptz()
    saved_at = Timestamptz(null=True, default=None)
    submitted_at = Timestamptz(null=True, default=None)
    submitted_by = UUID(null=True, default=None)
    decision_due_at = Timestamptz(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = UUID(null=True, default=None)
    reason = Text(default="", help_text="Why it was returned, or the closing words.")


class FollowUp(Table, tablename="follow_up", db=DB):
    """A day after the exit on which the firm is asked how things went."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    clock = Varchar(60, help_text="The pack's clock that set it.")
    due_on = Date()
    answer = Text(default="")
    answered_at = Timestamptz(null=True, default=None)
    answered_by = UUID(null=True, default=None)


INDEXES = (
    # The evidence of one condition or milestone, newest first (evidence_queries.evidence_of).
    "CREATE INDEX IF NOT EXISTS evidence_of ON evidence (subject, submitted_at DESC)",
    # A version is offered once.
    "CREATE UNIQUE INDEX IF NOT EXISTS plan_version ON plan (pilot, version)",
    # A metric's key is what its points are sent under.
    "CREATE UNIQUE INDEX IF NOT EXISTS metric_key ON metric (pilot, key)",
    # What is due or overdue, for the portfolio and the sweep (queries.portfolio, sweeps).
    "CREATE INDEX IF NOT EXISTS milestone_due ON milestone (due_on) WHERE state <> 'accepted'",
    # The public register, newest first, a page at a time (register.queries.entries).
    "CREATE INDEX IF NOT EXISTS pilot_newest ON pilot (accepted_at DESC, id DESC)",
    # The live pilots whose testing period is over (sweeps.end_due).
    "CREATE INDEX IF NOT EXISTS pilot_ending ON pilot (ends_on) WHERE closed_at IS NULL",
)
