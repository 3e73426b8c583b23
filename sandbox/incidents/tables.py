"""An incident with its clocks, its reports and what is done about it."""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    Date,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB
from sandbox.incidents import document_tables, public_tables
from sandbox.incidents.document_tables import IncidentDocument
from sandbox.incidents.public_tables import PublicContact, PublicReport
from sandbox.incidents.work_tables import CauseAnalysis, IncidentTask, Inquiry, TimelineEntry

__all__ = [
    "Assessment", "CauseAnalysis", "Comparison", "CorrectiveAction", "Incident", "IncidentClock",
    "IncidentDocument", "IncidentNotice", "IncidentReport", "IncidentTask", "Inquiry",
    "PublicContact", "PublicReport", "TimelineEntry",
]  # fmt: skip


class Incident(Table, tablename="incident", db=DB):
    """Something that harmed people, or could have. Facts are the answers to the pack's questions.

    Facts, severity and ``reportable`` are those of the newest :class:`Assessment`. What the
    system itself wrote (an incident opened from a breach) stands in ``words`` in every language,
    and in English in ``title`` and ``what``, where searches look.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    reference = Varchar(40, unique=True)
    pack_version = Varchar(40)
    source = Varchar(20, help_text="firm, officer, machine, breach or public")
    breach = UUID(null=True, default=None)
    title = Varchar(200)
    words: Any = JSONB(null=True, default=None, help_text="language -> {title, what}")
    aware_at = Timestamptz(help_text="When the firm knew: the clocks start here.")
    occurred_from = Timestamptz(null=True, default=None)
    occurred_to = Timestamptz(null=True, default=None)
    place = Varchar(200, default="")
    system_version = Varchar(100, default="")
    what = Text()
    harms_actual = Array(base_column=Varchar(40), default=list)
    harms_potential = Array(base_column=Varchar(40), default=list)
    people_affected = Integer(default=0)
    groups = Text(default="")
    suspected_cause = Text(default="")
    immediate_action = Text(default="")
    vulnerabilities = Array(base_column=Varchar(60), default=list)
    facts: Any = JSONB(default={}, help_text="question of the pack -> answer")
    drill = Boolean(default=False)
    severity = Varchar(40)
    severity_reason = Text(default="", help_text="Why an officer decided other than the rules.")
    severity_by = Varchar(200, default="")
    reportable = Boolean(default=False, help_text="To any authority, as decided.")
    respond_by = Timestamptz(null=True, default=None, help_text="The firm's first response.")
    responded_at = Timestamptz(null=True, default=None)
    response_told_at = Timestamptz(null=True, default=None, help_text="Told that it is overdue.")
    confirmed_at = Timestamptz(null=True, default=None)
    state = Varchar(20, default="reported", index=True)
    state_since = Timestamptz()
    root_cause = Text(default="")
    closing = Text(default="")
    reported_at = Timestamptz()
    reported_by = UUID(null=True, default=None)
    reported_name = Varchar(200, default="")
    closed_at = Timestamptz(null=True, default=None)


class Assessment(Table, tablename="assessment", db=DB):
    """How grave an incident is and who must be told: what the rules said, what was decided.

    One row for the report, one for the triage, one for every time it was weighed anew; never
    edited. What was decided against the rules has its ``reason``; where it makes things lighter
    it has evidence too: a file or one of the firm's reports.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    number = Integer()
    event = Varchar(20, help_text="report, triage or assess")
    facts: Any = JSONB(default={}, help_text="What the rules were given: answers and what we know.")
    aware_at = Timestamptz(help_text="When these facts became known: new clocks start here.")
    derived = Varchar(40, help_text="Severity by the rules.")
    severity = Varchar(40, help_text="Severity as decided.")
    regimes_derived = Array(base_column=Varchar(60), default=list)
    regimes = Array(base_column=Varchar(60), default=list, help_text="As decided; empty: nobody.")
    reason = Text(default="")
    file = UUID(null=True, default=None)
    report = UUID(null=True, default=None)
    by = UUID(null=True, default=None)
    by_name = Varchar(200, default="")
    by_firm = Boolean(default=False)
    at = Timestamptz()


class IncidentClock(Table, tablename="incident_clock", db=DB):
    """A report that a regime wants, and by when.

    One that is counted from the first report has no ``started_at`` before that is made;
    ``due_at`` is then the latest that it can be if the first one comes in time. A clock that is
    owed no longer is kept, with when and why.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    regime = Varchar(60)
    authority = Varchar(60)
    stage = Varchar(20)
    name: Any = JSONB(default={}, help_text="language -> words")
    limit: Any = JSONB(default={}, help_text="sandbox.framework.clocks.Limit")
    started_at = Timestamptz(null=True, default=None)
    due_at = Timestamptz(index=True)
    met_at = Timestamptz(null=True, default=None)
    met_by = Varchar(200, default="")
    cancelled_at = Timestamptz(null=True, default=None)
    cancelled_reason = Text(default="", help_text="In the words of whoever decided, if any.")
    reminded_at = Timestamptz(null=True, default=None, help_text="The firm, before it was due.")
    overdue_told_at = Timestamptz(null=True, default=None)
    escalated_at = Timestamptz(null=True, default=None, help_text="Those who decide were told.")


class IncidentReport(Table, tablename="incident_report", db=DB):
    """What the firm submitted for one of the clocks, or beside them."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    clock = UUID(null=True, default=None)
    number = Integer()
    text = Text()
    submitted_by = Varchar(200)
    at = Timestamptz()


class IncidentNotice(Table, tablename="incident_notice", db=DB):
    """A mail about an incident: the proof of who was told what and when, kept after the mail."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    mail = UUID(default=None)
    template = Varchar(100)
    side = Varchar(20, help_text="firm or authority: whom it was written to")
    to = Varchar(320)
    name = Varchar(200)
    subject = Text()
    at = Timestamptz()


class CorrectiveAction(Table, tablename="corrective_action", db=DB):
    """What the firm must set right, by when, and that it was seen to be done.

    ``kind``: ``corrective`` (this harm) or ``preventive`` (the next one). What the officer did
    not find done goes back with ``returned_reason`` and is to be done again.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    number = Integer()
    text = Text()
    owner = Varchar(200, default="")
    due_on = Date()
    done = Text(default="")
    done_at = Timestamptz(null=True, default=None)
    verified_at = Timestamptz(null=True, default=None)
    verified_by = Varchar(200, default="")
    kind = Varchar(20, default="corrective")
    returned_at = Timestamptz(null=True, default=None)
    returned_reason = Text(default="")


class Comparison(Table, tablename="comparison", db=DB):
    """What a person said of two things that the system thought alike; never suggested again.

    ``kind`` is what was asked: ``same`` (two tellings of one thing, of one pilot) or ``weakness``
    (one weakness in two pilots). ``one`` and ``other`` are incidents or reports of the public,
    the smaller id first.
    """

    id = UUID(primary_key=True, default=UUID4())
    kind = Varchar(20)
    one = UUID(default=None)
    other = UUID(default=None)
    confirmed = Boolean()
    by = UUID(null=True, default=None)
    by_name = Varchar(200, default="")
    at = Timestamptz()


INDEXES = (
    "CREATE SEQUENCE IF NOT EXISTS incident_numbering",
    # A breach opens one incident, however often it is asked to.
    "CREATE UNIQUE INDEX IF NOT EXISTS incident_of_breach ON incident (breach)",
    # The list of incidents, the newest first (queries.listed).
    "CREATE INDEX IF NOT EXISTS incident_newest ON incident (reported_at, id)",
    # The assessments of an incident, each once (queries.one).
    "CREATE UNIQUE INDEX IF NOT EXISTS assessment_of ON assessment (incident, number)",
    # Two things are compared once; found from either side (comparisons.of).
    "CREATE UNIQUE INDEX IF NOT EXISTS comparison_once ON comparison (kind, one, other)",
    "CREATE INDEX IF NOT EXISTS comparison_from_other ON comparison (other)",
    *public_tables.INDEXES,
    *document_tables.INDEXES,
)
