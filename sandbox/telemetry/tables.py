"""What pilots send, and what was found in it.

Points, their roll-ups and replaced points are not Piccolo's: they lie in tables that are
partitioned by month and written by COPY (:mod:`sandbox.telemetry.store`).
"""

from typing import Any

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    DoublePrecision,
    Integer,
    Serial,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB
from sandbox.telemetry import document_tables
from sandbox.telemetry.document_tables import FiguresDocument

__all__ = ["FiguresDocument"]


class Batch(Table, tablename="batch", db=DB):
    """One delivery of points. The same ``idempotency`` key with the same body is one delivery."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(default=None)
    source = Varchar(20, help_text="json, csv, xlsx, otlp or remote_write")
    token = UUID(null=True, default=None)
    person = UUID(null=True, default=None)
    received_at = Timestamptz()
    points = Integer(default=0, help_text="New ones.")
    duplicates = Integer(default=0)
    corrected = Integer(default=0, help_text="Those that replaced another value.")
    aside = Integer(default=0, help_text="Of names that the plan does not know.")
    refused = Integer(default=0)
    reasons = Array(
        base_column=Varchar(20), default=list, help_text="Why: keys of ``rules.delivery.WORDS``."
    )
    idempotency = Varchar(100, null=True, default=None)
    digest = Varchar(64, default="", help_text="SHA-256 of the body, where a key came with it.")


class Upload(Table, tablename="figure_upload", db=DB):
    """A file of figures that a person brought, from its first look until it was taken or left.

    ``map``: what its columns are. The file itself lies under ``path`` and is forgotten once it
    was taken or left: it may hold more than the figures that were meant.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    name = Varchar(200)
    path = Varchar(200)
    map: Any = JSONB(default={}, help_text="sandbox.telemetry.rules.columns.Map")
    state = Varchar(20, default="open", index=True, help_text="open, taken or left")
    made_at = Timestamptz()
    made_by = UUID(null=True, default=None)
    taken_at = Timestamptz(null=True, default=None)
    points = Integer(default=0, help_text="New ones.")
    duplicates = Integer(default=0)
    corrected = Integer(default=0)
    aside = Integer(default=0)
    refused = Integer(default=0)
    errors: Any = JSONB(default=[], help_text="[row, column, cell, why] of what was not taken")


class Series(Table, tablename="series", db=DB):
    """A metric of a pilot, whole or by slice: what a point is of.

    ``slice``: ``<dimension>:<value>``, several joined by ``|``; empty for the whole. ``aside``:
    a name that the plan does not know, kept until somebody says what it is. Whole hours until
    ``rolled_until`` are rolled up.
    """

    id = Serial(primary_key=True)
    pilot = UUID(default=None)
    metric = Varchar(200)
    slice = Varchar(400, default="")
    aside = Boolean(default=False)
    made_at = Timestamptz()
    rolled_until = Timestamptz(null=True, default=None)


class Counter(Table, tablename="counter", db=DB):
    """The newest running total of a series that is sent as such."""

    series = Integer(primary_key=True)
    at = BigInt(help_text="Microseconds since 1970.")
    value = DoublePrecision()
    n = BigInt(default=0)
    buckets: Any = JSONB(
        null=True, default=None, help_text="Of a percentile: rules.spreads.Buckets"
    )


class Mapping(Table, tablename="mapping", db=DB):
    """What a sender's name means in the plan. ``attributes``: the sender's attribute -> dimension.

    ``factor``: what a value is multiplied by, such as 1000 from seconds to milliseconds.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(default=None)
    name = Varchar(200)
    metric = Varchar(60)
    attributes: Any = JSONB(default={})
    factor = DoublePrecision(default=1.0)
    made_at = Timestamptz()
    made_by = UUID(null=True, default=None)


class Arrival(Table, tablename="arrival", db=DB):
    """That points came which have not been judged yet: of which series, since when.

    Written with the points, removed with what they brought about: a point is judged exactly
    once, whoever dies in between.
    """

    id = UUID(primary_key=True, default=UUID4())
    pilot = UUID(default=None)
    series = Array(base_column=Integer(), default=list)
    since = Timestamptz(help_text="Of the earliest point.")
    until = Timestamptz(help_text="Of the latest.")


class Phase(Table, tablename="phase", db=DB):
    """From when a condition's figures stood how: the verdicts, where they changed.

    ``phase``: kept, exceeding (within its grace), open, recovering. ``at`` is the time of the
    figure; ``opened_at``: of the breach that is open or recovering.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(default=None)
    condition = UUID(default=None)
    slice = Varchar(400, default="")
    at = Timestamptz()
    phase = Varchar(20)
    value = DoublePrecision(null=True, default=None)
    opened_at = Timestamptz(null=True, default=None)


class Watch(Table, tablename="watch", db=DB):
    """Where a condition's figures stand now, by slice, and how near they ever came.

    ``nearest``: the value that came nearest to the limit or passed it furthest, and when.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(default=None)
    pilot = UUID(index=True, default=None)
    condition = UUID(default=None)
    slice = Varchar(400, default="")
    judged_until = Timestamptz()
    phase = Varchar(20)
    since = Timestamptz(help_text="Of the figure that began the phase.")
    opened_at = Timestamptz(null=True, default=None)
    value = DoublePrecision(null=True, default=None)
    samples = BigInt(default=0)
    nearest = DoublePrecision(null=True, default=None)
    nearest_at = Timestamptz(null=True, default=None)


class Breach(Table, tablename="breach", db=DB):
    """A threshold that was passed, from when it was seen until it was cured.

    ``value`` is empty where what was missing is the breach. ``state``: open, explained, cured,
    or withdrawn: late figures showed that the limit had been kept.
    """

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    condition = UUID(index=True, default=None)
    metric = Varchar(60)
    slice = Varchar(400, default="")
    opened_at = Timestamptz()
    last_seen_at = Timestamptz()
    at = Timestamptz(help_text="The time of the figure that showed it.")
    value = DoublePrecision(null=True, default=None)
    worst = DoublePrecision(null=True, default=None)
    limit = DoublePrecision()
    state = Varchar(
        20, default="open", index=True, help_text="open, explained, cured, withdrawn or closed"
    )
    recovering_since = Timestamptz(null=True, default=None)
    until = Timestamptz(null=True, default=None, help_text="Of the figure that cured it.")
    explain_by = Timestamptz(
        null=True, default=None, help_text="By when the firm explains it; empty: it need not."
    )
    explain_asked_at = Timestamptz(null=True, default=None, help_text="From when that counts.")
    explanation = Text(default="")
    explained_at = Timestamptz(null=True, default=None)
    explained_by = Varchar(200, default="")
    accepted_at = Timestamptz(
        null=True, default=None, help_text="When the authority took the explanation."
    )
    escalated_at = Timestamptz(
        null=True, default=None, help_text="When it went to the decision makers, unexplained."
    )
    cured_at = Timestamptz(null=True, default=None)


class Explanation(Table, tablename="explanation", db=DB):
    """What the firm said of a breach, and whether the authority took it or asked again."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(default=None)
    breach = UUID(index=True, default=None)
    text = Text()
    by = UUID(null=True, default=None)
    by_name = Varchar(200, default="")
    at = Timestamptz()
    verdict = Varchar(20, default="", help_text="accepted, asked_again, or empty: waiting.")
    verdict_by = UUID(null=True, default=None)
    verdict_at = Timestamptz(null=True, default=None)
    verdict_words = Text(default="", help_text="What is still missing.")


class Silence(Table, tablename="silence", db=DB):
    """A metric that stopped coming: since when, and when it came back."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    metric = Varchar(60)
    since = Timestamptz()
    noticed_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


_POINT = (
    "series integer NOT NULL, at timestamptz NOT NULL, value double precision NOT NULL, "
    "n bigint NOT NULL, batch uuid NOT NULL"
)
TABLES = (
    f"CREATE TABLE IF NOT EXISTS point ({_POINT}) PARTITION BY RANGE (at)",
    # A figure that was corrected stays: what was said before, and since when it is no longer.
    (
        f"CREATE TABLE IF NOT EXISTS replaced_point ({_POINT}, replaced_at timestamptz NOT NULL, "
        "replaced_by uuid NOT NULL)"
    ),
    # An hour or a day of a series, from after its start to its end: sums that can be added,
    # extremes, the last value, and a quantile sketch that can be merged.
    (
        "CREATE TABLE IF NOT EXISTS rollup (series integer NOT NULL, level smallint NOT NULL, "
        "at timestamptz NOT NULL, points integer NOT NULL, n bigint NOT NULL, "
        "total double precision NOT NULL, weighted double precision NOT NULL, "
        "lowest double precision NOT NULL, highest double precision NOT NULL, "
        "last double precision NOT NULL, last_at timestamptz NOT NULL, sketch bytea) "
        "PARTITION BY RANGE (at)"
    ),
)
INDEXES = (
    # A series by time, and no time twice (store.stored, windows).
    "CREATE UNIQUE INDEX IF NOT EXISTS point_series ON point (series, at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS rollup_series ON rollup (series, level, at)",
    "CREATE INDEX IF NOT EXISTS replaced_series ON replaced_point (series, at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS series_of ON series (pilot, metric, slice)",
    "CREATE UNIQUE INDEX IF NOT EXISTS mapping_of ON mapping (pilot, name)",
    # The newest deliveries of a pilot (queries.deliveries), and none twice.
    "CREATE INDEX IF NOT EXISTS batch_newest ON batch (pilot, received_at DESC)",
    "CREATE UNIQUE INDEX IF NOT EXISTS batch_once ON batch (pilot, idempotency)",
    # What is to be judged (commands.watch).
    "CREATE INDEX IF NOT EXISTS arrival_of ON arrival (pilot)",
    "CREATE UNIQUE INDEX IF NOT EXISTS phase_of ON phase (condition, slice, at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS watch_of ON watch (condition, slice)",
    # At most one open breach of a condition's slice, and one open silence of a metric.
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS breach_open_slice ON breach (condition, slice) "
        "WHERE cured_at IS NULL"
    ),
    "CREATE UNIQUE INDEX IF NOT EXISTS silent ON silence (pilot, metric) WHERE ended_at IS NULL",
    "DROP INDEX IF EXISTS breach_open",  # was by condition alone
    *document_tables.INDEXES,
)
