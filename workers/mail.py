"""Mail: sending what a command wrote."""

from __future__ import annotations

from uuid import UUID

import dramatiq

from sandbox.foundation import mail


@dramatiq.actor(actor_name="send_mail", queue_name="mail")
async def send_mail(mail_id: str) -> None:
    """Send one mail, once."""
    await mail.send(UUID(mail_id))
