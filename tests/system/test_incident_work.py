"""Work on an incident: tasks, questions to the firm, the timeline, causes, actions sent back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.foundation import clock, i18n
from sandbox.foundation.clock import now
from sandbox.foundation.i18n import today
from sandbox.incidents import commands
from sandbox.incidents.tables import CorrectiveAction
from sandbox.incidents.work_tables import IncidentTask, Inquiry, TimelineEntry
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.browsing import Browser
from tests.harness import Visitor, mails
from tests.system.test_incidents import told
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

PDF = b"%PDF-1.7\n%"


@pytest.fixture
async def pilot(people: dict[str, Person]) -> Pilot:
    """A live pilot in healthcare."""
    return await live(people)


def typed(at: Any) -> str:
    """A moment as a person types it."""
    return str(at.astimezone(i18n.current_zone()).strftime("%Y-%m-%dT%H:%M"))


async def test_a_question_is_asked_pressed_and_answered_with_files(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot)
    due = today() + timedelta(days=4)
    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go(f"{path}/work")
        refused = await desk.send("Ask", {"question": "Since when?"})
        assert refused.status_code == 422
        desk.sees("Choose a day ahead")
        assert "Since when?" in desk.answer.text
        await desk.press("Ask", question="Since when?", question_due=due.isoformat())
        desk.sees("Question 1", "Since when?")
    inquiry = await Inquiry.objects().first()
    assert inquiry is not None
    founder = people["founder"].email
    assert any("question about an incident" in m["subject"] for m in await mails(founder))
    assert await commands.sweep_inquiries() == 0
    with clock.at(inquiry.due_at - timedelta(hours=6)):
        assert await commands.sweep_inquiries() == 1
        assert await commands.sweep_inquiries() == 0
    with clock.at(inquiry.due_at + timedelta(hours=1)):
        assert await commands.sweep_inquiries() == 1
        assert await commands.sweep_inquiries() == 0
    for subject in ("waits for your answer", "is overdue"):
        assert sum(subject in m["subject"] for m in await mails(founder)) == 1
    officer = await mails(people["officer"].email)
    assert sum("answer about an incident is overdue" in m["subject"] for m in officer) == 1

    work = Browser(firm)
    await work.go(f"{path}/work")
    empty = await work.send("Send the answer", {})
    assert empty.status_code == 422
    await work.press(
        "Send the answer",
        files={
            f"file-{inquiry.id}": ("log.pdf", PDF, "application/pdf"),
            f"file_2-{inquiry.id}": ("more.pdf", PDF, "application/pdf"),
        },
        **{f"answer-{inquiry.id}": "Since Monday."},
    )
    work.sees("Since Monday.", "log.pdf", "more.pdf", "Answered")
    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go(f"{path}/work")
        desk.sees("Since Monday.", "Question 1 answered")
        (first, _second) = desk.links(r"/files/.*")
        assert (await visitor.get(first)).content == PDF
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        ask = {"question": "And where?", "question_due": due.isoformat()}
        await desk.submit(f"{path}/inquiries", ask)
    second = await Inquiry.objects().get(Inquiry.number == 2)
    assert second is not None
    plain = await firm.submit(
        f"{path}/inquiries/{second.id}/answer", {f"answer-{second.id}": "Here."}
    )
    assert plain.status_code == 303
    again = await firm.submit(
        f"{path}/inquiries/{inquiry.id}/answer", {f"answer-{inquiry.id}": "Again."}
    )
    assert again.status_code == 409
    assert incident.id == inquiry.incident


async def test_tasks_and_internal_notes_stay_with_the_authority(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go(f"{path}/work")
        assert (await desk.send("Add the task", {"task": "Call the clinic"})).status_code == 422
        desk.sees("Say who does it", "Choose a day ahead")
        await desk.press(
            "Add the task", task="Call the clinic", task_owner="Aina",
            task_due=(today() + timedelta(days=1)).isoformat(),
        )  # fmt: skip
        await desk.press("Done")
        desk.sees("Done by", people["officer"].name)
        await desk.press("Add it", entry="A nurse told us so.", internal="yes",
                         happened_at=typed(now() - timedelta(hours=2)))  # fmt: skip
        ahead = {"entry": "x", "happened_at": typed(now() + timedelta(hours=2))}
        assert (await desk.send("Add it", ahead)).status_code == 422
        desk.sees("Internal note", "A nurse told us so.")
    page = Browser(firm)
    await page.go(f"{path}/work")
    await page.press("Add it", entry="We switched it off.", happened_at=typed(now()))
    page.sees("We switched it off.", people["founder"].name)
    for hidden in ("A nurse told us so.", "Call the clinic"):
        assert hidden not in page.answer.text
    # Who is of the firm keeps nothing to themselves, whatever is posted.
    await firm.submit(f"{path}/timeline", {
        "entry": "Hidden", "happened_at": typed(now()), "internal": "yes",
    })  # fmt: skip
    assert await TimelineEntry.count().where(TimelineEntry.internal.eq(True)) == 1
    task = await IncidentTask.objects().first()
    assert task is not None
    assert (await firm.submit(f"{path}/tasks/{task.id}/done")).status_code == 403
    async with client.another() as reader:
        await reader.sign_in(await factories.central())
        text = await reader.text(f"{path}/work")
        assert "Call the clinic" in text
        assert "Add a task" not in text


async def test_causes_by_five_whys_and_by_fishbone(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = Browser(await client.sign_in(people["founder"]))
    path, _incident = await told(client, pilot)
    await firm.go(f"{path}/work")
    gap = {"method": "five_whys", "why_1": "It was dark", "why_3": "Nobody", "conclusion": "x"}
    assert (await firm.send("Keep it", gap)).status_code == 422
    firm.sees("Answer this first")
    none = {"method": "fishbone", "conclusion": "x"}
    assert (await firm.send("Keep it", none)).status_code == 422
    whys = {"method": "five_whys", "why_1": "It was dark", "why_2": "A new lamp", "why_3": ""}
    refused = await firm.send("Keep it", {**whys, "conclusion": ""})
    assert refused.status_code == 422
    await firm.press("Keep it", **whys, conclusion="Lamps are not tested.")
    firm.sees("Why? (1)", "It was dark", "Lamps are not tested.")
    async with client.another() as visitor:
        desk = Browser(await visitor.sign_in(people["officer"]))
        await desk.go(f"{path}/work")
        await desk.press(
            "Keep it", method="fishbone", branch_data="No dark pictures",
            conclusion="The data had no dark pictures.",
        )  # fmt: skip
        desk.sees("Fishbone", "No dark pictures", "Five whys")
        await visitor.submit(f"{path}/triage", {"severity": "limited"})
        await desk.go(path)
        assert "The data had no dark pictures." in desk.answer.text  # offered as the cause
    officer = await mails(people["officer"].email)
    assert any("cause of an incident" in mail["subject"] for mail in officer)


async def test_an_action_that_is_not_done_goes_back(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, _incident = await told(firm, pilot)
    async with client.another() as desk:
        await desk.sign_in(people["officer"])
        await desk.submit(f"{path}/triage", {"severity": "limited"})
        wrong = {"text": "Test every lamp.", "kind": "other"}
        assert (await desk.submit(f"{path}/actions", wrong)).status_code == 422
        await desk.submit(f"{path}/actions", {**wrong, "kind": "preventive"})
        action = await CorrectiveAction.objects().first()
        assert action is not None
        back = f"{path}/actions/{action.id}/return"
        assert (await desk.submit(back, {"return_reason": "No"})).status_code == 409
        await firm.submit(f"{path}/actions/{action.id}/done", {"done": "All tested."})
        assert (await desk.submit(back, {"return_reason": ""})).status_code == 422
        done = await desk.submit(back, {"return_reason": "Three lamps are missing."})
        assert done.status_code == 303
        assert "Preventive" in await desk.text(path)
        cause = {"root_cause": "A lamp"}
        assert (await desk.submit(f"{path}/steps/resolve", cause)).status_code == 409
        assert "Three lamps are missing." in await firm.text(path)
        await firm.submit(f"{path}/actions/{action.id}/done", {"done": "Now all."})
        assert (await desk.submit(f"{path}/actions/{action.id}/verify")).status_code == 303
        assert (await desk.submit(back, {"return_reason": "No"})).status_code == 409
    sent = await mails(people["founder"].email)
    assert sum("is not done yet" in mail["subject"] for mail in sent) == 1


async def test_a_closed_incident_is_not_worked_on(
    client: Visitor, people: dict[str, Person], pilot: Pilot
) -> None:
    firm = await client.sign_in(people["founder"])
    path, incident = await told(firm, pilot)
    incident.state = "closed"
    await incident.save()
    entry = {"entry": "Late", "happened_at": typed(now())}
    assert (await firm.submit(f"{path}/timeline", entry)).status_code == 409
    assert "Add what happened" not in await firm.text(f"{path}/work")
