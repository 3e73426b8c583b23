"""The permission matrix: every route × every role, against a table that is written here.

The table is read beside DOMAIN's "who may do what", not beside the code: a route that is not in
it fails, so does one that lets in or turns away others than it says, and one that declares
other roles than it lets in. Whose things a role may touch is ``test_strangers``'s part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler

from sandbox.foundation.database import fetch
from sandbox.foundation.policy import Permission
from sandbox.foundation.web.security import UndeclaredPermission, check_permissions_declared
from sandbox.people.person import NOBODY, Person, Role
from sandbox.pilots import commands as pilots
from tests import factories
from tests.harness import Visitor
from tests.system.test_pilots import live, people

__all__ = ["people"]  # the fixture

ROLES = (
    "applicant", "officer", "reviewer", "decision_maker", "central", "policymaker", "auditor",
    "administrator",
)  # fmt: skip
FIRM = {"applicant"}
WATCHES = {"officer", "decision_maker"}
READS_CASES = {"officer", "reviewer", "decision_maker", "central", "auditor"}
BOTH_SIDES = FIRM | READS_CASES

TABLE: tuple[tuple[set[str], str], ...] = (
    ({"visitor", *ROLES}, """
        GET / /about /accessibility /privacy /check /register /register/{reference}
        GET /framework /framework/criteria /framework/clocks /framework/conditions
        GET /framework/metrics /framework/incidents /framework/pack.json
        GET /reports /reports/{report} /reports/{report}/charts/{name}
        GET /reports/{report}/pdf/{language}
        GET /sign-up /sign-in /forgotten /reset/{secret} /confirm/{secret} /invite/{secret}
        POST /check /sign-up /sign-in /sign-out /forgotten /reset/{secret} /confirm/{secret}
        POST /invite/{secret} /sign-in/demo/{account} /language/{code}
        GET /lessons /lessons/{lesson}
        GET /problems /problems/about /problems/received /problems/status
        GET /register/{reference}/problem
        POST /register/{reference}/problem /problems/status
        GET /health/live /health/ready /metrics /assets/{file_path} /mailbox
        GET /api/v1/schema /api/v1/schema/openapi.json /api/v1/schema/{path}
    """),
    (set(ROLES), "GET /account"),
    # The firm's side
    (FIRM, """
        GET /organisation /organisation/new /applications /applications/new
        POST /organisation/new /organisation/invitations /applications/new
        GET /applications/{application} /applications/{application}/sections/{key}
        POST /applications/{application}/sections/{key}
        POST /applications/{application}/sections/{key}/autosave
        GET /applications/{application}/check /applications/{application}/submitted
        POST /applications/{application}/submit /applications/{application}/reopen
        GET /applications/{application}/answers /applications/{application}/withdraw
        POST /applications/{application}/withdraw
        POST /applications/{application}/questions/{question}
        GET /applications/{application}/plan /applications/{application}/messages
        POST /applications/{application}/plan /applications/{application}/messages
        GET /applications/{application}/reconsideration
        POST /applications/{application}/reconsideration
        POST /pilots/{pilot}/conditions/{subject}/evidence
        POST /pilots/{pilot}/conditions/{condition}/report
        POST /pilots/{pilot}/milestones/{subject}/evidence
        POST /pilots/{pilot}/guidance/{guidance}/acknowledge
        POST /pilots/{pilot}/plan/accept /pilots/{pilot}/plan/decline /pilots/{pilot}/extension
        POST /pilots/{pilot}/tokens /pilots/{pilot}/exit /pilots/{pilot}/exit/autosave
        POST /pilots/{pilot}/telemetry /pilots/{pilot}/telemetry/names
        GET /pilots/{pilot}/uploads/{upload} /pilots/{pilot}/uploads/{upload}/errors.csv
        POST /pilots/{pilot}/uploads/{upload}
        POST /pilots/{pilot}/breaches/{breach} /incidents/{incident}/response
        POST /incidents/{incident}/actions/{action}/done /incidents/{incident}/reports
        POST /incidents/{incident}/inquiries/{inquiry}/answer
    """),
    # What both sides read and do
    (BOTH_SIDES, """
        GET /files/{file} /pilots /pilots/{pilot}
        GET /pilots/{pilot}/conditions /pilots/{pilot}/conditions/{condition}
        GET /pilots/{pilot}/conditions/{condition}/report
        GET /pilots/{pilot}/milestones /pilots/{pilot}/milestones/{milestone}
        GET /pilots/{pilot}/plan /pilots/{pilot}/exit /pilots/{pilot}/telemetry
        GET /pilots/{pilot}/suspensions/{suspension}
        GET /pilots/{pilot}/telemetry/template.csv /pilots/{pilot}/breaches/{breach}
        GET /pilots/{pilot}/metrics/{metric} /pilots/{pilot}/metrics/{metric}/figures.csv
        GET /pilots/{pilot}/figures /pilots/{pilot}/figures/{sheet} POST /pilots/{pilot}/figures
        GET /pilots/{pilot}/metrics/{metric}/figures.json /pilots/{pilot}/metrics/{metric}/chart.svg
        GET /incidents /incidents/{incident} /pilots/{pilot}/incidents
        GET /incidents/{incident}/work /incidents/{incident}/record
        GET /incidents/{incident}/oecd.json /incidents/{incident}/documents/{document}
        POST /incidents/{incident}/documents
    """),
    (FIRM | WATCHES, """
        GET /pilots/{pilot}/steps/{event} /pilots/{pilot}/incidents/new /pilots/{pilot}/tokens
        POST /pilots/{pilot}/steps/{event} /pilots/{pilot}/incidents/new
        POST /pilots/{pilot}/tokens/{token}/revoke
        GET /incidents/{incident}/assess POST /incidents/{incident}/assess
        POST /incidents/{incident}/timeline /incidents/{incident}/cause
    """),
    (FIRM | WATCHES | {"central"}, """
        GET /webhooks /webhooks/{webhook} POST /webhooks /webhooks/{webhook}/steps/{step}
    """),
    # The authority's side
    (READS_CASES, """
        GET /cases /cases/{case} /cases/{case}/history /cases/{case}/screening
        GET /cases/{case}/questions /cases/{case}/reviews /cases/{case}/decision
        GET /cases/{case}/messages /public-reports /public-reports/{public_report}
        GET /pilots/risk /pilots/risk.csv /pilots/limits /pilots/limits.csv
    """),
    ({"officer"}, """
        POST /account/weekly-mail
        POST /cases/{case}/steps/{step} /cases/{case}/screening /cases/{case}/questions
        POST /cases/{case}/reviews /cases/{case}/reviews/{review}/take-back
        POST /cases/{case}/recommendation
        POST /lessons/{lesson}/adoptions
    """),
    ({"reviewer"}, """
        GET /reviews /reviews/{review}
        POST /reviews/{review} /reviews/{review}/declare /reviews/{review}/autosave
    """),
    ({"decision_maker"}, """
        POST /cases/{case}/decision /cases/{case}/send-back /cases/{case}/uphold
        POST /cases/{case}/conditions/{template}/trial
        POST /pilots/{pilot}/suspensions/{suspension}
        GET /pilots/{pilot}/conditions/{condition}/change
        POST /pilots/{pilot}/conditions/{condition}/change
        POST /pilots/{pilot}/plan /pilots/{pilot}/plan/withdraw /pilots/{pilot}/extension/decision
    """),
    (WATCHES, """
        POST /cases/{case}/notes /cases/{case}/messages
        POST /pilots/{pilot}/guidance /pilots/{pilot}/follow-ups/{follow_up}
        POST /pilots/{pilot}/evidence/{evidence} /pilots/{pilot}/exit/verdict
        GET /pilots/looser /pilots/{pilot}/conditions/{condition}/trial
        POST /pilots/{pilot}/conditions/{condition}/trial
        GET /pilots/{pilot}/conditions/{condition}/{step}
        POST /pilots/{pilot}/conditions/{condition}/{step}
        POST /pilots/{pilot}/breaches/{breach}/verdict
        POST /pilots/{pilot}/milestones/{milestone}/waive
        POST /breaches/{breach}/incident /incidents/{incident}/triage
        POST /incidents/{incident}/steps/{step} /incidents/{incident}/actions
        POST /incidents/{incident}/actions/{action}/verify /incidents/{incident}/suspend
        POST /public-reports/{public_report}/steps/{step}
        POST /incidents/{incident}/tasks /incidents/{incident}/tasks/{task}/done
        POST /incidents/{incident}/inquiries /incidents/{incident}/actions/{action}/return
        POST /public-reports/{public_report}/alike /incidents/{incident}/alike
        POST /incidents/{incident}/weakness
    """),
    ({"central", "auditor"}, "GET /incidents/patterns /incidents/patterns.csv"),
    # Lessons, reports, the whole
    ({"officer", "decision_maker", "central"}, """
        GET /pilots/{pilot}/lessons/new /lessons/{lesson}/edit
        POST /pilots/{pilot}/lessons/new /lessons/{lesson}/edit /lessons/{lesson}/clear
        POST /lessons/{lesson}/{step} /lessons/{lesson}/supersede
    """),
    ({"central"}, """
        GET /cases/{case}/route /reports/new /reports/{report}/write
        POST /cases/{case}/route /reports/new /reports/{report}/write /reports/{report}/{step}
    """),
    ({"central", "policymaker", "auditor"}, "GET /overview"),
    ({"auditor"}, "GET /audit POST /audit/verify"),
    ({"administrator"}, """
        GET /people /people/new /jobs
        POST /people/new /people/{account}/{step} /jobs/{job}/send
    """),
    # Only keys come here; whoever made the key is an applicant
    ({"key"}, """
        GET /api/v1/pilots /api/v1/pilots/{pilot} /api/v1/pilots/{pilot}/conditions
        GET /api/v1/pilots/{pilot}/milestones /api/v1/pilots/{pilot}/points
        GET /api/v1/pilots/{pilot}/incidents
        POST /api/v1/pilots/{pilot}/points /api/v1/pilots/{pilot}/incidents
    """),
    # Collectors send a key too, and are answered in their own protocols: test_collectors.py
    ({"collector"}, "POST /v1/metrics /api/v1/write"),
)  # fmt: skip


def _lines() -> Iterator[tuple[tuple[str, str], set[str]]]:
    for who, block in TABLE:
        method = ""
        for word in block.split():
            if word in {"GET", "POST"}:
                method = word
            else:
                yield (method, word), who


MAY_COME = dict(_lines())


def routes(app: Litestar) -> Iterator[tuple[str, str, Permission]]:
    """(method, path, permission) of every route of ours."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler) and "permission" in handler.opt:
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                    yield method, route.path, handler.opt["permission"]


def _plain(path: str) -> str:
    """``/cases/{case:uuid}`` as the table writes it."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def _address(path: str, pilot: object = None) -> str:
    """``path`` with every parameter filled by something that is not there."""
    filled = path.replace("{pilot:uuid}", str(pilot or uuid4()))
    filled = re.sub(r"\{\w+:uuid\}", str(uuid4()), filled)
    filled = re.sub(r"\{\w+:int\}", "1", filled)
    return re.sub(r"\{\w+:\w+\}", "nothing", filled)


def test_the_table_has_a_line_for_every_route_and_no_other(app: Litestar) -> None:
    assert len(MAY_COME) == len(list(_lines())), "a route stands in the table twice"
    assert {(method, _plain(path)) for method, path, _ in routes(app)} == set(MAY_COME)


def test_routes_declare_the_roles_of_the_table(app: Litestar) -> None:
    holders = {role: Person(id=uuid4(), name=role, roles=frozenset({Role(role)})) for role in ROLES}
    holders["visitor"] = NOBODY
    for method, path, permission in routes(app):
        wanted = MAY_COME[method, _plain(path)]
        if wanted not in ({"key"}, {"collector"}):
            declared = {who for who, person in holders.items() if permission.allows(person)}
            assert declared == wanted, (method, path)


@pytest.mark.parametrize("who", ["visitor", *ROLES])
async def test_each_role_comes_in_where_the_table_says_and_nowhere_else(
    client: Visitor, app: Litestar, who: str
) -> None:
    if who != "visitor":
        await client.sign_in((await factories.everyone())[who])
    token = await client.csrf_token()
    # Whoever signs out is nobody from then on, so that comes last.
    ordered = sorted(routes(app), key=lambda one: one[1] == "/sign-out")
    wrong = []
    for method, path, _permission in ordered:
        answer = await client.request(
            method,
            _address(path),
            headers={"x-csrftoken": token},
            data={} if method == "POST" else None,
        )
        to_sign_in = answer.headers.get("location", "").startswith("/sign-in?")
        came_in = answer.status_code not in {401, 403} and not to_sign_in
        if answer.status_code >= 500 or came_in != (who in MAY_COME[method, _plain(path)]):
            wrong.append((method, path, answer.status_code))
    assert wrong == []


# Keys --------------------------------------------------------------------------------------


BODIES = {
    "/api/v1/pilots/{pilot}/points": {"points": []},
    "/api/v1/pilots/{pilot}/incidents": {
        "title": "",
        "what": "",
        "aware_at": "2026-01-01T00:00:00Z",
    },
}  # fmt: skip
"""What can be read, and is refused once the key has opened the pilot."""


async def test_a_key_opens_its_own_pilot_and_no_other(
    client: Visitor, app: Litestar, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    other = await live({**people, "founder": await factories.applicant()})
    key = await pilots.issue_token(people["founder"], pilot.id, "Server")
    offered = [(m, p) for m, p, _ in routes(app) if MAY_COME[m, _plain(p)] == {"key"}]
    assert len(offered) == 8

    answers = {}
    for method, path in offered:
        for whose, asked in (("own", pilot.id), ("another's", other.id)):
            answer = await client.request(
                method, _address(path, asked), json=BODIES.get(_plain(path)),
                headers={"authorization": f"Bearer {key}"},
            )  # fmt: skip
            answers[method, path, whose] = answer.status_code
    for (method, path, whose), status in answers.items():
        if whose == "own" or "{pilot" not in path:
            assert status in ({200} if method == "GET" else {422}), (method, path, status)
        else:
            assert status == 404, (method, path, status)
    listed = await client.get("/api/v1/pilots", headers={"authorization": f"Bearer {key}"})
    assert [one["id"] for one in listed.json()] == [str(pilot.id)]


async def test_without_a_key_that_works_nothing_opens(
    client: Visitor, app: Litestar, people: dict[str, Person]
) -> None:
    pilot = await live(people)
    revoked = await pilots.issue_token(people["founder"], pilot.id, "Server")
    (token,) = await fetch("SELECT id FROM api_token")
    await pilots.revoke_token(people["founder"], token["id"])
    await client.sign_in(people["founder"])
    keys = ("", "Bearer rintis_wrong", "Bearer wrong", "Basic cmludGlz", f"Bearer {revoked}")
    offered = [(m, p) for m, p, _ in routes(app) if MAY_COME[m, _plain(p)] == {"key"}]
    for method, path in offered:
        for key in keys:
            answer = await client.request(
                method, _address(path, pilot.id), json={} if method == "POST" else None,
                headers={"authorization": key} if key else {},
            )  # fmt: skip
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"


# The start ---------------------------------------------------------------------------------


def test_the_application_declares_every_permission(app: Litestar) -> None:
    check_permissions_declared(app.routes)


def test_a_route_without_a_permission_stops_the_start() -> None:
    @get("/forgotten-one", sync_to_thread=False)
    def forgotten() -> str:
        return ""

    with pytest.raises(UndeclaredPermission):
        check_permissions_declared(Litestar([forgotten], openapi_config=None).routes)
