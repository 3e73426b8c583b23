"""Who may: denied unless a policy says otherwise.

Two questions, two answers. May this *role* come to this route at all? A
:class:`Permission`, declared by the route. May this person do this *to this thing*? The
policy its slice registered, asked through :func:`allow` by commands and loaders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.foundation.errors import Forbidden, NotFound


class Acting(Protocol):
    """Whoever acts: as much of a person as the foundation needs to know."""

    @property
    def roles(self) -> frozenset[Any]: ...

    @property
    def signed_in(self) -> bool: ...

    @property
    def machine(self) -> bool: ...


@dataclass(frozen=True)
class Permission:
    """A named leave to use a route, held by roles; or by machines, and then by nobody else.

    ``keyed``: whoever comes is let in, and the handler itself asks for the key that they bring.
    """

    name: str
    roles: frozenset[str] = frozenset()
    everyone: bool = False
    signed_in: bool = False
    machines: bool = False
    keyed: bool = False

    def allows(self, person: Acting) -> bool:
        """Whether ``person`` holds it. What people may do a machine may not, whoever made it."""
        if self.everyone or self.keyed:
            return True
        if self.machines or person.machine:
            return self.machines and person.machine
        return (self.signed_in and person.signed_in) or not self.roles.isdisjoint(person.roles)


def permission(name: str, roles: Iterable[str]) -> Permission:
    """A permission held by ``roles``."""
    return Permission(name, frozenset(roles))


PUBLIC = Permission("see what is public", everyone=True)
SIGNED_IN = Permission("use one's own account", signed_in=True)


class Refusal(str):
    """Why not, in words a person can be shown."""

    __slots__ = ()


Policy = Callable[[Any, str, Any], Refusal | None]
_policies: dict[type, Policy] = {}


def policy(*kinds: type) -> Callable[[Policy], Policy]:
    """Register the policy of ``kinds``: ``may(person, action, subject) -> Refusal | None``."""

    def register(may: Policy) -> Policy:
        for kind in kinds:
            _policies[kind] = may
        return may

    return register


def refusal(person: Any, action: str, subject: Any) -> Refusal | None:
    """Why ``person`` may not do ``action`` to ``subject``; ``None`` when they may.

    A machine comes no further than to the one thing that it speaks for.
    """
    may = _policies.get(type(subject))
    if may is None:
        return Refusal(f"no policy for {type(subject).__name__}")
    if person.machine and person.speaks_for != subject.id:
        return Refusal("a machine speaks for one thing only")
    return may(person, action, subject)


def may(person: Any, action: str, subject: Any) -> bool:
    """Whether ``person`` may do ``action`` to ``subject``."""
    return refusal(person, action, subject) is None


def allow(person: Any, action: str, subject: Any) -> None:
    """Let it pass or stop it.

    :raises NotFound: the person may not even read it, so must not learn that it exists.
    :raises Forbidden: the person may read it but not do this; the message says why.
    """
    why = refusal(person, action, subject)
    if why is None:
        return
    if action == "read" or refusal(person, "read", subject) is not None:
        raise NotFound
    raise Forbidden(str(why))
