"""What an application is made of. The application is the case: its id names the audit chain."""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class Application(Table, tablename="application", db=DB):
    """A request to pilot something, from its draft to its decision.

    ``answers`` is the working copy; what was submitted stands in :class:`ApplicationVersion`.
    ``clock`` names the pack's clock that runs now and ``due_at`` when it ends (provisional
    while it is stopped); both follow every change of state.
    """

    id = UUID(primary_key=True, default=UUID4())
    reference = Varchar(40, unique=True)
    organisation = UUID(index=True, default=None)
    pack_version = Varchar(40)
    title = Varchar(300)
    lead_sector = Varchar(60, index=True)
    sectors = Array(base_column=Varchar(60), default=list, help_text="The lead among them.")
    authority = Varchar(60)
    state = Varchar(30, default="draft", index=True)
    state_since = Timestamptz()
    answers: Any = JSONB(default={}, help_text="question -> value")
    marks: Any = JSONB(default={}, help_text="question -> true where marked confidential")
    version = Integer(default=0, help_text="The last one submitted.")
    saved_at = Timestamptz(null=True, default=None)
    submitted_at = Timestamptz(null=True, default=None, help_text="First time.")
    complete_at = Timestamptz(null=True, default=None, help_text="When what was accepted came.")
    decided_at = Timestamptz(null=True, default=None)
    outcome = Varchar(30, null=True, default=None)
    clock = Varchar(40, default="")
    clock_from = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    reminded_at = Timestamptz(null=True, default=None)
    stops: Any = JSONB(default=[], help_text="[from, until or null, state]: with the applicant.")
    case_officer = UUID(null=True, default=None, index=True)
    register_consent = Boolean(default=False)
    demo = Boolean(default=False)
    made_at = Timestamptz()
    made_by = UUID(default=None)


class ApplicationVersion(Table, tablename="application_version", db=DB):
    """The answers as they were submitted; never edited."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    number = Integer()
    answers: Any = JSONB(default={})
    at = Timestamptz()
    by = UUID(default=None)
    by_name = Varchar(200)


class Attachment(Table, tablename="attachment", db=DB):
    """A file that answers a question."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    question = Varchar(60)
    file = UUID(default=None)
    made_at = Timestamptz()


class Note(Table, tablename="note", db=DB):
    """What officers tell each other. No applicant's query reads this table."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    author = UUID(default=None)
    author_name = Varchar(200)
    text = Text()
    at = Timestamptz()


class Screening(Table, tablename="screening", db=DB):
    """A run through the checklist: what holds, and the words for what does not."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    version = Integer()
    checks: Any = JSONB(default={}, help_text="check -> yes or no")
    outcome = Varchar(20, help_text="accepted or returned")
    reasons: Any = JSONB(default={}, help_text="check -> words, which the letter tells")
    by = UUID(default=None)
    at = Timestamptz()


class Review(Table, tablename="review", db=DB):
    """A reviewer's part in a case. Blind until submitted."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    reviewer = UUID(index=True, default=None)
    reviewer_name = Varchar(200)
    state = Varchar(20, default="asked", index=True)
    conflict = Text(default="")
    scores: Any = JSONB(default={}, help_text="criterion -> score")
    comments: Any = JSONB(default={}, help_text="criterion -> words")
    comment = Text(default="")
    recommendation = Varchar(20, default="", help_text="admit, conditions or refuse")
    asked_at = Timestamptz()
    due_at = Timestamptz(null=True, default=None)
    submitted_at = Timestamptz(null=True, default=None)


class Clarification(Table, tablename="clarification", db=DB):
    """A question to the applicant, which stops the clock until it is answered."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    question = Varchar(60, default="", help_text="Of the form; empty: the whole application.")
    text = Text()
    asked_by = UUID(default=None)
    asked_at = Timestamptz()
    due_at = Timestamptz()
    answer = Text(default="")
    answered_by = UUID(null=True, default=None)
    answered_name = Varchar(200, default="")
    answered_at = Timestamptz(null=True, default=None)


class Recommendation(Table, tablename="recommendation", db=DB):
    """What the officer proposes to the decision maker, and why."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    outcome = Varchar(30)
    text = Text()
    by = UUID(default=None)
    by_name = Varchar(200)
    at = Timestamptz()


class Decision(Table, tablename="decision", db=DB):
    """A decision with all that the sandbox plan will be made of; the newest of a case counts.

    There is a second one where the applicant asked and another decision maker decided anew.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    outcome = Varchar(30)
    reasons: Any = JSONB(default=[], help_text="keys of the pack's reasons")
    text = Text(default="", help_text="The decision maker's own words, told to the applicant.")
    conditions: Any = JSONB(default=[])
    milestones: Any = JSONB(default=[])
    reliefs: Any = JSONB(default=[])
    months = Integer(default=0)
    decided_by = UUID(default=None)
    decided_at = Timestamptz()
    letter = UUID(null=True, default=None, help_text="The stored PDF, once the worker made it.")


class Reconsideration(Table, tablename="reconsideration", db=DB):
    """The applicant thinks that a decision is wrong, and what another decision maker says."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(unique=True, default=None, help_text="Once a case.")
    decision = UUID(default=None, help_text="The decision that it is about.")
    text = Text(help_text="Which fact or reason is wrong.")
    asked_by = UUID(default=None)
    asked_name = Varchar(200)
    asked_at = Timestamptz()
    verdict = Varchar(20, default="", help_text="upheld, decided_anew, or empty: waiting.")
    answer = Text(default="", help_text="Why it was upheld; told to the applicant.")
    answered_by = UUID(null=True, default=None)
    answered_at = Timestamptz(null=True, default=None)


class Message(Table, tablename="message", db=DB):
    """What applicant and authority write to each other on the case. Both sides read it.

    The firm sees which side wrote; officials see who.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    side = Varchar(20, help_text="applicant or authority")
    author = UUID(default=None)
    author_name = Varchar(200)
    text = Text()
    at = Timestamptz()


class Letter(Table, tablename="letter", db=DB):
    """What the applicant was told, in the order in which it was told. Both sides see it."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    kind = Varchar(40)
    subject = Text()
    text = Text()
    file = UUID(null=True, default=None)
    at = Timestamptz()


INDEXES = (
    "CREATE SEQUENCE IF NOT EXISTS application_numbering",
    # The queue: open cases by the end of the clock that runs (queries.queue).
    "CREATE INDEX IF NOT EXISTS application_queue ON application (due_at, id)",
    # Cases of a sector, the lead or another (queries.visible_to).
    "CREATE INDEX IF NOT EXISTS application_sectors ON application USING gin (sectors)",
    'CREATE UNIQUE INDEX IF NOT EXISTS review_once ON review ("case", reviewer)',
)
