"""Oversight: the weekly mail to officers."""

import dramatiq

from sandbox.oversight import commands


@dramatiq.actor(actor_name="send_digests")
async def send_digests() -> None:
    """Send the weekly mail to each officer for whom it is time."""
    await commands.send_digests()
