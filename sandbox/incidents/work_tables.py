"""What is done within an incident: tasks, questions to the firm, what happened when, and why."""

from typing import Any

from piccolo.columns import JSONB, UUID, Array, Boolean, Date, Integer, Text, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class IncidentTask(Table, tablename="incident_task", db=DB):
    """Something that somebody of the authority does. The firm never sees it."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    number = Integer()
    text = Text()
    owner = Varchar(200)
    due_on = Date()
    made_by = Varchar(200)
    made_at = Timestamptz()
    done_at = Timestamptz(null=True, default=None)
    done_by = Varchar(200, default="")


class Inquiry(Table, tablename="inquiry", db=DB):
    """A question to the firm, by when it is answered, and the answer."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    number = Integer()
    question = Text()
    asked_by = Varchar(200)
    asked_at = Timestamptz()
    due_at = Timestamptz(index=True)
    reminded_at = Timestamptz(null=True, default=None)
    overdue_told_at = Timestamptz(null=True, default=None)
    answer = Text(default="")
    files = Array(base_column=UUID(default=None), default=list)
    answered_by = Varchar(200, default="")
    answered_at = Timestamptz(null=True, default=None)


class TimelineEntry(Table, tablename="timeline_entry", db=DB):
    """Something that happened, added by either side; ``internal``: only the authority sees it."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    happened_at = Timestamptz()
    text = Text()
    internal = Boolean(default=False)
    by = UUID(null=True, default=None)
    by_name = Varchar(200)
    by_firm = Boolean(default=False)
    at = Timestamptz(help_text="When it was added.")


class CauseAnalysis(Table, tablename="cause_analysis", db=DB):
    """How one side explains the incident. A new one takes the place of the old, which is kept."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    number = Integer()
    method = Varchar(20, help_text="five_whys or fishbone")
    content: Any = JSONB(default={}, help_text="sandbox.incidents.causes: why or branch -> words")
    conclusion = Text()
    by = UUID(null=True, default=None)
    by_name = Varchar(200)
    by_firm = Boolean(default=False)
    at = Timestamptz()
