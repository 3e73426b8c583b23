"""The people of the demo: officials of every role, and a founder for each firm."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec

from sandbox.demo.year import content
from sandbox.people import commands, passwords, queries
from sandbox.people.person import Person, Role
from sandbox.people.tables import Organisation

PASSWORD = "rintis demo kotak pasir"  # noqa: S105  (it is printed at every start)


class Cast(msgspec.Struct, kw_only=True):
    """Who plays: officials by role and sector, founders by firm."""

    officials: dict[tuple[str, str], Person]
    central: list[Person]
    founders: dict[str, Person]
    numbers: dict[str, str]

    def of(self, role: Role, sector: str) -> Person:
        """The official of ``sector`` in ``role``."""
        return self.officials[role.value, sector]


async def gather() -> Cast:
    """Make everybody's account, as an administrator and the founders do."""
    officials: dict[tuple[str, str], Person] = {}
    central: list[Person] = []
    kept = await passwords.hashed(PASSWORD)
    for entry in content("people")["staff"]:
        person = await _official(entry, kept)
        if entry["role"] == Role.CENTRAL:
            central.append(person)
        for sector in entry.get("sectors", ()):
            officials[entry["role"], sector] = person
    cast = Cast(officials=officials, central=central, founders={}, numbers={})
    for place, (firm, _sector, size) in enumerate(content("organisations")):
        await _founder(cast, place, firm, size, kept)
    return cast


async def _official(entry: dict[str, str], kept: str) -> Person:
    made = await commands.make_person(
        name=entry["name"],
        email=_address(entry["name"], entry["authority"]),
        password=PASSWORD,
        roles=frozenset({Role(entry["role"])}),
        authority=entry["authority"],
        sectors=frozenset(entry.get("sectors", ())),
        language="ms" if entry["role"] in {"policymaker", "auditor"} else "en",
        demo=True,
        kept=kept,
    )
    return await _person(made)


async def _founder(cast: Cast, place: int, firm: str, size: str, kept: str) -> None:
    name = content("people")["founders"][place]
    made = await commands.make_person(
        name=name, email=_address(name, firm), password=PASSWORD, demo=True, kept=kept,
        language="ms" if place % 5 == 3 else "en",
    )  # fmt: skip
    person = await _person(made)
    number = f"2019{place:08}"
    organisation = await commands.found_organisation(
        person, name=firm, registration_number=number, country="MY", size=size
    )
    await Organisation.update({Organisation.demo: True}).where(Organisation.id == organisation.id)
    cast.founders[firm] = await _person(made)
    cast.numbers[firm] = number


def _address(name: str, place: str) -> str:
    """An address in a domain that nobody can own (RFC 2606)."""

    def plain(words: str) -> str:
        return re.sub(r"[^a-z0-9]+", ".", words.lower()).strip(".")

    return f"{plain(name)}@{plain(place).replace('.sdn.bhd', '').replace('.', '-')}.example"


async def _person(identity: UUID) -> Person:
    found = await queries.person(identity)
    if found is None:
        raise LookupError(identity)
    return found
