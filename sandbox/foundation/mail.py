"""Mail: written in the transaction of the change it tells of, sent by the worker.

Without ``SMTP_URL`` nothing leaves the machine: a mail stays in its table. A page shows it
where that gives nobody power over others: in the demo, and on a site that only its own
machine reaches, so that a newcomer can follow every flow. Everywhere else words of a mail are
between the system and whoever it is written to: some hold links that open an account.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

import aiosmtplib
from markupsafe import escape

from sandbox.foundation import clock, i18n
from sandbox.foundation.database import fetch, transaction
from sandbox.foundation.tables import Mail
from sandbox.settings import settings

# Templates whose words open an account: a link to confirm, to join, to choose a password.
_OPENING = "people/"
_OPENING_DAYS = 30  # longer than any such link works
_DAYS = 400  # somebody may ask after a year whether and when they were told


def open_to_all() -> bool:
    """Whether anybody may read every mail: in the demo, where nothing is sent."""
    return settings.demo and not settings.smtp_url


def readable() -> bool:
    """Whether words of mails are shown at all, to administrators then."""
    return open_to_all() or (settings.local and not settings.smtp_url)


async def compose(
    to: str, template: str, language: str, *, case: UUID | None, at: datetime, **context: Any
) -> Mail:
    """Write ``templates/mail/<template>.txt`` in ``language`` to ``to`` and keep it, unsent."""
    # Imported here because pages stand above mail, and a letter borrows only their words.
    from sandbox.foundation.web.templating import environment

    with i18n.use(language):
        body = (
            environment()
            .get_template(f"mail/{template}.txt")
            .render(base_url=settings.base_url, **context)
        )
    subject, _newline, text = body.strip().partition("\n")
    row = Mail(
        id=uuid4(),
        case=case,
        to=to,
        subject=subject.strip(),
        text=text.strip(),
        html=_as_html(text.strip()),
        template=template,
        language=language,
        state="queued",
        made_at=at,
        sent_at=None,
    )
    await row.save()
    return row


def _as_html(text: str) -> str:
    """Plain paragraphs of ``text``, every character of it inert."""
    paragraphs = "".join(
        f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n")
    )
    return f"<!doctype html><html><body>{paragraphs}</body></html>"


async def send(mail_id: UUID) -> None:
    """Send one mail, once; keep it where no mail server is set.

    :raises aiosmtplib.SMTPException: the server refused; the job is tried again.
    """
    async with transaction():
        row = await Mail.objects().where(Mail.id == mail_id).lock_rows("UPDATE").first()
        if row is None or row.state != "queued":
            return
        row.state = "kept"
        if settings.smtp_url:
            await _deliver(row)
            row.state = "sent"
            if row.template.startswith(_OPENING):
                row.text = row.html = ""
        row.sent_at = clock.now()
        await row.save()


async def prune() -> None:
    """Forget old mails, those with links that open an account sooner."""
    await fetch(
        "DELETE FROM mail WHERE sent_at < now() - make_interval(days => $1) "
        "OR (starts_with(template, $2) AND sent_at < now() - make_interval(days => $3))",
        _DAYS,
        _OPENING,
        _OPENING_DAYS,
    )


async def _deliver(row: Mail) -> None:
    address = urlsplit(settings.smtp_url)
    message = EmailMessage()
    message["To"] = row.to
    message["From"] = parse_qs(address.query).get("from", [f"rintis@{address.hostname}"])[0]
    message["Subject"] = row.subject
    message["Message-ID"] = f"<{row.id}@{urlsplit(settings.base_url).hostname}>"
    message.set_content(row.text)
    message.add_alternative(row.html, subtype="html")
    await aiosmtplib.send(
        message,
        hostname=address.hostname,
        port=address.port,
        username=unquote(address.username) if address.username else None,
        password=unquote(address.password) if address.password else None,
        use_tls=address.scheme == "smtps",
    )
