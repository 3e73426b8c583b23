"""What can go wrong in the domain. Each error knows the HTTP status it answers with."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """A refusal the person is told about; never a fault of the system."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(DomainError):
    """Not there, or not for this person to know about: both answer the same."""

    status = 404

    def __init__(self, message: str = "") -> None:
        super().__init__(message)


class SignInNeeded(DomainError):
    """The page is for people who have signed in."""

    status = 401


class Forbidden(DomainError):
    """The person may see the thing, but may not do this to it. ``message`` says why."""

    status = 403


class RuleBroken(DomainError):
    """A rule of the domain refuses the step.

    ``rule`` is its stable name (``application.submit.incomplete``); ``message`` tells the
    person what is wrong and what to do.
    """

    status = 409

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class InvalidInput(DomainError):
    """Input that cannot be used; ``errors`` maps each field to what is wrong with it."""

    status = 422

    def __init__(self, errors: Mapping[str, str], message: str = "") -> None:
        super().__init__(message or "; ".join(errors.values()))
        self.errors = dict(errors)


class TooMany(DomainError):
    """Asked too often; ``retry_after`` seconds from now it will be answered again."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
