"""What the foundation itself stores, and the base of every table above it."""

from piccolo.columns import (
    UUID,
    BigInt,
    BigSerial,
    Bytea,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table

from sandbox.foundation.database import DB


class AuditEvent(Table, tablename="audit_event", db=DB):
    """One thing that happened. Append-only (trigger), hash-chained per case."""

    id = BigSerial(primary_key=True)
    case = UUID(index=True, default=None)
    number = Integer(help_text="Position in the case's chain, from 1.")
    at = Timestamptz(index=True)
    person = UUID(null=True, default=None)
    person_name = Varchar(200, help_text="As it was at that moment.")
    event = Varchar(100, index=True)
    subject_kind = Varchar(60)
    subject = UUID(default=None)
    facts = Text(help_text="Canonical JSON: exactly the text that was hashed.")
    previous = Bytea()
    hash = Bytea()


class AuditHead(Table, tablename="audit_head", db=DB):
    """The newest link of each case's chain; its row lock orders the writers of one case."""

    case = UUID(primary_key=True, default=None)
    number = Integer()
    hash = Bytea()
    sealed_number = Integer(default=0)


class AuditSeal(Table, tablename="audit_seal", db=DB):
    """A Merkle root over the heads that moved since the last seal, itself chained."""

    number = Integer(primary_key=True)
    at = Timestamptz()
    heads = Integer()
    root = Bytea()
    previous = Bytea()
    hash = Bytea()


class AuditSealLeaf(Table, tablename="audit_seal_leaf", db=DB):
    """One head as a seal saw it."""

    id = BigSerial(primary_key=True)
    seal = Integer(index=True)
    case = UUID(index=True, default=None)
    number = Integer()
    hash = Bytea()


class OutboxRow(Table, tablename="outbox", db=DB):
    """A job that a committed command asked for and the relay hands to the broker."""

    id = UUID(primary_key=True)
    position = BigSerial()
    actor = Varchar(100)
    queue = Varchar(60)
    args = Text(help_text="JSON array.")
    made_at = Timestamptz(index=True)
    claimed_at = Timestamptz(null=True, default=None)
    sent_at = Timestamptz(null=True, default=None)
    done_at = Timestamptz(null=True, default=None, help_text="Its effect is there, or it died.")


class JobEffect(Table, tablename="job_effect", db=DB):
    """A job whose effect has been committed; a second run finds it here and does nothing.

    Kept for good: what is overdue stays so, and the next sweep comes in a minute.
    """

    key = Varchar(200, primary_key=True)
    at = Timestamptz(default=TimestamptzNow())


class DeadJob(Table, tablename="dead_job", db=DB):
    """A job whose retries are used up, kept for an administrator to see and send again."""

    id = UUID(primary_key=True)
    actor = Varchar(100)
    queue = Varchar(60)
    args = Text()
    error = Text()
    at = Timestamptz(default=TimestamptzNow())
    resent_at = Timestamptz(null=True, default=None)


class PeriodicSlot(Table, tablename="periodic_slot", db=DB):
    """One due run of a periodic job; the scheduler that inserts it is the one that asks."""

    key = Varchar(120, primary_key=True)
    at = Timestamptz(default=TimestamptzNow())


class Session(Table, tablename="session", db=DB):
    """A browser's session. The id is stored hashed: a leaked table signs nobody in."""

    id_hash = Varchar(64, primary_key=True)
    data = Bytea()
    person = UUID(null=True, default=None, index=True)
    expires_at = Timestamptz(index=True)


class RateCount(Table, tablename="rate_count", db=DB):
    """How often a key was used in a window, shared by all web processes."""

    key = Varchar(200, primary_key=True)
    window = BigInt(help_text="Start of the window, in seconds since 1970.")
    times = Integer()


class Mail(Table, tablename="mail", db=DB):
    """A mail as it was written; ``kept`` where no mail server is set.

    One with a link that opens an account keeps its words only until it has been sent.
    """

    id = UUID(primary_key=True)
    case = UUID(null=True, default=None, index=True)
    to = Varchar(320, index=True)
    subject = Text()
    text = Text()
    html = Text()
    template = Varchar(100, default="")
    language = Varchar(8)
    state = Varchar(20, default="queued")
    made_at = Timestamptz(index=True)
    sent_at = Timestamptz(null=True, default=None)


class StoredFile(Table, tablename="stored_file", db=DB):
    """A file in object storage: an upload, a letter or a report."""

    id = UUID(primary_key=True)
    case = UUID(null=True, default=None, index=True)
    kind = Varchar(40, help_text="upload, letter, report, data.")
    name = Varchar(255)
    media_type = Varchar(120)
    size = BigInt(help_text="Bytes.")
    sha256 = Varchar(64)
    path = Varchar(255, help_text="Key within the storage.")
    made_at = Timestamptz()
    made_by = UUID(null=True, default=None)


# What Piccolo cannot express: run by the migrations after the tables exist.
TRIGGERS = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
APPEND_ONLY = ("audit_event", "audit_seal", "audit_seal_leaf")
INDEXES = (
    'CREATE UNIQUE INDEX IF NOT EXISTS audit_event_chain ON audit_event ("case", number)',
    # The relay claims the oldest that was not sent.
    "CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (position) WHERE sent_at IS NULL",
    # The relay sends again what was sent long ago and never done.
    "CREATE INDEX IF NOT EXISTS outbox_undone ON outbox (sent_at) WHERE done_at IS NULL",
)


def append_only_sql(table: str) -> str:
    """The trigger that refuses UPDATE, DELETE and TRUNCATE on ``table``."""
    return (
        f"CREATE OR REPLACE TRIGGER {table}_append_only "
        f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
