"""The API against its own description: nothing undocumented, and no fault of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sandbox.framework import library
from tests.site import Site

KEY = "rintis_" + "k" * 43
KEYED = {"Authorization": f"Bearer {KEY}"}
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def pilot(site: Site) -> UUID:
    """A live pilot whose key is :data:`KEY`."""
    return plant(site, KEY)


def plant(site: Site, key: str) -> UUID:
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
        uuid4(), case, pilot, hashlib.sha256(key.encode()).hexdigest(), person,
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
    (found,) = httpx.get(f"{site.url}/api/v1/pilots", headers=KEYED).json()
    assert found["id"] == str(pilot)
    for part in ("", "/conditions", "/milestones", "/points", "/incidents"):
        answer = httpx.get(f"{site.url}/api/v1/pilots/{pilot}{part}", headers=KEYED)
        assert answer.status_code == 200, answer.text


# What is sent in earnest -------------------------------------------------------------------


def test_figures_by_json_and_by_csv_are_taken_and_read_back(site: Site, pilot: UUID) -> None:
    path = "/api/v1/pilots/{pilot}/points"
    described_as = described(site)[path]
    address = site.url + path.format(pilot=pilot)
    now = datetime.now(UTC).replace(microsecond=0)
    point = {"metric": "approval_ratio", "at": now.isoformat(), "value": 0.61, "n": 40}
    before = (now - timedelta(days=1)).isoformat()
    line = f"metric,at,value,n,slice\napproval_ratio,{before},0.58,30,\n"

    by_json = httpx.post(address, headers=KEYED, json={"points": [point]})
    by_csv = httpx.post(address, headers={**KEYED, "Content-Type": "text/csv"}, content=line)
    again = httpx.post(address, headers=KEYED, json={"points": [point]})

    for answer, taken in ((by_json, 1), (by_csv, 1), (again, 0)):
        assert answer.status_code == 200, answer.text
        described_as["POST"].validate_response(answer)
        assert answer.json()["taken"] == taken
        assert answer.json()["refused"] == []
    read = httpx.get(address, headers=KEYED, params={"metric": "approval_ratio"})
    described_as["GET"].validate_response(read)
    assert [one["value"] for one in read.json()] == [0.58, 0.61]


def test_an_incident_is_reported_and_read_back(site: Site, pilot: UUID) -> None:
    path = "/api/v1/pilots/{pilot}/incidents"
    described_as = described(site)[path]
    questions = library.current().incidents.questions
    incident = {
        "title": "A score was swapped",
        "what": "Two people got each other’s score.",
        "aware_at": datetime.now(UTC).isoformat(),
        "facts": {one.key: False for one in questions if one.shown_when is None},
        "harms_actual": ["financial"],
        "people_affected": 2,
    }

    reported = httpx.post(site.url + path.format(pilot=pilot), headers=KEYED, json=incident)

    assert reported.status_code == 201, reported.text
    described_as["POST"].validate_response(reported)
    listed = httpx.get(site.url + path.format(pilot=pilot), headers=KEYED)
    described_as["GET"].validate_response(listed)
    assert reported.json() in listed.json()


# What is generated -------------------------------------------------------------------------


def each_call(
    operation: schemathesis.APIOperation, mode: GenerationMode, pilot: UUID, many: int,
    answered: Callable[[schemathesis.Case], None],
) -> None:  # fmt: skip
    """Let ``answered`` look at ``many`` generated calls of ``operation`` for ``pilot``."""
    fixed = {"pilot": str(pilot)} if "{pilot}" in operation.path else None

    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=fixed))
    @settings(
        max_examples=many, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def look(case: schemathesis.Case) -> None:
        answered(case)

    look()


def operations(site: Site) -> list[schemathesis.APIOperation]:
    return [offered.ok() for offered in described(site).get_all_operations()]


def test_what_is_sound_is_answered_as_described(site: Site, pilot: UUID) -> None:
    for operation in operations(site):
        each_call(
            operation, GenerationMode.POSITIVE, pilot, 30,
            lambda case: case.call_and_validate(headers=KEYED, checks=CHECKS),
        )  # fmt: skip


def test_what_is_unsound_is_refused_as_described(site: Site, pilot: UUID) -> None:
    refused = 0

    def answered(case: schemathesis.Case) -> None:
        nonlocal refused
        answer = case.call_and_validate(headers=KEYED, checks=CHECKS)
        refused += answer.status_code in {400, 404, 415, 422}

    for operation in operations(site):
        if operation.query or operation.body:
            each_call(operation, GenerationMode.NEGATIVE, pilot, 40, answered)
    assert refused > 20


@pytest.mark.parametrize("key", [None, "Bearer rintis_" + "x" * 43, "Bearer", "Basic a2V5"])
def test_without_a_key_that_works_every_call_is_refused(
    site: Site, pilot: UUID, key: str | None
) -> None:
    headers = {"Authorization": key} if key else {}

    def answered(case: schemathesis.Case) -> None:
        case.headers.pop("Authorization", None)
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code == 401, (case.path, answer.text)

    for operation in operations(site):
        each_call(operation, GenerationMode.POSITIVE, pilot, 5, answered)


def test_another_pilot_is_not_there_for_the_key(site: Site, pilot: UUID) -> None:
    other = plant(site, "another key")

    def answered(case: schemathesis.Case) -> None:
        answer = case.call(headers=KEYED)
        case.validate_response(answer, checks=CHECKS)
        # 400: what was sent cannot even be read
        assert answer.status_code in {404, 400}, (case.path, answer.text)

    for operation in operations(site):
        if "{pilot}" in operation.path:
            each_call(operation, GenerationMode.POSITIVE, other, 10, answered)
    points = site.url + f"/api/v1/pilots/{other}/points"
    assert httpx.get(points, headers=KEYED).status_code == 404
    assert site.sql(
        "SELECT count(*) FROM point p JOIN series s ON s.id = p.series WHERE s.pilot = %s", other
    ) == [(0,)]


def test_the_unmodified_sdk_needs_address_and_key_only(site: Site, pilot: UUID) -> None:
    exporter = OTLPMetricExporter(
        endpoint=f"{site.url}/v1/metrics", headers={"Authorization": f"Bearer {KEY}"}
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider(metric_readers=[reader])
    meter = provider.get_meter("firm")
    meter.create_gauge("approval_ratio").set(0.64)
    meter.create_counter("decisions").add(3)
    assert provider.force_flush()
    provider.shutdown()
    (row,) = site.sql(
        "SELECT p.value FROM point p JOIN series s ON s.id = p.series "
        "WHERE s.pilot = %s AND s.metric = 'approval_ratio' AND p.value = 0.64 LIMIT 1",
        pilot,
    )  # fmt: skip
    assert row == (0.64,)
