"""Reads of webhooks: the addresses of somebody's own, and what became of each event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from sandbox.foundation import clock, posting
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.policy import allow, may
from sandbox.people.person import Person
from sandbox.webhooks import rules
from sandbox.webhooks.policy import owns_for_authority
from sandbox.webhooks.tables import Webhook, WebhookDelivery

_SHOWN = 20
_SAID = {
    "refused:form": N_("The address cannot be used"),
    "refused:scheme": N_("The address must begin with https://"),
    "refused:port": N_("This port is not allowed"),
    "refused:unknown": N_("Nothing is known under this name"),
    "refused:inside": N_("The name leads inside a network, where we do not go"),
    "failed:tls": N_("Its certificate is not trusted"),
    "failed:timeout": N_("It did not answer in time"),
    "failed:connect": N_("It could not be reached"),
    "failed:protocol": N_("It broke off, or did not speak HTTP"),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """An address in the list."""

    id: UUID
    url: str
    topics: list[str]
    state: str
    for_firm: bool
    failures: int
    made_at: datetime
    last_at: datetime | None
    waiting: int

    @property
    def shown(self) -> str:
        """Its state, as its people see it."""
        return (
            "failing" if self.state == "active" and self.failures >= rules.FAILING else self.state
        )


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way. ``answer``: in words."""

    row: WebhookDelivery
    answer: str

    @property
    def trying(self) -> bool:
        """Whether an attempt is being made, or the first one is about to be."""
        row = self.row
        unanswered = row.state == "waiting" and row.status is None and not row.answer
        since = row.last_at or row.made_at
        return unanswered and clock.now() - since < timedelta(seconds=2 * posting.SECONDS)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One address. ``keeps``: the reader may change it."""

    webhook: Webhook
    keeps: bool
    shown: str
    sendings: list[Sending]

    @property
    def moving(self) -> bool:
        """Whether an attempt is being made, or a first one about to be."""
        return any(sending.trying for sending in self.sendings)


_LINES = """
SELECT w.id, w.url, w.topics, w.state, w.organisation IS NOT NULL AS for_firm, w.failures,
       w.made_at,
       (SELECT max(last_at) FROM webhook_delivery d WHERE d.webhook = w.id) AS last_at,
       (SELECT count(*) FROM webhook_delivery d
        WHERE d.webhook = w.id AND d.state = 'waiting') AS waiting
FROM webhook w WHERE w.removed_at IS NULL
AND (w.organisation = $1 OR ($2 <> '' AND w.authority = $2))
ORDER BY w.made_at
"""


async def listed(person: Person) -> list[Line]:
    """The addresses of the person's firm, and of their authority."""
    authority = person.authority if owns_for_authority(person) else ""
    return [Line(**row) for row in await fetch(_LINES, person.organisation, authority)]


async def one(person: Person, webhook_id: UUID) -> Whole:
    """One address with its last deliveries.

    :raises NotFound: it is not there, was removed, or is not for them.
    """
    webhook = await Webhook.objects().get(Webhook.id == webhook_id)
    if webhook is None or webhook.removed_at is not None:
        raise NotFound
    allow(person, "read", webhook)
    rows = await WebhookDelivery.objects().where(
        WebhookDelivery.webhook == webhook_id
    ).order_by(WebhookDelivery.made_at, ascending=False).limit(_SHOWN)  # fmt: skip
    return Whole(
        webhook=webhook, keeps=may(person, "keep", webhook),
        shown="failing" if webhook.state == "active" and webhook.failures >= rules.FAILING
        else webhook.state,
        sendings=[Sending(row=row, answer=_answer(row)) for row in rows],
    )  # fmt: skip


def _answer(row: Any) -> str:
    """What came of the last attempt, in words."""
    if not row.attempts:
        return ""
    if row.status is None:
        return _(_SAID[row.answer]) if row.answer in _SAID else _("No answer")
    if 300 <= row.status < 400:
        return _("%(status)s: it sends us elsewhere, and we follow nowhere") % {
            "status": row.status
        }
    return f"{row.status} {row.answer}".strip()
