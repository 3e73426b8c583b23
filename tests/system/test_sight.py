"""Who sees which case: blind reviews, conflicts, and lists that agree with what can be opened."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from litestar import Litestar

from sandbox.applications import commands
from sandbox.applications.tables import Application, Recommendation, Review
from sandbox.foundation import files
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.work import work_of
from sandbox.framework import library
from sandbox.people.person import SYSTEM, Person, Role
from sandbox.pilots import commands as pilots
from sandbox.pilots.tables import Pilot
from tests import factories
from tests.harness import Visitor, mails
from tests.system.test_cases import everything_holds, submitted
from tests.system.test_permissions import routes
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

SECRET = "The sensor is blind at dusk"


async def in_review(founder: Person, officer: Person) -> Application:
    """An application that waits for its reviewers."""
    application = await submitted(founder)
    await commands.begin_screening(officer, application.id)
    checks = {key[6:]: value for key, value in everything_holds().items()}
    await commands.screen(officer, application.id, outcome="accepted", checks=checks, reasons={})
    return application


async def asked(officer: Person, application: Application, reviewer: Person) -> Review:
    assert reviewer.id is not None
    return await commands.assign_reviewer(officer, application.id, reviewer.id)


async def reviews(reviewer: Person, review: Review, comment: str = "") -> None:
    """The whole of a review, of which ``comment`` is the telling part."""
    criteria = library.current().rubric.criteria
    written = commands.Written(
        scores={c.key: 3 for c in criteria}, recommendation="admit", comment=comment,
        comments={**dict.fromkeys((c.key for c in criteria), "Shown."),
                  criteria[0].key: comment or "Shown."},
    )  # fmt: skip
    await commands.submit_review(reviewer, review.id, written)


def of_the_case(app: Litestar) -> list[str]:
    """Every page of a case on the authority's side."""
    return [
        path
        for method, path, permission in routes(app)
        if method == "GET" and path.startswith("/cases/{case:uuid}") and "route" not in path
    ]


# Blind reviews -----------------------------------------------------------------------------


async def test_a_reviewer_reads_no_other_review_before_their_own_is_in(
    client: Visitor, app: Litestar
) -> None:
    officer, first, second = (
        await factories.officer(), await factories.reviewer(), await factories.reviewer(),
    )  # fmt: skip
    maker = await factories.decision_maker()
    application = await in_review(await factories.applicant(), officer)
    await _one_review_and_a_recommendation(application, officer, first, maker)
    review = await asked(officer, application, second)
    await commands.declare(second, review.id, conflict="")
    await client.sign_in(second)
    pages = [path.replace("{case:uuid}", str(application.id)) for path in of_the_case(app)]
    assert len(pages) > 5

    for page in [*pages, f"/reviews/{review.id}"]:
        text = await client.text(page)
        assert SECRET not in text, page
        if not page.endswith("history"):
            assert first.name not in text, page
    await reviews(second, review)

    assert SECRET in await client.text(f"/cases/{application.id}/reviews")
    decision = await client.text(f"/cases/{application.id}/decision")
    assert f"Recommended: {SECRET}" in decision
    assert first.name in await client.text(f"/reviews/{review.id}")


async def _one_review_and_a_recommendation(
    application: Application, officer: Person, reviewer: Person, maker: Person
) -> None:
    review = await asked(officer, application, reviewer)
    await commands.declare(reviewer, review.id, conflict="")
    await reviews(reviewer, review, SECRET)
    await commands.recommend(
        officer, application.id, outcome="admitted", text=f"Recommended: {SECRET}"
    )
    assert await Recommendation.count() == 1
    await commands.send_back(maker, application.id, reason="One more pair of eyes, please.")


async def test_an_officer_who_owes_a_review_sees_who_reviews_and_not_what(client: Visitor) -> None:
    officer, first = await factories.officer(), await factories.reviewer()
    both = await factories.official(Role.OFFICER, Role.REVIEWER)
    application = await in_review(await factories.applicant(), officer)
    done = await asked(officer, application, first)
    await commands.declare(first, done.id, conflict="")
    await reviews(first, done, SECRET)
    own = await asked(officer, application, both)
    await client.sign_in(both)

    page = await client.text(f"/cases/{application.id}/reviews")
    assert first.name in page
    assert SECRET not in page
    assert SECRET not in await client.text(f"/cases/{application.id}/decision")
    await commands.declare(both, own.id, conflict="")
    assert SECRET not in await client.text(f"/cases/{application.id}/reviews")
    await reviews(both, own)
    assert SECRET in await client.text(f"/cases/{application.id}/reviews")


# Conflicts ---------------------------------------------------------------------------------


@pytest.fixture
async def conflicted(people: dict[str, Person]) -> Person:
    """Someone of every sector role, who has yet to be asked."""
    return await factories.official(Role.OFFICER, Role.REVIEWER, Role.DECISION_MAKER)


async def test_whoever_declared_a_conflict_is_refused_everywhere_on_the_case(
    client: Visitor, app: Litestar, people: dict[str, Person], conflicted: Person
) -> None:
    application = await submitted(people["founder"])
    file = await _a_file(application)
    await commands.take_case(conflicted, application.id)
    await commands.begin_screening(conflicted, application.id)
    checks = {key[6:]: value for key, value in everything_holds().items()}
    await commands.screen(
        people["officer"], application.id, outcome="accepted", checks=checks, reasons={}
    )
    review = await asked(people["officer"], application, conflicted)
    await client.sign_in(conflicted)
    case = f"/cases/{application.id}"
    assert application.title in await client.text("/cases")
    assert (await client.get(f"/files/{file}")).status_code == 200

    await client.submit(
        f"/reviews/{review.id}/declare", {"has_conflict": "yes", "conflict": "My brother’s firm."}
    )

    assert application.title not in await client.text("/cases?state=all")
    assert (await client.get(f"/files/{file}")).status_code == 404
    before = await _written()
    wrong = []
    for method, path, permission in routes(app):
        if path.startswith("/cases/{case:uuid}") and permission.allows(conflicted):
            address = path.replace("{case:uuid}", str(application.id))
            address = address.replace("{step:str}", "take").replace("{review:uuid}", str(review.id))
            asking = client.get(address) if method == "GET" else client.submit(address, WORDS)
            answer = await asking
            if answer.status_code != 404:
                wrong.append((method, path, answer.status_code))
    assert wrong == []
    assert await _written() == before
    found = await Application.objects().get(Application.id == application.id)
    assert found is not None
    assert found.case_officer is None, "somebody else must take the case"
    assert (await client.get(case)).status_code == 404


WORDS = {
    "note": "x", "text": "x", "reason": "x", "outcome": "refused", "reasons": "no_need",
    "reviewer": str(uuid4()), "months": "3",
}  # fmt: skip


async def _a_file(application: Application) -> UUID:
    """A file of the case, as a firm's upload would have left it."""
    async with work_of(SYSTEM) as work:
        stored = await files.keep(
            work, name="policy.pdf", content=b"%PDF-1.7\n%", media_type="application/pdf",
            kind="upload", case=application.id,
        )  # fmt: skip
    key: UUID = stored.id
    return key


async def _written() -> list[dict[str, object]]:
    return await fetch(
        "SELECT (SELECT count(*) FROM audit_event) AS events, (SELECT count(*) FROM mail) AS mails,"
        " (SELECT count(*) FROM note) AS notes"
    )


async def test_no_mail_tells_them_what_goes_on_in_the_case(
    people: dict[str, Person], conflicted: Person
) -> None:
    application = await in_review(people["founder"], people["officer"])
    review = await asked(people["officer"], application, conflicted)
    await commands.declare(conflicted, review.id, conflict="My brother’s firm.")
    told = len(await mails(conflicted.email))
    other = await asked(people["officer"], application, people["reviewer"])
    await commands.declare(people["reviewer"], other.id, conflict="")
    await reviews(people["reviewer"], other)
    await commands.recommend(people["officer"], application.id, outcome="admitted", text="Good.")

    assert len(await mails(conflicted.email)) == told
    assert await mails(people["maker"].email), "whoever else decides is told"


async def test_the_pilot_of_that_case_is_not_there_for_them_either(
    client: Visitor, people: dict[str, Person], conflicted: Person
) -> None:
    pilot = await live(people)
    await client.sign_in(conflicted)
    assert pilot.title in await client.text("/pilots")
    await Review(
        id=uuid4(), case=pilot.case, reviewer=conflicted.id, reviewer_name=conflicted.name,
        state="declined_conflict", conflict="My brother’s firm.", asked_at=pilot.accepted_at,
    ).save()  # fmt: skip

    assert pilot.title not in await client.text("/pilots")
    assert (await client.get(f"/pilots/{pilot.id}")).status_code == 404
    with pytest.raises(NotFound):
        await pilots.give_guidance(conflicted, pilot.id, subject="Logs", text="Keep them.")


# Lists and what can be opened ----------------------------------------------------------------


async def test_the_list_of_cases_holds_exactly_what_can_be_opened(client: Visitor) -> None:
    officer = await factories.officer()
    owner = await factories.with_a_firm(await factories.official(Role.OFFICER, Role.REVIEWER))
    application = await in_review(await factories.applicant(), officer)
    await submitted(await factories.applicant())
    await submitted(owner)
    await commands.start_application(
        await factories.applicant(), title="Still a draft", lead_sector="healthcare"
    )
    viewers = {
        "officer": officer,
        "officer of a firm": owner,
        "another sector's officer": await factories.officer("finance"),
        "reviewer never asked": await factories.reviewer(),
        "reviewer with a firm": await factories.with_a_firm(await factories.reviewer()),
        "decision maker": await factories.decision_maker(),
        "central": await factories.central(),
        "central with a firm": await factories.with_a_firm(await factories.central()),
        "auditor": await factories.auditor(),
    }
    for state in ("asked", "reviewing", "submitted", "declined_conflict"):
        viewers[f"reviewer, {state}"] = await _reviewer_in(state, officer, application)
    ids = [row["id"] for row in await fetch("SELECT id FROM application")]

    seen = {}
    for who, person in viewers.items():
        visitor = await client.another().sign_in(person)
        listed = _ids_in((await visitor.get("/cases?state=all")).text, "cases")
        opened = {
            str(one) for one in ids if (await visitor.get(f"/cases/{one}")).status_code == 200
        }
        assert listed == opened, who
        seen[who] = len(opened)
    assert seen == {
        "officer": 3, "officer of a firm": 2, "another sector's officer": 0,
        "reviewer never asked": 0, "reviewer with a firm": 0, "decision maker": 3, "central": 3,
        "central with a firm": 3, "auditor": 3, "reviewer, asked": 0, "reviewer, reviewing": 1,
        "reviewer, submitted": 1, "reviewer, declined_conflict": 0,
    }  # fmt: skip


async def _reviewer_in(state: str, officer: Person, application: Application) -> Person:
    reviewer = await factories.reviewer()
    review = await asked(officer, application, reviewer)
    if state != "asked":
        conflict = "My brother’s firm." if state == "declined_conflict" else ""
        await commands.declare(reviewer, review.id, conflict=conflict)
    if state == "submitted":
        await reviews(reviewer, review)
    return reviewer


async def test_the_list_of_pilots_holds_exactly_what_can_be_opened(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    owner = await factories.with_a_firm(await factories.officer())
    elsewhere = await factories.with_a_firm(await factories.officer("finance"))
    await Pilot(**{**_copy(pilot), "organisation": owner.organisation}).save()
    await Pilot(**{**_copy(pilot), "organisation": elsewhere.organisation}).save()
    viewers = {
        "founder": people["founder"], "officer": people["officer"], "owner": owner,
        "elsewhere": elsewhere, "finance": await factories.officer("finance"),
        "central": await factories.central(), "auditor": await factories.auditor(),
    }  # fmt: skip
    ids = [row["id"] for row in await fetch("SELECT id FROM pilot")]

    seen = {}
    for who, person in viewers.items():
        visitor = await client.another().sign_in(person)
        listed = _ids_in((await visitor.get("/pilots")).text, "pilots")
        opened = {
            str(one) for one in ids if (await visitor.get(f"/pilots/{one}")).status_code == 200
        }
        assert listed == opened, who
        seen[who] = len(opened)
    assert seen == {
        "founder": 1, "officer": 3, "owner": 3, "elsewhere": 1, "finance": 0, "central": 3,
        "auditor": 3,
    }  # fmt: skip


def _copy(pilot: Pilot) -> dict[str, object]:
    key = uuid4()
    return {**pilot.to_dict(), "id": key, "case": key, "reference": f"COPY-{key}"[:40]}


def _ids_in(html: str, what: str) -> set[str]:
    return set(re.findall(rf'href="/{what}/([0-9a-f-]{{36}})"', html))


async def test_nobody_watches_over_their_own_firm(client: Visitor) -> None:
    owner = await factories.with_a_firm(await factories.official(Role.OFFICER, Role.DECISION_MAKER))
    people = {
        "founder": owner, "officer": await factories.officer(),
        "reviewer": await factories.reviewer(), "maker": await factories.decision_maker(),
    }  # fmt: skip
    pilot = await live(people)
    await client.sign_in(owner)

    refused = await client.submit(f"/pilots/{pilot.id}/steps/suspend", {"reason": "x"})
    ended = await client.submit(f"/pilots/{pilot.id}/steps/terminate", {"reason": "x"})

    assert (refused.status_code, ended.status_code) == (403, 403)
    stopped = await client.submit(f"/pilots/{pilot.id}/steps/stop", {"reason": "No money left"})
    assert stopped.status_code == 303


# Keys --------------------------------------------------------------------------------------


async def test_the_authority_sees_keys_without_secrets_and_revokes_them(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    plain = await pilots.issue_token(people["founder"], pilot.id, "Ward server")
    path = f"/pilots/{pilot.id}/tokens"
    desk = await client.sign_in(people["officer"])
    assert f'href="{path}"' in (await desk.get(f"/pilots/{pilot.id}")).text
    page = (await desk.get(path)).text
    assert "Ward server" in page
    assert plain not in page
    assert "Make a key" not in page
    (revoke,) = re.findall(rf'action="({path}/[0-9a-f-]+/revoke)"', page)
    assert (await desk.submit(path, {"name": "Mine"})).status_code == 403

    answer = await desk.submit(revoke)

    assert answer.status_code == 303
    call = await client.another().get(
        f"/api/v1/pilots/{pilot.id}", headers={"authorization": f"Bearer {plain}"}
    )
    assert call.status_code == 401
    told = (await mails(people["founder"].email))[-1]
    assert "A key was revoked" in told["subject"]
    assert "Ward server" in told["text"]


async def test_keys_are_not_for_those_who_only_read_the_pilot(
    client: Visitor, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    await Pilot.update({Pilot.sectors: ["healthcare", "finance"]}).where(Pilot.id == pilot.id)
    key = await pilots.issue_token(people["founder"], pilot.id, "Ward server")
    assert key
    (token,) = await fetch("SELECT id FROM api_token")
    desk = await client.sign_in(await factories.officer("finance"))

    assert (await desk.get(f"/pilots/{pilot.id}")).status_code == 200
    assert (await desk.get(f"/pilots/{pilot.id}/tokens")).status_code == 403
    revoke = await desk.submit(f"/pilots/{pilot.id}/tokens/{token['id']}/revoke")
    assert revoke.status_code == 403
