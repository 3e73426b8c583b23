"""Registering addresses, and sending events to them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sandbox.foundation import addresses, clock, posting, signing
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import Forbidden, InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work, work_of
from sandbox.people import queries as people
from sandbox.people.person import SYSTEM, Person
from sandbox.webhooks import rules
from sandbox.webhooks.policy import owns_for_authority
from sandbox.webhooks.tables import Webhook, WebhookDelivery

_REFUSED = {
    "form": N_("Enter an address that begins with https:// and has no spaces, user or #"),
    "scheme": N_("The address must begin with https://"),
    "port": N_("Use port 443, or one above 1023"),
    "unknown": N_("Nothing is known under this name. Check how it is written"),
    "inside": N_("This address lies inside a network. Use one on the public internet"),
}
_TELL_AFTER = 4  # attempts in a row that failed: about half an hour


# Registering -------------------------------------------------------------------------------------


async def register(
    person: Person, *, url: str, topics: Sequence[str], for_firm: bool
) -> tuple[Webhook, str]:
    """Have events sent to ``url``; its secret, which can be read this once.

    :raises InvalidInput: the address cannot be used, or no topic was chosen.
    :raises RuleBroken: there are as many addresses as there may be.
    """
    webhook = Webhook(
        id=uuid4(), organisation=person.organisation if for_firm else None,
        authority="" if for_firm else person.authority, url=url.strip(),
        topics=sorted(set(topics)), salt=signing.new_salt(), state="active", made_by=person.id,
        made_name=person.name,
    )  # fmt: skip
    if not (person.organisation if for_firm else owns_for_authority(person)):
        raise Forbidden(_("You cannot register an address for them."))
    allow(person, "keep", webhook)
    await _check(webhook.url, topics)
    async with work_of(person) as work:
        webhook.made_at = work.now
        # Two at once count one after the other.
        owner = str(webhook.organisation or webhook.authority)
        await fetch("SELECT pg_advisory_xact_lock(hashtext($1))", f"webhook:{owner}")
        if await _held(webhook) >= rules.AT_MOST:
            raise RuleBroken("webhook.too_many", _("Remove an address before you add another."))
        await work.save(webhook)
        work.record("webhook.registered", webhook, topics=list(webhook.topics))
    return webhook, signing.secret_of(webhook.salt)


async def _check(url: str, topics: Sequence[str]) -> None:
    errors = {}
    if not topics or not set(topics) <= set(rules.TOPICS):
        errors["topics"] = _("Choose at least one")
    try:
        parts = addresses.split(url)
        await addresses.resolve(
            parts.hostname or "", addresses.port_of(parts), plain=parts.scheme == "http"
        )
    except addresses.AddressRefused as error:
        errors["url"] = _(_REFUSED[error.why])
    if errors:
        raise InvalidInput(errors)


async def _held(webhook: Webhook) -> int:
    (row,) = await fetch(
        "SELECT count(*) AS n FROM webhook WHERE removed_at IS NULL "
        "AND organisation IS NOT DISTINCT FROM $1::uuid AND authority = $2",
        webhook.organisation, webhook.authority,
    )  # fmt: skip
    return int(row["n"])


async def _opened(work: Work, person: Person, webhook_id: UUID) -> Webhook:
    webhook = await work.lock(Webhook, webhook_id)
    allow(person, "keep", webhook)
    if webhook.removed_at is not None:
        raise RuleBroken("webhook.removed", _("This address was removed."))
    return webhook


async def pause(person: Person, webhook_id: UUID) -> None:
    """Send nothing more; what happens meanwhile is never sent."""
    async with work_of(person) as work:
        webhook = await _opened(work, person, webhook_id)
        if webhook.state == "active":
            webhook.state = "paused"
            await work.save(webhook)
            work.record("webhook.paused", webhook)


async def resume(person: Person, webhook_id: UUID) -> None:
    """Send events again from now on, and what waited when it was paused."""
    async with work_of(person) as work:
        webhook = await _opened(work, person, webhook_id)
        if webhook.state != "active":
            webhook.state, webhook.failures, webhook.told_at = "active", 0, None
            await work.save(webhook)
            work.record("webhook.resumed", webhook)


async def remove(person: Person, webhook_id: UUID) -> None:
    """Forget the address; what still waits is never sent."""
    async with work_of(person) as work:
        webhook = await _opened(work, person, webhook_id)
        webhook.state, webhook.removed_at = "paused", work.now
        await work.save(webhook)
        await fetch(
            "UPDATE webhook_delivery SET state = 'not_sent', next_at = NULL "
            "WHERE webhook = $1 AND state = 'waiting'",
            webhook.id,
        )
        work.record("webhook.removed", webhook)


async def send_test(person: Person, webhook_id: UUID) -> None:
    """Send an event that means nothing.

    :raises RuleBroken: it is paused.
    """
    async with work_of(person) as work:
        webhook = await _opened(work, person, webhook_id)
        if webhook.state != "active":
            raise RuleBroken("webhook.paused", _("Let it go on before you send a test."))
        await _put(work, [webhook.id], "webhook.test", {"webhook": webhook.id}, now=True)


# Telling -----------------------------------------------------------------------------------------


async def announce(
    work: Work, kind: str, data: Mapping[str, Any], *, organisation: UUID,
    authorities: Sequence[str],
) -> None:  # fmt: skip
    """Tell of an event whoever registered for it: the firm, and these authorities.

    ``data``: ids, references, states and times; never words of a person, never personal data.
    Sent if, and only if, ``work`` commits.
    """
    rows = await fetch(
        "SELECT id, failures FROM webhook WHERE state = 'active' AND removed_at IS NULL "
        "AND $1 = ANY(topics) AND (organisation = $2 OR authority = ANY($3))",
        rules.topic_of(kind), organisation, list(authorities),
    )  # fmt: skip
    well = [row["id"] for row in rows if row["failures"] < rules.FAILING]
    failing = [row["id"] for row in rows if row["failures"] >= rules.FAILING]
    await _put(work, well, kind, data, now=True)
    await _put(work, failing, kind, data, now=False)


async def _put(
    work: Work, webhooks: Sequence[UUID], kind: str, data: Mapping[str, Any], *, now: bool
) -> None:
    """``now``: at once; else the sweep takes it, which spares an address that fails."""
    body = rules.body_of(kind, data, at=work.now)
    for webhook in webhooks:
        delivery = WebhookDelivery(
            id=uuid4(), webhook=webhook, kind=kind, body=body, made_at=work.now, next_at=work.now
        )
        await work.save(delivery)
        if now:
            work.later("deliver_webhook", delivery.id, queue="webhooks")


# Sending -----------------------------------------------------------------------------------------


async def deliver(delivery_id: UUID, *, trust: ssl.SSLContext | None = None) -> None:
    """Make one attempt, if it is time for one. Run twice at once, one of them does nothing.

    An attempt that dies with the worker counts as one: the next follows at its time.
    """
    claimed = await _claim(delivery_id)
    if claimed is None:
        return
    body = claimed["body"].encode()
    answer = await posting.post(
        claimed["url"], body,
        {
            "Content-Type": "application/json", "User-Agent": "Rintis-Webhooks/1",
            **signing.headers(claimed["salt"], str(delivery_id), body, at=clock.now()),
        },
        trust=trust,
    )  # fmt: skip
    await _keep(delivery_id, answer)


async def _claim(delivery_id: UUID) -> dict[str, Any] | None:
    """The next attempt, if it is due and nobody else makes it: by compare-and-swap."""
    now = clock.now()
    row = await WebhookDelivery.objects().get(WebhookDelivery.id == delivery_id)
    if row is None:
        return None
    claimed = await fetch(
        "UPDATE webhook_delivery d SET attempts = attempts + 1, last_at = $3, next_at = $4, "
        "status = NULL, answer = '' "
        "FROM webhook w WHERE d.id = $1 AND d.attempts = $2 AND d.state = 'waiting' "
        "AND d.next_at <= $3 AND w.id = d.webhook AND w.state = 'active' "
        "RETURNING d.body, w.url, w.salt",
        delivery_id, row.attempts, now,
        rules.next_at(row.attempts + 1, at=now) or now + rules.WAITS[-1],
    )  # fmt: skip
    return claimed[0] if claimed else None


async def _keep(delivery_id: UUID, answer: posting.Answer) -> None:
    """Keep what came of an attempt, and what follows from it."""
    async with work_of(SYSTEM) as work:
        delivery = await work.lock(WebhookDelivery, delivery_id)
        webhook = await work.lock(Webhook, delivery.webhook)
        delivery.status, delivery.answer = answer.status, answer.words
        delivery.milliseconds = answer.milliseconds
        if delivery.state != "waiting":
            return
        if answer.delivered:
            delivery.state, delivery.next_at = "delivered", None
            webhook.failures, webhook.told_at = 0, None
        else:
            webhook.failures += 1
            if answer.status == rules.GONE:
                webhook.state = "gone"
                work.record("webhook.gone", webhook)
            if delivery.attempts >= rules.MOST or answer.status == rules.GONE:
                delivery.state, delivery.next_at = "given_up", None
            await _tell(work, webhook)
        await work.save(delivery, webhook)


async def _tell(work: Work, webhook: Webhook) -> None:
    """Tell its people once that it fails, or that its receiver wants no more."""
    failing = webhook.failures >= _TELL_AFTER or webhook.state == "gone"
    if webhook.told_at is not None or not failing:
        return
    webhook.told_at = work.now
    to = [await people.person(webhook.made_by)]
    if webhook.organisation is not None:
        to = [one for one in await people.members(webhook.organisation) if one.edits]
    for person in to:
        if person is not None:
            await work.mail(
                person.email, "webhooks/failing", person.language, webhook=webhook,
                name=person.name,
            )  # fmt: skip


_DUE = """
SELECT id FROM (
  SELECT d.id, d.next_at, w.failures,
         row_number() OVER (PARTITION BY d.webhook ORDER BY d.next_at, d.made_at) AS place
  FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook
  WHERE d.state = 'waiting' AND d.next_at <= $1 AND w.state = 'active'
) AS due WHERE failures < $2 OR place = 1 ORDER BY next_at LIMIT 200
"""


async def sweep() -> int:
    """Have everything sent whose time has come; how many. Give up and forget what is over.

    To an address that keeps failing one event at a time is tried.
    """
    async with work_of(SYSTEM) as work:
        await fetch(
            "UPDATE webhook_delivery SET state = 'given_up', next_at = NULL "
            "WHERE state = 'waiting' AND attempts >= $1 AND next_at <= $2",
            rules.MOST, work.now,
        )  # fmt: skip
        await fetch(
            "DELETE FROM webhook_delivery WHERE state <> 'waiting' AND made_at < $1",
            work.now - rules.KEPT,
        )
        due = await fetch(_DUE, work.now, rules.FAILING)
        for row in due:
            work.later("deliver_webhook", row["id"], queue="webhooks")
    return len(due)
