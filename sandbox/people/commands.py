"""Writes of people: sign-up, sign-in, invitations, appointments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sandbox.foundation.database import fetch
from sandbox.foundation.errors import Forbidden, InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.tables import Session
from sandbox.foundation.work import Work, work_of
from sandbox.people import (
    passwords,
    policy,  # noqa: F401  (says who may: without it nobody may)
    rules,
)
from sandbox.people.person import SYSTEM, Level, Person, Role
from sandbox.people.tables import Account, Appointment, Membership, Organisation, Ticket
from sandbox.settings import settings


async def sign_up(*, name: str, email: str, password: str, language: str) -> str:
    """Mail a link that confirms the address, and only then makes the account.

    Until then what was typed lies with the link: whoever signs up with somebody else's address
    changes nothing of theirs, neither an account nor another link. An address that has an
    account gets a mail that says so: the page answers the same either way, so that nobody can
    learn who has an account.

    Returns a mark of the link, by which the browser that signed up is known again.

    :raises InvalidInput: the password is too weak.
    """
    email = email.strip().lower()
    rules.check_password(password, email)
    hashed = await passwords.hashed(password)
    async with work_of(SYSTEM) as work:
        existing = await Account.objects().where(Account.email == email).first()
        if existing is not None:
            await work.mail(email, "people/already_registered", language, name=existing.name)
            return rules.secret()[1]
        name = name.strip()
        link, mark = await _ticket(
            work, "confirm", email, name=name, language=language, password_hash=hashed
        )
        await work.mail(email, "people/confirm", language, name=name, link=link)
    return mark


async def _ticket(work: Work, purpose: str, email: str, **columns: Any) -> tuple[str, str]:
    """Store a ticket; return the address that uses it, and the hash of its secret."""
    plain, hashed = rules.secret()
    await work.save(
        Ticket(
            id=uuid4(),
            purpose=purpose,
            secret_hash=hashed,
            email=email,
            expires_at=work.now + rules.TICKET_LIFE[purpose],
            **columns,
        )
    )
    return f"{settings.base_url}/{purpose}/{plain}", hashed


async def _take_ticket(work: Work, plain: str, purpose: str) -> Ticket:
    same = Ticket.secret_hash == rules.hashed(plain)
    found = await Ticket.select(Ticket.email).where(same).first()
    if found is not None:
        await _hold(found["email"])
    ticket: Any = await Ticket.objects().where(same).lock_rows("UPDATE").first()
    rules.use_ticket(ticket, purpose, work.now)
    await work.save(ticket)
    return cast("Ticket", ticket)


async def _spend_others(work: Work, ticket: Ticket) -> None:
    """Use up the other links of the same kind that were mailed to the same address."""
    same = (Ticket.email == ticket.email) & (Ticket.purpose == ticket.purpose)
    await Ticket.update({Ticket.used_at: work.now}).where(same & Ticket.used_at.is_null())


async def forget_tickets() -> None:
    """Delete tickets that open nothing any more: one to confirm with holds a password's hash."""
    await fetch("DELETE FROM ticket WHERE least(used_at, expires_at) < now() - interval '1 day'")


async def _hold(email: str) -> None:
    """Until the work ends nobody else uses a link of ``email`` or makes an account for it."""
    await fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"account:{email}")


async def _account_of(email: str) -> Account | None:
    """The account of ``email``, of which there will be no other until the work ends."""
    await _hold(email)
    found: Account | None = await Account.objects().where(Account.email == email).first()
    return found


async def confirm(plain: str, *, password: str | None) -> UUID:
    """Make the account by the link that was mailed; return it, to sign in.

    ``password`` is the one chosen at sign-up, asked of a browser that did not sign up: else
    somebody who opens a link that another had sent to them would own an account to which that
    other knows the password. ``None`` where the same browser signed up.

    :raises InvalidInput: it is another password.
    :raises RuleBroken: the link was used or is too old, or the address has an account by now.
    """
    async with work_of(SYSTEM) as work:
        ticket = await _take_ticket(work, plain, "confirm")
        if password is not None and not await passwords.fits(ticket.password_hash, password):
            raise InvalidInput({"password": _("This is not the password chosen at sign-up")})
        if await _account_of(ticket.email) is not None:
            raise rules.spent()
        account = Account(
            id=uuid4(),
            email=ticket.email,
            name=ticket.name,
            language=ticket.language,
            password_hash=ticket.password_hash,
            confirmed_at=work.now,
            made_at=work.now,
        )
        await work.save(account)
        await _spend_others(work, ticket)
        work.record("account.made", account)
    return account.id


async def sign_in(*, email: str, password: str) -> UUID | None:
    """The account that ``email`` and ``password`` open; ``None`` for anything else."""
    account: Any = await Account.objects().where(Account.email == email.strip().lower()).first()
    if not await passwords.fits(account.password_hash if account else None, password):
        return None
    if not account.confirmed_at or account.disabled_at:
        return None
    async with work_of(SYSTEM) as work:
        work.record("account.signed_in", account)
    return cast("UUID", account.id)


async def ask_reset(*, email: str, language: str) -> None:
    """Mail a link to choose a new password, if the address has an account."""
    async with work_of(SYSTEM) as work:
        account = await Account.objects().where(Account.email == email.strip().lower()).first()
        if account is None or account.confirmed_at is None:
            return
        link, _mark = await _ticket(work, "reset", account.email, account=account.id)
        await work.mail(account.email, "people/reset", language, name=account.name, link=link)


async def reset_password(plain: str, password: str) -> UUID:
    """Set a new password by a mailed link; every session of the account ends.

    :raises InvalidInput: the password is too weak.
    :raises RuleBroken: the link was used or is too old.
    """
    async with work_of(SYSTEM) as work:
        ticket = await _take_ticket(work, plain, "reset")
        rules.check_password(password, ticket.email)
        account = await work.lock(Account, ticket.account)
        account.password_hash = await passwords.hashed(password)
        await work.save(account)
        await _spend_others(work, ticket)
        await Session.delete().where(Session.person == account.id)
        work.record("account.password_changed", account)
    return account.id


async def found_organisation(
    person: Person, *, name: str, registration_number: str, country: str, size: str
) -> Organisation:
    """Name the person's firm; they become its owner.

    :raises InvalidInput: they already belong to one.
    """
    if person.organisation is not None:
        raise InvalidInput({"name": _("You already belong to an organisation")})
    async with work_of(person) as work:
        organisation = Organisation(
            id=uuid4(),
            name=name.strip(),
            registration_number=registration_number.strip(),
            country=country,
            size=size,
            made_at=work.now,
        )
        await work.save(organisation)
        await _join(work, person.id, organisation.id, Level.OWNER)
        work.record("organisation.founded", organisation)
    return organisation


async def _join(work: Work, account: UUID | None, organisation: UUID, level: Level) -> None:
    await work.save(
        Membership(
            id=uuid4(), account=account, organisation=organisation, level=level, made_at=work.now
        )
    )


async def invite(person: Person, *, email: str, level: Level) -> None:
    """Invite a colleague into the person's organisation by mail."""
    email = email.strip().lower()
    async with work_of(person) as work:
        organisation = await work.lock(Organisation, person.organisation)  # type: ignore[arg-type]
        allow(person, "invite", organisation)
        link, _mark = await _ticket(
            work, "invite", email, organisation=organisation.id, level=level, made_by=person.id
        )
        await work.mail(
            email,
            "people/invite",
            person.language,
            inviter=person.name,
            organisation=organisation.name,
            link=link,
        )
        work.record("organisation.invited", organisation, level=level)


async def accept_invitation(plain: str, *, name: str, password: str, language: str) -> UUID:
    """Join by a mailed invitation; its address counts as confirmed.

    :raises InvalidInput: the password is too weak, or the account belongs elsewhere.
    :raises RuleBroken: the link was used or is too old.
    """
    async with work_of(SYSTEM) as work:
        ticket = await _take_ticket(work, plain, "invite")
        rules.check_password(password, ticket.email)
        account = await _account_of(ticket.email)
        if account is not None:
            await _check_joins(account, password)
        else:
            account = Account(
                id=uuid4(),
                email=ticket.email,
                name=name.strip(),
                language=language,
                password_hash=await passwords.hashed(password),
                confirmed_at=work.now,
                made_at=work.now,
            )
            await work.save(account)
        await _join(work, account.id, ticket.organisation, Level(ticket.level))
        organisation = await work.lock(Organisation, ticket.organisation)
        work.record("organisation.joined", organisation, account=account.id)
    return account.id


async def _check_joins(account: Account, password: str) -> None:
    """An existing account joins with its own password, and only when it is free to."""
    if not await passwords.fits(account.password_hash, password):
        raise InvalidInput({"password": _("You already have an account: enter its password")})
    current = Membership.account == account.id
    if await Membership.exists().where(current & Membership.ended_at.is_null()):
        raise InvalidInput({"name": _("This account already belongs to an organisation")})


async def make_person(
    *,
    name: str,
    email: str,
    password: str,
    roles: frozenset[Role] = frozenset(),
    authority: str = "",
    sectors: frozenset[str] = frozenset(),
    language: str = "en",
    demo: bool = False,
    by: Person = SYSTEM,
    kept: str = "",
) -> UUID:
    """Make a confirmed account with its appointments, as an administrator does.

    ``kept``: what ``passwords.hashed`` made of the password, where many accounts share one.

    :raises InvalidInput: the address has an account, or the password is too weak.
    :raises Forbidden: ``by`` is neither an administrator nor the system, or the role is the
        system's own.
    """
    _check_manages(by)
    if Role.SYSTEM in roles:
        raise Forbidden(_("Nobody is appointed to be the system."))
    email = email.strip().lower()
    rules.check_password(password, email)
    hashed = kept or await passwords.hashed(password)
    async with work_of(by) as work:
        if await _account_of(email) is not None:
            raise InvalidInput({"email": _("This address already has an account")})
        account = Account(
            id=uuid4(),
            email=email,
            name=name,
            password_hash=hashed,
            language=language,
            confirmed_at=work.now,
            demo=demo,
            made_at=work.now,
        )
        await work.save(account)
        for role in sorted(roles):
            await work.save(_appointment(account.id, role, authority, sectors, work.now))
        work.record("account.appointed", account, roles=sorted(roles), authority=authority)
    return account.id


def _appointment(
    account: UUID, role: Role, authority: str, sectors: frozenset[str], at: datetime
) -> Appointment:
    return Appointment(
        id=uuid4(),
        account=account,
        role=role,
        authority=authority,
        sectors=sorted(sectors),
        made_at=at,
    )


async def speak(person: Person, language: str) -> None:
    """Remember the language that ``person`` reads."""
    async with work_of(person) as work:
        account = await work.lock(Account, person.id)  # type: ignore[arg-type]
        account.language = language
        await work.save(account)


async def choose_weekly_mail(person: Person, *, wanted: bool) -> None:
    """Let the weekly mail come, or stop it."""
    async with work_of(person) as work:
        account = await work.lock(Account, person.id)  # type: ignore[arg-type]
        if account.weekly_mail != wanted:
            account.weekly_mail = wanted
            await work.save(account)
            work.record("account.weekly_mail_chosen", account, wanted=wanted)


async def set_disabled(person: Person, account_id: UUID, *, disabled: bool) -> None:
    """Close an account, which ends its sessions, or open it again.

    :raises InvalidInput: it is one's own.
    :raises Forbidden: the person is no administrator.
    """
    _check_manages(person)
    if account_id == person.id:
        raise InvalidInput({"account": _("You cannot close your own account")})
    async with work_of(person) as work:
        account: Any = await work.lock(Account, account_id)
        account.disabled_at = work.now if disabled else None
        await work.save(account)
        await Session.delete().where(Session.person == account_id)
        work.record("account.closed" if disabled else "account.opened", account)


def _check_manages(person: Person) -> None:
    if not person.is_any(Role.ADMINISTRATOR, Role.SYSTEM):
        raise Forbidden(_("Administrators manage people."))
