"""The links in the head of every page: each slice names its own, a person sees theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.foundation.i18n import _

if TYPE_CHECKING:
    from sandbox.foundation.policy import Acting, Permission


@dataclass(frozen=True)
class NavigationLink:
    """A link of the head. ``label`` is marked with ``N_``; smaller ``place`` comes first.

    ``over``: the pages under which it is the current one, where these are not its own path's.
    """

    path: str
    label: str
    permission: Permission
    place: int = 50
    over: str = ""


@dataclass(frozen=True)
class ShownLink:
    """A link as one page shows it."""

    path: str
    label: str
    current: bool


_links: list[NavigationLink] = []


def set_navigation(links: Iterable[NavigationLink]) -> None:
    """Take the links of all slices, in the order in which they are shown."""
    _links[:] = sorted(links, key=lambda link: link.place)


def navigation_for(person: Acting, path: str) -> Sequence[ShownLink]:
    """The links ``person`` may use; the one that ``path`` lies under is current.

    Of two with the same label a person sees the first: one place for one thing.
    """
    named: dict[str, NavigationLink] = {}
    for link in _links:
        if link.permission.allows(person):
            named.setdefault(link.label, link)
    allowed = list(named.values())
    under = [link for link in allowed if _lies_under(path, link.over or link.path)]
    nearest = max(under, key=lambda link: len(link.over or link.path), default=None)
    return [ShownLink(link.path, _(link.label), link is nearest) for link in allowed]


def _lies_under(path: str, parent: str) -> bool:
    return path == parent or path.startswith(parent.rstrip("/") + "/")
