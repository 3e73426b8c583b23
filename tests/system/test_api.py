"""The API against its own description: nothing undocumented, and no fault of ours."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.site import Site

KEY = "rintis_" + "k" * 43
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def pilot(site: Site) -> UUID:
    """A live pilot with a metric, a condition, a milestone, and a key that works."""
    firm, person, case, pilot = uuid4(), uuid4(), uuid4(), uuid4()
    site.sql("INSERT INTO organisation (id, name, made_at) VALUES (%s, 'Skor', now())", firm)
    site.sql(
        "INSERT INTO account (id, email, name, password_hash, language, made_at, confirmed_at)"
        " VALUES (%s, %s, 'Founder', 'x', 'en', now(), now())",
        person, f"{person}@example.test",
    )  # fmt: skip
    site.sql(
        "INSERT INTO membership (id, account, organisation, level, made_at)"
        " VALUES (%s, %s, %s, 'owner', now())",
        uuid4(), person, firm,
    )  # fmt: skip
    site.sql(
        'INSERT INTO pilot (id, "case", organisation, reference, title, pack_version, lead_sector,'
        " sectors, authority, state, state_since, testing_months, accepted_at, starts_on, ends_on)"
        " VALUES (%s, %s, %s, %s, 'Scores', '2025.1', 'finance', '{finance}', 'bnm', 'live',"
        " now(), 12, now(), current_date - 30, current_date + 300)",
        pilot, case, firm, f"API-{case}"[:40],
    )  # fmt: skip
    site.sql(
        'INSERT INTO metric (id, "case", pilot, key, name, unit, cadence_seconds)'
        " VALUES (%s, %s, %s, 'approval_ratio', 'Approval', 'ratio', 86400)",
        uuid4(), case, pilot,
    )  # fmt: skip
    site.sql(
        'INSERT INTO condition (id, "case", pilot, number, kind, title, text, state, state_since)'
        """ VALUES (%s, %s, %s, 1, 'duty', '{"en": "Log"}', '{"en": "Keep."}', 'met', now())""",
        uuid4(), case, pilot,
    )  # fmt: skip
    site.sql(
        'INSERT INTO milestone (id, "case", pilot, number, title, state, state_since)'
        """ VALUES (%s, %s, %s, 1, '{"en": "First"}', 'planned', now())""",
        uuid4(), case, pilot,
    )  # fmt: skip
    site.sql(
        'INSERT INTO api_token (id, "case", pilot, name, prefix, secret_hash, made_by, made_at)'
        " VALUES (%s, %s, %s, 'Test', 'rintis_k', %s, %s, now())",
        uuid4(), case, pilot, hashlib.sha256(KEY.encode()).hexdigest(), person,
    )  # fmt: skip
    return pilot


def described(site: Site) -> schemathesis.BaseSchema:
    """What the site says of itself."""
    return schemathesis.openapi.from_url(f"{site.url}/api/v1/schema/openapi.json")


def test_the_description_is_of_the_api_only(site: Site) -> None:
    paths = httpx.get(f"{site.url}/api/v1/schema/openapi.json").json()["paths"]
    assert paths
    assert all(path.startswith("/api/v1/pilots") for path in paths)


def test_a_real_call_answers_what_is_described(site: Site, pilot: UUID) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    (found,) = httpx.get(f"{site.url}/api/v1/pilots", headers=headers).json()
    assert found["id"] == str(pilot)
    for part in ("", "/conditions", "/milestones", "/points", "/incidents"):
        answer = httpx.get(f"{site.url}/api/v1/pilots/{pilot}{part}", headers=headers)
        assert answer.status_code == 200, answer.text


def test_nothing_is_undocumented_and_nothing_breaks(site: Site, pilot: UUID) -> None:
    for offered in described(site).get_all_operations():
        operation = offered.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: schemathesis.Case) -> None:
            if "pilot" in (case.path_parameters or {}):
                case.path_parameters = {"pilot": str(pilot)}
            headers = {"Authorization": f"Bearer {KEY}"}
            case.call_and_validate(headers=headers, checks=CHECKS)

        answers()
