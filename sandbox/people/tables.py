"""Accounts, organisations, who belongs where, and the tokens of machines."""

from piccolo.columns import UUID, Array, Boolean, ForeignKey, Text, Timestamptz, Varchar
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

from sandbox.foundation.database import DB


class Account(Table, tablename="account", db=DB):
    """A person who can sign in."""

    id = UUID(primary_key=True, default=UUID4())
    email = Varchar(320, unique=True, help_text="Lower case.")
    name = Varchar(200)
    password_hash = Text(secret=True)
    language = Varchar(8, default="en")
    confirmed_at = Timestamptz(null=True, default=None)
    disabled_at = Timestamptz(null=True, default=None)
    demo = Boolean(default=False)
    made_at = Timestamptz()
    weekly_mail = Boolean(default=True, help_text="Whether an officer wants the week by mail.")


class Appointment(Table, tablename="appointment", db=DB):
    """A role that an account holds at an authority of the pack."""

    id = UUID(primary_key=True, default=UUID4())
    account = ForeignKey(Account, index=True)
    role = Varchar(30)
    authority = Varchar(60, default="")
    sectors = Array(base_column=Varchar(60), default=list)
    made_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


class Organisation(Table, tablename="organisation", db=DB):
    """An applicant firm."""

    id = UUID(primary_key=True, default=UUID4())
    name = Varchar(200)
    registration_number = Varchar(60, default="")
    country = Varchar(2, default="")
    size = Varchar(30, default="")
    demo = Boolean(default=False)
    made_at = Timestamptz()


class Membership(Table, tablename="membership", db=DB):
    """An account's place in an organisation."""

    id = UUID(primary_key=True, default=UUID4())
    account = ForeignKey(Account, index=True)
    organisation = ForeignKey(Organisation, index=True)
    level = Varchar(20)
    made_at = Timestamptz()
    ended_at = Timestamptz(null=True, default=None)


class Ticket(Table, tablename="ticket", db=DB):
    """A link sent by mail: confirm an address, join a colleague, choose a new password.

    Only the SHA-256 of its secret is stored.
    """

    id = UUID(primary_key=True, default=UUID4())
    purpose = Varchar(20, help_text="confirm, invite, reset.")
    secret_hash = Varchar(64, unique=True)
    email = Varchar(320)
    name = Varchar(200, default="", help_text="With the next two: the account to make.")
    language = Varchar(8, default="en")
    password_hash = Text(default="", secret=True)
    account = UUID(null=True, default=None)
    organisation = UUID(null=True, default=None)
    level = Varchar(20, default="")
    made_by = UUID(null=True, default=None)
    expires_at = Timestamptz()
    used_at = Timestamptz(null=True, default=None)


class ApiToken(Table, tablename="api_token", db=DB):
    """A machine's leave to speak for one pilot. Shown once, stored hashed, revocable."""

    id = UUID(primary_key=True, default=UUID4())
    case = UUID(index=True, default=None)
    pilot = UUID(index=True, default=None)
    name = Varchar(100)
    prefix = Varchar(16, help_text="The first characters, to tell tokens apart.")
    secret_hash = Varchar(64, unique=True)
    made_by = UUID(default=None)
    made_at = Timestamptz()
    last_used_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


INDEXES = (
    # A person belongs to one organisation at a time.
    (
        "CREATE UNIQUE INDEX IF NOT EXISTS membership_one "
        "ON membership (account) WHERE ended_at IS NULL"
    ),
)
