"""What applicant and authority say to each other, and a decision that is looked at again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.applications import commands
from sandbox.applications.tables import Application, Decision
from sandbox.foundation import clock
from sandbox.foundation.errors import Forbidden, RuleBroken
from sandbox.people.person import Level, Person
from sandbox.pilots import commands as pilots
from tests import factories
from tests.harness import Visitor, mails, run_jobs
from tests.system.test_pilots import TERMS, admitted, people

__all__ = ["people"]  # the fixture


async def _told(person: Person) -> list[str]:
    return [mail["subject"] for mail in await mails(person.email)]


async def test_both_sides_write_and_are_told(client: Visitor, people: dict[str, Person]) -> None:
    key = await admitted(*people.values())
    firm = await client.sign_in(people["founder"])
    path = f"/applications/{key}/messages"
    assert (await firm.submit(path, {"message": " "})).status_code == 422
    assert (await firm.submit(path, {"message": "May we begin in May?"})).status_code == 303
    assert any("A message from the applicant" in one for one in await _told(people["officer"]))
    desk = await client.another().sign_in(people["officer"])
    case = f"/cases/{key}/messages"
    assert "May we begin in May?" in await desk.text(case)
    assert (await desk.submit(case, {"message": "Yes, do."})).status_code == 303
    assert any("A message about your application" in one for one in await _told(people["founder"]))
    page = await firm.text(path)
    assert "Yes, do." in page
    assert people["officer"].name not in page
    assert "Message written" in await desk.text(f"/cases/{key}/history")


async def test_who_may_not_write(client: Visitor, people: dict[str, Person]) -> None:
    key = await admitted(*people.values())
    viewer = await factories.colleague(people["founder"], Level.VIEWER)
    with pytest.raises(Forbidden):
        await commands.write_message(viewer, key, "Hello")
    stranger = await client.another().sign_in(await factories.applicant())
    assert (await stranger.get(f"/applications/{key}/messages")).status_code == 404
    reviewer = await client.another().sign_in(people["reviewer"])
    assert (await reviewer.submit(f"/cases/{key}/messages", {"message": "x"})).status_code == 403


async def test_a_decision_is_upheld_by_somebody_else(
    client: Visitor, people: dict[str, Person]
) -> None:
    key = await admitted(*people.values())
    other = await factories.decision_maker()
    firm = await client.sign_in(people["founder"])
    path = f"/applications/{key}/reconsideration"
    assert "Have the decision looked at again" in await firm.text(f"/applications/{key}")
    assert (await firm.submit(path, {})).status_code == 422
    assert (await firm.submit(path, {"text": "Insurance is not for us"})).status_code == 303
    assert "Being reconsidered" in await firm.text(f"/applications/{key}")
    assert any("looked at again" in one for one in await _told(other))
    assert not any("looked at again" in one for one in await _told(people["maker"]))
    with pytest.raises(RuleBroken) as waits:
        await pilots.accept_plan(people["founder"], key)
    assert waits.value.rule == "plan.accept.reconsidering"
    same = await client.another().sign_in(people["maker"])
    refused = await same.submit(f"/cases/{key}/uphold", {"answer": "It stands"})
    assert refused.status_code == 409
    assert "another decision maker looks at it" in refused.text
    desk = await client.another().sign_in(other)
    page = await desk.text(f"/cases/{key}/decision")
    assert "Insurance is not for us" in page
    assert "Or decide anew" in page
    assert (await desk.submit(f"/cases/{key}/uphold", {})).status_code == 422
    done = await desk.submit(f"/cases/{key}/uphold", {"answer": "People must be insured"})
    assert done.status_code == 303
    assert "People must be insured" in await firm.text(f"/applications/{key}")
    with pytest.raises(RuleBroken) as again:
        await commands.ask_reconsideration(people["founder"], key, text="Once more")
    assert again.value.rule == "reconsideration.ask.again"
    assert (await pilots.accept_plan(people["founder"], key)).state == "preparing"


async def test_a_decision_is_made_anew_and_the_plan_follows_it(
    client: Visitor, people: dict[str, Person]
) -> None:
    key = await admitted(*people.values())
    await run_jobs()
    await commands.ask_reconsideration(people["founder"], key, text="Insurance is not for us")
    terms: dict[str, Any] = {**TERMS, "conditions": TERMS["conditions"][:1]}
    anew = commands.Terms(reasons=["risks_need_limits"], months=6, **terms)
    with pytest.raises(RuleBroken) as same:
        await commands.decide(people["maker"], key, outcome="admitted_with_conditions", terms=anew)
    assert same.value.rule == "reconsideration.answer.same"
    other = await factories.decision_maker()
    first = await Application.objects().get(Application.id == key)
    assert first is not None
    with clock.at(clock.now() + timedelta(days=3)):
        await commands.decide(other, key, outcome="admitted_with_conditions", terms=anew)
        await run_jobs()
        firm = await client.sign_in(people["founder"])
        page = await firm.text(f"/applications/{key}/plan")
        assert "Sensitivity" in page
        assert "Insurance" not in page
        letters = [d.letter for d in await Decision.objects().where(Decision.case == key)]
        assert len(set(letters)) == 2
        assert None not in letters
        found = await Application.objects().get(Application.id == key)
        assert found is not None
        assert found.decided_at == first.decided_at


async def test_it_is_too_late_after_the_packs_days_or_the_plan(people: dict[str, Person]) -> None:
    key = await admitted(*people.values())
    with clock.at(clock.now() + timedelta(days=60)), pytest.raises(RuleBroken) as late:
        await commands.ask_reconsideration(people["founder"], key, text="Wrong")
    assert late.value.rule == "reconsideration.ask.late"
    await pilots.accept_plan(people["founder"], key)
    with pytest.raises(RuleBroken) as accepted:
        await commands.ask_reconsideration(people["founder"], key, text="Wrong")
    assert accepted.value.rule == "reconsideration.ask.accepted"
