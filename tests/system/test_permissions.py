"""The permission matrix: every route × every role. Denied unless declared and allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler

from sandbox.foundation.policy import Permission
from sandbox.foundation.web.security import UndeclaredPermission, check_permissions_declared
from sandbox.people.person import NOBODY, Role
from tests import factories

ROLES = [role for role in Role if role is not Role.SYSTEM]
# Answers that mean "you may not come here" and nothing else.
TURNED_AWAY = {401, 403}


def routes(app: Litestar) -> Iterator[tuple[str, str, Permission]]:
    """(method, path, permission) of every route of ours."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler) and "permission" in handler.opt:
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                    yield method, route.path, handler.opt["permission"]


def _address(path: str) -> str:
    """``path`` with every parameter filled by something that is not there."""
    filled = re.sub(r"\{\w+:uuid\}", str(uuid4()), path)
    filled = re.sub(r"\{\w+:int\}", "1", filled)
    return re.sub(r"\{\w+:\w+\}", "nothing", filled)


async def _answers(visitor, app) -> list[tuple[str, str, Permission, int, str]]:
    token = await visitor.csrf_token()
    answers = []
    for method, path, permission in routes(app):
        if path in {"/sign-out", "/metrics"}:
            continue
        answer = await visitor.request(
            method,
            _address(path),
            headers={"x-csrftoken": token},
            data={} if method == "POST" else None,
        )
        where = answer.headers.get("location", "")
        answers.append((method, path, permission, answer.status_code, where))
    return answers


def _turned_away(status: int, where: str) -> bool:
    return status in TURNED_AWAY or where.startswith("/sign-in?")


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_comes_in_where_its_permission_says(client, app, role) -> None:
    person = (await factories.everyone())[role]
    await client.sign_in(person)
    wrong = []
    for method, path, permission, status, where in await _answers(client, app):
        machine_only = path.startswith(("/api/", "/v1/"))
        if status >= 500:
            wrong.append((method, path, status))
        elif not machine_only and not permission.allows(person) and not _turned_away(status, where):
            wrong.append((method, path, status, "came in"))
        elif not machine_only and permission.allows(person) and status == 401:
            wrong.append((method, path, status, "turned away"))
    assert wrong == []


async def test_a_visitor_comes_in_only_where_it_is_public(client, app) -> None:
    wrong = [
        (method, path, status)
        for method, path, permission, status, where in await _answers(client, app)
        if status >= 500 or (not permission.allows(NOBODY) and not _turned_away(status, where))
    ]
    assert wrong == []


def test_the_application_declares_every_permission(app) -> None:
    check_permissions_declared(app.routes)
    assert len(list(routes(app))) > 30


def test_a_route_without_a_permission_stops_the_start() -> None:
    @get("/forgotten-one", sync_to_thread=False)
    def forgotten() -> str:
        return ""

    with pytest.raises(UndeclaredPermission):
        check_permissions_declared(Litestar([forgotten], openapi_config=None).routes)
