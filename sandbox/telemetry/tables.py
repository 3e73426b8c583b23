"""What pilots send, and what was found in it."""

from piccolo.columns import UUID, BigInt, DoublePrecision, Integer, Text, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class Batch(Table, tablename="batch", db=DB):
    """One delivery of points. The same ``idempotency`` key twice is one delivery."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    source = Varchar(20, help_text="json or csv")
    token = UUID(null=True, default=None)
    person = UUID(null=True, default=None)
    received_at = Timestamptz()
    points = Integer(default=0, help_text="New ones.")
    duplicates = Integer(default=0)
    refused = Integer(default=0)
    idempotency = Varchar(100, null=True, default=None)


class Point(Table, tablename="point", db=DB):
    """A value of a metric for the time that ended ``at``; aggregates only, never people.

    ``slice``: ``<dimension>:<value>``; empty for the whole. ``n``: the samples behind it.
    """

    id = UUID(primary_key=True, default=UUID4())
    pilot = UUID(default=None)
    metric = Varchar(60)
    slice = Varchar(120, default="")
    at = Timestamptz()
    value = DoublePrecision()
    n = BigInt(default=1)
    batch = UUID(default=None)
    received_at = Timestamptz()


class Breach(Table, tablename="breach", db=DB):
    """A threshold that was passed, from when it was seen until it was cured.

    ``value`` is empty where what was missing is the breach.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    condition = UUID(index=True, default=None)
    metric = Varchar(60)
    slice = Varchar(120, default="")
    opened_at = Timestamptz()
    last_seen_at = Timestamptz()
    at = Timestamptz(help_text="The time of the figure that showed it.")
    value = DoublePrecision(null=True, default=None)
    limit = DoublePrecision()
    state = Varchar(20, default="open", index=True, help_text="open, explained, cured or closed")
    explain_by = Timestamptz(help_text="By when the firm explains it.")
    explanation = Text(default="")
    explained_at = Timestamptz(null=True, default=None)
    explained_by = Varchar(200, default="")
    cured_at = Timestamptz(null=True, default=None)


class Silence(Table, tablename="silence", db=DB):
    """A metric that stopped coming: since when, and when it came back."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    metric = Varchar(60)
    since = Timestamptz()
    noticed_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


INDEXES = (
    # A series, the newest first; and no point twice.
    "CREATE UNIQUE INDEX IF NOT EXISTS point_series ON point (pilot, metric, slice, at DESC)",
    "CREATE UNIQUE INDEX IF NOT EXISTS batch_once ON batch (pilot, idempotency)",
    # At most one open breach of a condition, and one open silence of a metric.
    "CREATE UNIQUE INDEX IF NOT EXISTS breach_open ON breach (condition) WHERE cured_at IS NULL",
    "CREATE UNIQUE INDEX IF NOT EXISTS silent ON silence (pilot, metric) WHERE ended_at IS NULL",
)
