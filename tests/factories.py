"""People as tests need them, made by the commands that make them in life."""

from __future__ import annotations

from itertools import count
from uuid import UUID

from sandbox.framework import library
from sandbox.people import commands, queries
from sandbox.people.person import Level, Person, Role

PASSWORD = "correct horse battery"

_numbers = count(1)


async def account(name: str = "", **options: object) -> Person:
    """Someone with a confirmed account and nothing else."""
    number = next(_numbers)
    identity = await commands.make_person(
        name=name or f"Person {number}",
        email=f"person{number}@example.test",
        password=PASSWORD,
        **options,  # type: ignore[arg-type]
    )
    return await _person(identity)


async def applicant(organisation: str = "", *, name: str = "") -> Person:
    """The owner of a new organisation."""
    person = await account(name)
    await commands.found_organisation(
        person,
        name=organisation or f"Firm {next(_numbers)}",
        registration_number=f"2026{next(_numbers):08}",
        country="MY",
        size="start_up",
    )
    return await _person(person.id)


async def colleague(owner: Person, level: Level = Level.EDITOR) -> Person:
    """A second member of ``owner``'s organisation, who came by invitation."""
    from tests.harness import link_in, mails

    email = f"colleague{next(_numbers)}@example.test"
    await commands.invite(owner, email=email, level=level)
    secret = link_in((await mails(email))[-1]).rsplit("/", 1)[-1]
    identity = await commands.accept_invitation(
        secret, name=f"Colleague of {owner.name}", password=PASSWORD, language="en"
    )
    return await _person(identity)


async def officer(sector: str = "healthcare") -> Person:
    """A sector officer of the authority that leads ``sector``."""
    return await _of_sector(Role.OFFICER, sector)


async def reviewer(sector: str = "healthcare") -> Person:
    """A reviewer of ``sector``."""
    return await _of_sector(Role.REVIEWER, sector)


async def decision_maker(sector: str = "healthcare") -> Person:
    """A decision maker of ``sector``."""
    return await _of_sector(Role.DECISION_MAKER, sector)


async def official(*roles: Role, sector: str = "healthcare", name: str = "") -> Person:
    """Someone who holds one or several roles at the authority that leads ``sector``."""
    lead = library.current().lead_of(sector)
    number = next(_numbers)
    return await account(
        name or f"Official {number}", roles=frozenset(roles), authority=lead.key,
        sectors=frozenset({sector}),
    )  # fmt: skip


async def with_a_firm(person: Person) -> Person:
    """``person``, who from now on owns a firm as well."""
    await commands.found_organisation(
        person, name=f"Firm {next(_numbers)}", registration_number=f"2026{next(_numbers):08}",
        country="MY", size="start_up",
    )  # fmt: skip
    return await _person(person.id)


async def central() -> Person:
    """Someone of the central office."""
    return await _appointed(Role.CENTRAL, library.current().central.key)


async def policymaker() -> Person:
    """A reader of reports and lessons."""
    return await _appointed(Role.POLICYMAKER, library.current().central.key)


async def auditor() -> Person:
    """A reader of the trail."""
    return await _appointed(Role.AUDITOR, "")


async def administrator() -> Person:
    """Someone who manages people, and sees no case."""
    return await _appointed(Role.ADMINISTRATOR, library.current().central.key)


async def everyone(sector: str = "healthcare") -> dict[str, Person]:
    """One person of every role, by the role's name: for the permission matrix."""
    return {
        "applicant": await applicant(),
        "officer": await officer(sector),
        "reviewer": await reviewer(sector),
        "decision_maker": await decision_maker(sector),
        "central": await central(),
        "policymaker": await policymaker(),
        "auditor": await auditor(),
        "administrator": await administrator(),
    }


async def _of_sector(role: Role, sector: str) -> Person:
    lead = library.current().lead_of(sector)
    return await _appointed(role, lead.key, frozenset({sector}))


async def _appointed(role: Role, authority: str, sectors: frozenset[str] = frozenset()) -> Person:
    return await account(
        str(role).replace("_", " ").capitalize() + f" {next(_numbers)}",
        roles=frozenset({role}),
        authority=authority,
        sectors=sectors,
    )


async def _person(identity: UUID | None) -> Person:
    assert identity is not None
    person = await queries.person(identity)
    assert person is not None
    return person
