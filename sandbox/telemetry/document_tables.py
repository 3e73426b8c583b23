"""A pilot's figures on paper: the PDF that somebody asked for."""

from piccolo.columns import UUID, Date, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class FiguresDocument(Table, tablename="figures_document", db=DB):
    """A PDF of all figures of a pilot over the local days from ``since`` to ``until``."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    since = Date()
    until = Date(help_text="The last day, included.")
    language = Varchar(8)
    state = Varchar(20, default="asked", help_text="asked, made or failed")
    asked_by = UUID(default=None)
    asked_name = Varchar(200)
    asked_at = Timestamptz()
    file = UUID(null=True, default=None)
    made_at = Timestamptz(null=True, default=None)


INDEXES = (
    # One is made at a time of the same days and language, however often it is asked for.
    """
    CREATE UNIQUE INDEX IF NOT EXISTS figures_document_asked
    ON figures_document (pilot, since, until, language) WHERE state = 'asked'
    """,
)
