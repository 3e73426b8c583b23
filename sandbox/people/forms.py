"""What people type about themselves and their organisation."""

from typing import Annotated

import msgspec
from msgspec import Meta

from sandbox.foundation.i18n import N_
from sandbox.people.person import Level, Role

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
Name = Annotated[str, Meta(min_length=2, max_length=200, extra={"error": N_("Enter your name")})]
Email = Annotated[
    str,
    Meta(
        pattern=EMAIL,
        max_length=320,
        extra={"error": N_("Enter an email address, such as name@example.com")},
    ),
]
Password = Annotated[
    str,
    Meta(min_length=1, max_length=1000, extra={"error": N_("Enter a password")}),
]


class SignUp(msgspec.Struct):
    """A new account."""

    name: Name
    email: Email
    password: Password


class SignIn(msgspec.Struct):
    """An account's address and password."""

    email: Email
    password: Password
    next: str = ""


class AskReset(msgspec.Struct):
    """The address whose password is forgotten."""

    email: Email


class NewPassword(msgspec.Struct):
    """A password to have from now on."""

    password: Password


class Joining(msgspec.Struct):
    """What an invited colleague says of themselves."""

    name: Name
    password: Password


class NewOrganisation(msgspec.Struct):
    """The applicant firm."""

    name: Annotated[
        str,
        Meta(
            min_length=2,
            max_length=200,
            extra={"error": N_("Enter the organisation's legal name")},
        ),
    ]
    registration_number: Annotated[
        str,
        Meta(min_length=2, max_length=60, extra={"error": N_("Enter the registration number")}),
    ]
    size: Annotated[str, Meta(min_length=1, extra={"error": N_("Choose a size")})]
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = ""


class Invitation(msgspec.Struct):
    """Whom to invite, and what they may do."""

    email: Email
    level: Annotated[Level, Meta(extra={"error": N_("Choose what your colleague may do")})]


class NewPerson(msgspec.Struct):
    """An account that an administrator makes."""

    name: Name
    email: Email
    password: Password
    roles: Annotated[
        list[Role], Meta(min_length=1, extra={"error": N_("Choose at least one role")})
    ]
    authority: str = ""
    sectors: list[str] = []
