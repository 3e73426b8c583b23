"""API tokens: a machine's leave to speak for one pilot."""

from __future__ import annotations

from uuid import UUID, uuid4

from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.work import work_of
from sandbox.people import rules as people_rules
from sandbox.people.person import Person
from sandbox.people.tables import ApiToken
from sandbox.pilots import rules
from sandbox.pilots.commands.common import open_part, open_pilot, parts, tell_firm


async def issue_token(person: Person, pilot_id: UUID, name: str) -> str:
    """Make a token and return it: this is the only time that it can be read.

    :raises InvalidInput: it has no name.
    :raises RuleBroken: the pilot is closed, or has as many tokens as it may.
    """
    if not name.strip():
        raise InvalidInput({"name": _("Name what will use the token")})
    async with work_of(person) as work:
        pilot = await open_pilot(work, person, pilot_id, "issue_token")
        rules.check_open(pilot)
        held = [token for token in await parts(ApiToken, pilot.id) if token.revoked_at is None]
        if len(held) >= rules.TOKENS_AT_MOST:
            raise RuleBroken("token.issue.too_many", _("Revoke a token before you make another."))
        secret, _hash = people_rules.secret()
        plain = people_rules.TOKEN_PREFIX + secret
        token = ApiToken(
            id=uuid4(),
            case=pilot.case,
            pilot=pilot.id,
            name=name.strip()[:100],
            prefix=plain[:13],
            secret_hash=people_rules.hashed(plain),
            made_by=person.id,
            made_at=work.now,
        )
        await work.save(token)
        work.record("token.issued", token, prefix=token.prefix)
    return plain


async def revoke_token(person: Person, token_id: UUID) -> None:
    """End a token at once; twice is as good as once. The firm is told when an official did it,
    for its machines fall silent."""
    async with work_of(person) as work:
        pilot, token = await open_part(work, person, ApiToken, token_id, "revoke_token")
        if token.revoked_at is None:
            token.revoked_at = work.now
            await work.save(token)
            work.record("token.revoked", token, prefix=token.prefix)
            if not person.belongs_to(pilot.organisation):
                await tell_firm(work, pilot, "token_revoked", token=token)
