"""Where events are sent, and what became of each."""

from piccolo.columns import UUID, Array, Integer, Text, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class Webhook(Table, tablename="webhook", db=DB):
    """An address that a firm (``organisation``) or an authority registered for its events.

    Its secret follows from ``salt`` (``foundation.signing``). ``failures``: attempts in a row
    that failed. One that was removed stays for its deliveries' sake.
    """

    id = UUID(primary_key=True, default=UUID4())
    organisation = UUID(null=True, default=None, index=True)
    authority = Varchar(60, default="", index=True)
    url = Varchar(500)
    topics = Array(base_column=Varchar(20), default=list, help_text="incident, breach")
    salt = Varchar(64)
    state = Varchar(20, default="active", help_text="active, paused or gone")
    made_by = UUID(default=None)
    made_name = Varchar(200)
    made_at = Timestamptz()
    failures = Integer(default=0)
    told_at = Timestamptz(null=True, default=None, help_text="Its people were told that it fails.")
    removed_at = Timestamptz(null=True, default=None)


class WebhookDelivery(Table, tablename="webhook_delivery", db=DB):
    """One event on its way to one address. ``body`` is sent as it stands, every time."""

    id = UUID(primary_key=True, default=UUID4())
    webhook = UUID(index=True, default=None)
    kind = Varchar(60)
    body = Text()
    state = Varchar(20, default="waiting", help_text="waiting, delivered, given_up or not_sent")
    made_at = Timestamptz()
    attempts = Integer(default=0)
    next_at = Timestamptz(null=True, default=None)
    last_at = Timestamptz(null=True, default=None)
    status = Integer(null=True, default=None, help_text="HTTP; empty where there was no answer.")
    answer = Varchar(300, default="")
    milliseconds = Integer(default=0)


INDEXES = (
    # What is to be sent now (commands.sweep).
    (
        "CREATE INDEX IF NOT EXISTS webhook_delivery_due "
        "ON webhook_delivery (next_at) WHERE state = 'waiting'"
    ),
    # The last deliveries of an address (queries.deliveries).
    (
        "CREATE INDEX IF NOT EXISTS webhook_delivery_newest "
        "ON webhook_delivery (webhook, made_at DESC)"
    ),
)
