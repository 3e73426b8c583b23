"""Whether the demo year was begun, and whether it was played to its end."""

from piccolo.columns import UUID, Timestamptz
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class DemoYear(Table, tablename="demo_year", db=DB):
    """One play of the year. Without ``played_at`` it was interrupted."""

    id = UUID(primary_key=True, default=UUID4())
    begun_at = Timestamptz()
    played_at = Timestamptz(null=True, default=None)
