"""An application from its first page to its reference, without scripts."""

from __future__ import annotations

from typing import Any

from sandbox.applications.tables import Application
from sandbox.demo import answering, year
from sandbox.framework import library
from sandbox.framework.questions import Question, QuestionKind
from sandbox.people.person import Person
from tests import factories
from tests.harness import Visitor, mails, words

CASE = next(case for case in year.cases() if case.sector == "education" and not case.other_sector)


def typed(question: Question, value: Any) -> dict[str, Any]:
    """What a person types so that ``value`` is stored."""
    if question.kind is QuestionKind.TABLE:
        return {
            f"{question.key}.{number}.{key}": str(cell)
            for number, row in enumerate(value)
            for key, cell in row.items()
        }
    if isinstance(value, bool):
        return {question.key: "yes" if value else "no"}
    if question.kind is QuestionKind.MONEY:
        return {question.key: f"{value / 100:.2f}"}
    return {question.key: value if isinstance(value, list) else str(value)}


def sections(founder: Person) -> list[tuple[str, dict[str, Any]]]:
    """Every section's key with the fields a person would fill in."""
    pack = library.current()
    answers = answering.answers_of(
        CASE, pack, firm=founder.organisation_name, number="202601012345", lead=founder.name
    )
    return [
        (
            section.key,
            {
                name: value
                for question in questions
                if question.key in answers
                for name, value in typed(question, answers[question.key]).items()
            },
        )
        for section, questions in pack.form.asked(answers)
    ]


async def begun(client: Visitor) -> str:
    """The path of a new draft."""
    answer = await client.submit(
        "/applications/new", {"title": CASE.title, "lead_sector": "education"}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_the_whole_form_section_by_section(client: Visitor) -> None:
    founder = await factories.applicant()
    await client.sign_in(founder)
    assert "No applications yet" in await client.text("/applications")
    path = await begun(client)
    assert "About" in await client.text(path)
    for key, fields in sections(founder):
        assert (await client.get(f"{path}/sections/{key}")).status_code == 200
        answer = await client.submit(f"{path}/sections/{key}", fields)
        assert answer.status_code == 303, (key, answer.text)
    page = await client.text(f"{path}/check")
    assert CASE.summary in page
    assert "still open" not in page
    answer = await client.submit(f"{path}/submit", follow_redirects=True)
    assert "Application submitted" in answer.text
    application = await Application.objects().first()
    assert application is not None
    assert application.reference in answer.text
    assert application.reference in (await mails(founder.email))[-1]["subject"]
    assert "You need do nothing" in await client.text(path)
    assert "cannot be changed now" in (await client.submit(f"{path}/sections/exit")).text


async def test_what_is_missing_is_told_beside_the_field(client: Visitor) -> None:
    await client.sign_in(await factories.applicant())
    path = await begun(client)
    fields = {"system_name": "Cikgu", "intended_purpose": "word " * 200}
    answer = await client.submit(f"{path}/sections/ai_system", fields)
    assert answer.status_code == 422
    assert "Use at most 150 words" in answer.text
    assert "Cikgu" in answer.text
    assert (await client.submit(f"{path}/submit")).status_code == 409
    later = await client.submit(f"{path}/sections/ai_system", {**fields, "step": "later"})
    assert later.status_code == 303
    assert "Cikgu" in (await client.get(f"{path}/sections/ai_system")).text


async def test_autosave_keeps_every_change(client: Visitor) -> None:
    await client.sign_in(await factories.applicant())
    path = await begun(client)
    saved = await client.submit(f"{path}/sections/exit/autosave", {"exit_success": "We go on."})
    assert saved.status_code == 200
    assert "Saved" in saved.text
    assert "We go on." in (await client.get(f"{path}/sections/exit")).text


async def test_rows_are_added_and_removed_without_scripts(client: Visitor) -> None:
    await client.sign_in(await factories.applicant())
    path = await begun(client)
    fields = {"risks.0.risk": "Wrong marks", "add_row": "risks"}
    answer = await client.submit(f"{path}/sections/risks", fields)
    assert answer.status_code == 200
    assert 'name="risks.1.risk"' in answer.text
    assert "Wrong marks" in answer.text
    gone = await client.submit(
        f"{path}/sections/risks", {"risks.0.risk": "Wrong marks", "remove_row": "risks.0"}
    )
    assert "Wrong marks" not in gone.text


async def test_a_file_that_is_far_too_large_costs_nothing_else_of_the_form(
    client: Visitor,
) -> None:
    founder = await factories.applicant()
    await client.sign_in(founder)
    path = await begun(client)
    section = f"{path}/sections/ai_system"
    large = {"evaluation_report": ("report.pdf", b"%PDF-1.7\n" + bytes(40_000_000))}
    typed = {"intended_purpose": "Reads scans of the eye.", "upload": "evaluation_report"}
    answer = await client.submit(section, typed, files=large)
    assert answer.status_code == 422
    told = words(answer.text)
    assert "This file is larger than 20 MB" in told
    assert "Reads scans of the eye." in answer.text


async def test_files_are_judged_by_their_content(client: Visitor) -> None:
    founder = await factories.applicant()
    await client.sign_in(founder)
    path = await begun(client)
    section = f"{path}/sections/ai_system"
    bad = {"evaluation_report": ("report.pdf", b"<html><script>", "application/pdf")}
    answer = await client.submit(section, {"upload": "evaluation_report"}, files=bad)
    assert answer.status_code == 422
    assert "The content is not what the name says" in answer.text
    good = {"evaluation_report": ("report.pdf", b"%PDF-1.7\n%...", "application/pdf")}
    answer = await client.submit(section, {"upload": "evaluation_report"}, files=good)
    assert answer.status_code == 200, answer.text
    assert "report.pdf" in answer.text
    href = answer.text.split('href="/files/')[1].split('"')[0]
    mine = await client.get(f"/files/{href}")
    assert mine.content == b"%PDF-1.7\n%..."
    assert mine.headers["content-disposition"].startswith("attachment")
    async with client.another() as stranger:
        await stranger.sign_in(await factories.applicant())
        assert (await stranger.get(f"/files/{href}")).status_code == 404
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.submit(f"{path}/submit")).status_code == 404


async def test_a_draft_is_withdrawn_after_a_question(client: Visitor) -> None:
    await client.sign_in(await factories.applicant())
    path = await begun(client)
    assert "cannot be undone" in await client.text(f"{path}/withdraw")
    assert (await client.submit(f"{path}/withdraw")).status_code == 303
    assert "You withdrew" in await client.text(path)
