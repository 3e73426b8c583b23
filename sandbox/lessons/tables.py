"""What was learned, and who took it up."""

from typing import Any

from piccolo.columns import JSONB, UUID, Array, Boolean, Text, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class Lesson(Table, tablename="lesson", db=DB):
    """What one pilot taught. ``source_case`` never leaves the officers of that case.

    A lesson is a chain of its own in the audit trail, so that the published number cannot
    be followed back to its case by whoever reads the trail of one of them.
    """

    id = UUID(primary_key=True, default=UUID4())
    number = Varchar(30, default="", index=True, help_text="Given at publication.")
    source_case = UUID(index=True, default=None)
    sector = Varchar(60, index=True)
    author = UUID(default=None)
    texts: Any = JSONB(default={}, help_text="language -> title, context, tried, happened, …")
    kind = Varchar(30, index=True)
    principle = Varchar(60, index=True)
    theme = Varchar(60, index=True)
    vulnerabilities = Array(base_column=Varchar(60), default=list)
    strength = Varchar(20, default="one_pilot")
    may_transfer_to = Array(base_column=Varchar(60), default=list)
    state = Varchar(20, default="draft", index=True)
    state_since = Timestamptz()
    cleared_by = UUID(null=True, default=None)
    clearance_reason = Text(default="")
    published_at = Timestamptz(null=True, default=None, index=True)
    superseded_by = UUID(null=True, default=None)
    demo = Boolean(default=False)
    made_at = Timestamptz()


class Adoption(Table, tablename="adoption", db=DB):
    """What another sector did with a lesson: adopted, adapted (how), not applicable (why)."""

    id = UUID(primary_key=True, default=UUID4())
    lesson = UUID(index=True, default=None)
    sector = Varchar(60, index=True)
    authority = Varchar(60)
    verdict = Varchar(20)
    how = Text(default="")
    by = UUID(default=None)
    at = Timestamptz()


INDEXES = (
    # One word of each sector on each lesson: a later one replaces it (commands.adopt).
    "CREATE UNIQUE INDEX IF NOT EXISTS adoption_once ON adoption (lesson, sector)",
    "CREATE SEQUENCE IF NOT EXISTS lesson_numbering",
)
