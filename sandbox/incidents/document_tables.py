"""An incident on paper: the PDF that one side asked for."""

from piccolo.columns import UUID, Boolean, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class IncidentDocument(Table, tablename="incident_document", db=DB):
    """A PDF of an incident as one side may read it; ``by_firm``: the firm's.

    Its file belongs to no case, since a case's files are open to both sides: it is given out by
    this row alone.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    incident = UUID(index=True, default=None)
    by_firm = Boolean(default=False)
    language = Varchar(8)
    state = Varchar(20, default="asked", help_text="asked, made or failed")
    asked_by = UUID(default=None)
    asked_name = Varchar(200)
    asked_at = Timestamptz()
    file = UUID(null=True, default=None)
    made_at = Timestamptz(null=True, default=None)


INDEXES = (
    # One is made at a time for a side and a language, however often it is asked for.
    """
    CREATE UNIQUE INDEX IF NOT EXISTS incident_document_asked
    ON incident_document (incident, by_firm, language) WHERE state = 'asked'
    """,
)
