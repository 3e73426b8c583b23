"""What members of the public told: a report, and apart from it whoever may be asked about it."""

from piccolo.columns import UUID, Boolean, Date, Text, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class PublicReport(Table, tablename="public_report", db=DB):
    """What somebody told of a pilot. It is alleged until an officer has looked into it.

    The tracking number is kept hashed: who reads the table can follow nobody's report.
    ``answer`` is what anybody with the number reads; ``reason`` stays with the authority.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    reference = Varchar(40, unique=True)
    number_hash = Varchar(64, unique=True)
    language = Varchar(8)
    what = Text()
    happened_on = Date(null=True, default=None)
    harm = Varchar(20, help_text="harmed, nearly, no or unsure")
    harm_words = Text(default="")
    has_contact = Boolean(default=False)
    state = Varchar(20, default="received", index=True)
    state_since = Timestamptz()
    received_at = Timestamptz()
    taken_by = Varchar(200, default="")
    incident = UUID(null=True, default=None, index=True)
    reason = Text(default="", help_text="Why it was dismissed.")
    answer = Text(default="")
    answered_at = Timestamptz(null=True, default=None)
    answered_by = Varchar(200, default="")
    closed_at = Timestamptz(null=True, default=None)


class PublicContact(Table, tablename="public_contact", db=DB):
    """How to reach whoever reported. In a table of its own, so that no other read loads it."""

    report = UUID(primary_key=True, default=None)
    name = Varchar(200, default="")
    email = Varchar(320, default="")
    phone = Varchar(60, default="")


INDEXES = (
    "CREATE SEQUENCE IF NOT EXISTS public_report_numbering",
    # The queue, the newest first (public_queries.listed).
    "CREATE INDEX IF NOT EXISTS public_report_newest ON public_report (received_at, id)",
)
