"""Cross-sector reports."""

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


class Report(Table, tablename="report", db=DB):
    """A report: its data set is fixed when it is gathered, its narrative is people's."""

    id = UUID(primary_key=True, default=UUID4())
    number = Varchar(30, default="", help_text="Given at publication.")
    kind = Varchar(30, default="cross_sector")
    title: Any = JSONB(default={}, help_text="language -> title")
    period_from = Date()
    period_to = Date(help_text="The last day that counts.")
    sectors = Array(base_column=Varchar(60), default=list, help_text="Empty: all.")
    state = Varchar(20, default="requested", index=True)
    state_since = Timestamptz()
    progress = Integer(default=0, help_text="Per cent.")
    stage = Varchar(40, default="")
    error = Text(default="")
    data: Any = JSONB(
        null=True, default=None, help_text="Only what disclosure control let through."
    )
    narrative: Any = JSONB(default={}, help_text="language -> section -> text")
    files: Any = JSONB(default={}, help_text="language -> stored file")
    requested_by = UUID(default=None)
    requested_at = Timestamptz()
    written_by = UUID(null=True, default=None)
    approved_by = UUID(null=True, default=None)
    published_at = Timestamptz(null=True, default=None, index=True)
    demo = Boolean(default=False)


INDEXES = ("CREATE SEQUENCE IF NOT EXISTS report_numbering",)
