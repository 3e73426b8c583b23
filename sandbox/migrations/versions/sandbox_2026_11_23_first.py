"""The first schema."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns import (
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    JSONB,
    Text,
    Timestamptz,
    UUID,
    Varchar,
)
from piccolo.columns.defaults.date import DateNow
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.defaults.uuid import UUID4
from piccolo.table import Table

ID = "2026-11-23T22:45:01:371655"
VERSION = "1.38.0"
DESCRIPTION = "The first schema"


class Account(Table, tablename="account"):
    id = UUID(primary_key=True)
    email = Varchar(length=320, unique=True)
    name = Varchar(length=200)
    password_hash = Text(secret=True)
    language = Varchar(length=8, default="en")
    confirmed_at = Timestamptz(default=None, null=True)
    disabled_at = Timestamptz(default=None, null=True)
    demo = Boolean()
    made_at = Timestamptz()


class Adoption(Table, tablename="adoption"):
    id = UUID(primary_key=True)
    lesson = UUID(default=None, index=True)
    sector = Varchar(length=60, index=True)
    authority = Varchar(length=60)
    verdict = Varchar(length=20)
    how = Text()
    by = UUID(default=None)
    at = Timestamptz()


class ApiToken(Table, tablename="api_token"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    name = Varchar(length=100)
    prefix = Varchar(length=16)
    secret_hash = Varchar(length=64, unique=True)
    made_by = UUID(default=None)
    made_at = Timestamptz()
    last_used_at = Timestamptz(default=None, null=True)
    revoked_at = Timestamptz(default=None, null=True)


class Application(Table, tablename="application"):
    id = UUID(primary_key=True)
    reference = Varchar(length=40, unique=True)
    organisation = UUID(default=None, index=True)
    pack_version = Varchar(length=40)
    title = Varchar(length=300)
    lead_sector = Varchar(length=60, index=True)
    sectors = Array(default=list, base_column=Varchar(length=60))
    authority = Varchar(length=60)
    state = Varchar(length=30, default="draft", index=True)
    state_since = Timestamptz()
    answers = JSONB()
    marks = JSONB()
    version = Integer()
    saved_at = Timestamptz(default=None, null=True)
    submitted_at = Timestamptz(default=None, null=True)
    complete_at = Timestamptz(default=None, null=True)
    decided_at = Timestamptz(default=None, null=True)
    outcome = Varchar(length=30, default=None, null=True)
    clock = Varchar(length=40)
    clock_from = Timestamptz(default=None, null=True)
    due_at = Timestamptz(default=None, null=True)
    reminded_at = Timestamptz(default=None, null=True)
    stops = JSONB(default="[]")
    case_officer = UUID(default=None, null=True, index=True)
    register_consent = Boolean()
    demo = Boolean()
    made_at = Timestamptz()
    made_by = UUID(default=None)


class ApplicationVersion(Table, tablename="application_version"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    number = Integer()
    answers = JSONB()
    at = Timestamptz()
    by = UUID(default=None)
    by_name = Varchar(length=200)


class Attachment(Table, tablename="attachment"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    question = Varchar(length=60)
    file = UUID(default=None)
    made_at = Timestamptz()


class AuditEvent(Table, tablename="audit_event"):
    id = BigSerial(primary_key=True)
    case = UUID(default=None, index=True)
    number = Integer()
    at = Timestamptz(index=True)
    person = UUID(default=None, null=True)
    person_name = Varchar(length=200)
    event = Varchar(length=100, index=True)
    subject_kind = Varchar(length=60)
    subject = UUID(default=None)
    facts = Text()
    previous = Bytea()
    hash = Bytea()


class AuditHead(Table, tablename="audit_head"):
    case = UUID(default=None, primary_key=True)
    number = Integer()
    hash = Bytea()
    sealed_number = Integer()


class AuditSeal(Table, tablename="audit_seal"):
    number = Integer(primary_key=True)
    at = Timestamptz()
    heads = Integer()
    root = Bytea()
    previous = Bytea()
    hash = Bytea()


class AuditSealLeaf(Table, tablename="audit_seal_leaf"):
    id = BigSerial(primary_key=True)
    seal = Integer(index=True)
    case = UUID(default=None, index=True)
    number = Integer()
    hash = Bytea()


class Batch(Table, tablename="batch"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    source = Varchar(length=20)
    token = UUID(default=None, null=True)
    person = UUID(default=None, null=True)
    received_at = Timestamptz()
    points = Integer()
    duplicates = Integer()
    refused = Integer()
    idempotency = Varchar(length=100, default=None, null=True)


class Breach(Table, tablename="breach"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    condition = UUID(default=None, index=True)
    metric = Varchar(length=60)
    slice = Varchar(length=120)
    opened_at = Timestamptz()
    last_seen_at = Timestamptz()
    at = Timestamptz()
    value = DoublePrecision(default=None, null=True)
    limit = DoublePrecision()
    state = Varchar(length=20, default="open", index=True)
    explain_by = Timestamptz()
    explanation = Text()
    explained_at = Timestamptz(default=None, null=True)
    explained_by = Varchar(length=200)
    cured_at = Timestamptz(default=None, null=True)


class Clarification(Table, tablename="clarification"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    question = Varchar(length=60)
    text = Text()
    asked_by = UUID(default=None)
    asked_at = Timestamptz()
    due_at = Timestamptz()
    answer = Text()
    answered_by = UUID(default=None, null=True)
    answered_name = Varchar(length=200)
    answered_at = Timestamptz(default=None, null=True)


class Condition(Table, tablename="condition"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    number = Integer()
    template = Varchar(length=80, index=True)
    kind = Varchar(length=20)
    title = JSONB()
    text = JSONB()
    source = JSONB()
    precedent = Boolean()
    due_on = Date(default=None, null=True)
    every = Varchar(length=20)
    threshold = JSONB(default=None, null=True)
    state = Varchar(length=20, default="pending", index=True)
    state_since = Timestamptz()
    reason = Text()


class CorrectiveAction(Table, tablename="corrective_action"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    incident = UUID(default=None, index=True)
    number = Integer()
    text = Text()
    owner = Varchar(length=200)
    due_on = Date()
    done = Text()
    done_at = Timestamptz(default=None, null=True)
    verified_at = Timestamptz(default=None, null=True)
    verified_by = Varchar(length=200)


class DeadJob(Table, tablename="dead_job"):
    id = UUID(primary_key=True)
    actor = Varchar(length=100)
    queue = Varchar(length=60)
    args = Text()
    error = Text()
    at = Timestamptz()
    resent_at = Timestamptz(default=None, null=True)


class Decision(Table, tablename="decision"):
    id = UUID(primary_key=True)
    case = UUID(default=None, unique=True)
    outcome = Varchar(length=30)
    reasons = JSONB(default="[]")
    text = Text()
    conditions = JSONB(default="[]")
    milestones = JSONB(default="[]")
    reliefs = JSONB(default="[]")
    months = Integer()
    decided_by = UUID(default=None)
    decided_at = Timestamptz()
    letter = UUID(default=None, null=True)


class Evidence(Table, tablename="evidence"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    subject_kind = Varchar(length=20)
    subject = UUID(default=None, index=True)
    text = Text()
    file = UUID(default=None, null=True)
    submitted_by = UUID(default=None, null=True)
    submitted_name = Varchar(length=200)
    submitted_at = Timestamptz()
    due_at = Timestamptz()
    verdict = Varchar(length=20)
    verdict_by = UUID(default=None, null=True)
    verdict_at = Timestamptz(default=None, null=True)
    verdict_reason = Text()


class ExitReport(Table, tablename="exit_report"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, unique=True)
    answers = JSONB()
    state = Varchar(length=20, default="draft", index=True)
    state_since = Timestamptz()
    due_at = Timestamptz()
    saved_at = Timestamptz(default=None, null=True)
    submitted_at = Timestamptz(default=None, null=True)
    submitted_by = UUID(default=None, null=True)
    decision_due_at = Timestamptz(default=None, null=True)
    decided_at = Timestamptz(default=None, null=True)
    decided_by = UUID(default=None, null=True)
    reason = Text()


class Extension(Table, tablename="extension"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    months = Integer()
    why = Text()
    asked_by = UUID(default=None, null=True)
    asked_at = Timestamptz(default=None, null=True)
    state = Varchar(length=20, default="asked")
    decided_by = UUID(default=None, null=True)
    decided_at = Timestamptz(default=None, null=True)
    reason = Text()
    ends_on = Date(default=None, null=True)


class FollowUp(Table, tablename="follow_up"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    clock = Varchar(length=60)
    due_on = Date()
    answer = Text()
    answered_at = Timestamptz(default=None, null=True)
    answered_by = UUID(default=None, null=True)


class Guidance(Table, tablename="guidance"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    number = Integer()
    subject = Varchar(length=200)
    text = Text()
    given_by = UUID(default=None, null=True)
    given_name = Varchar(length=200)
    authority = Varchar(length=60)
    given_at = Timestamptz()
    acknowledged_by = UUID(default=None, null=True)
    acknowledged_name = Varchar(length=200)
    acknowledged_at = Timestamptz(default=None, null=True)


class Incident(Table, tablename="incident"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    reference = Varchar(length=40, unique=True)
    pack_version = Varchar(length=40)
    source = Varchar(length=20)
    breach = UUID(default=None, null=True)
    title = Varchar(length=200)
    aware_at = Timestamptz()
    occurred_from = Timestamptz(default=None, null=True)
    occurred_to = Timestamptz(default=None, null=True)
    place = Varchar(length=200)
    system_version = Varchar(length=100)
    what = Text()
    harms_actual = Array(default=list, base_column=Varchar(length=40))
    harms_potential = Array(default=list, base_column=Varchar(length=40))
    people_affected = Integer()
    groups = Text()
    suspected_cause = Text()
    immediate_action = Text()
    vulnerabilities = Array(default=list, base_column=Varchar(length=60))
    facts = JSONB()
    drill = Boolean()
    severity = Varchar(length=40)
    severity_reason = Text()
    severity_by = Varchar(length=200)
    reportable = Boolean()
    confirmed_at = Timestamptz(default=None, null=True)
    state = Varchar(length=20, default="reported", index=True)
    state_since = Timestamptz()
    root_cause = Text()
    closing = Text()
    reported_at = Timestamptz()
    reported_by = UUID(default=None, null=True)
    reported_name = Varchar(length=200)
    closed_at = Timestamptz(default=None, null=True)


class IncidentClock(Table, tablename="incident_clock"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    incident = UUID(default=None, index=True)
    regime = Varchar(length=60)
    authority = Varchar(length=60)
    stage = Varchar(length=20)
    name = JSONB()
    due_at = Timestamptz(index=True)
    met_at = Timestamptz(default=None, null=True)
    met_by = Varchar(length=200)
    overdue_told_at = Timestamptz(default=None, null=True)


class IncidentReport(Table, tablename="incident_report"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    incident = UUID(default=None, index=True)
    clock = UUID(default=None, null=True)
    number = Integer()
    text = Text()
    submitted_by = Varchar(length=200)
    at = Timestamptz()


class JobEffect(Table, tablename="job_effect"):
    key = Varchar(length=200, primary_key=True)
    at = Timestamptz()


class Lesson(Table, tablename="lesson"):
    id = UUID(primary_key=True)
    number = Varchar(length=30, index=True)
    source_case = UUID(default=None, index=True)
    sector = Varchar(length=60, index=True)
    author = UUID(default=None)
    texts = JSONB()
    kind = Varchar(length=30, index=True)
    principle = Varchar(length=60, index=True)
    theme = Varchar(length=60, index=True)
    vulnerabilities = Array(default=list, base_column=Varchar(length=60))
    strength = Varchar(length=20, default="one_pilot")
    may_transfer_to = Array(default=list, base_column=Varchar(length=60))
    state = Varchar(length=20, default="draft", index=True)
    state_since = Timestamptz()
    cleared_by = UUID(default=None, null=True)
    clearance_reason = Text()
    published_at = Timestamptz(default=None, null=True, index=True)
    superseded_by = UUID(default=None, null=True)
    demo = Boolean()
    made_at = Timestamptz()


class Letter(Table, tablename="letter"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    kind = Varchar(length=40)
    subject = Text()
    text = Text()
    file = UUID(default=None, null=True)
    at = Timestamptz()


class Mail(Table, tablename="mail"):
    id = UUID(primary_key=True)
    case = UUID(default=None, null=True, index=True)
    to = Varchar(length=320, index=True)
    subject = Text()
    text = Text()
    html = Text()
    language = Varchar(length=8)
    state = Varchar(length=20, default="queued")
    made_at = Timestamptz(index=True)
    sent_at = Timestamptz(default=None, null=True)


class Organisation(Table, tablename="organisation"):
    id = UUID(primary_key=True)
    name = Varchar(length=200)
    registration_number = Varchar(length=60)
    country = Varchar(length=2)
    size = Varchar(length=30)
    demo = Boolean()
    made_at = Timestamptz()


class Metric(Table, tablename="metric"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    key = Varchar(length=60)
    name = Varchar(length=200)
    unit = Varchar(length=60)
    direction = Varchar(length=4, default="up")
    target = DoublePrecision(default=None, null=True)
    cadence_seconds = Integer()
    slices = Array(default=list, base_column=Varchar(length=60))


class Milestone(Table, tablename="milestone"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    number = Integer()
    title = JSONB()
    evidence_wanted = JSONB()
    month = Integer(default=None, null=True)
    due_on = Date(default=None, null=True)
    state = Varchar(length=20, default="planned", index=True)
    state_since = Timestamptz()
    reason = Text()


class Note(Table, tablename="note"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    author = UUID(default=None)
    author_name = Varchar(length=200)
    text = Text()
    at = Timestamptz()


class OutboxRow(Table, tablename="outbox"):
    id = UUID(primary_key=True)
    position = BigSerial()
    actor = Varchar(length=100)
    queue = Varchar(length=60)
    args = Text()
    made_at = Timestamptz(index=True)
    claimed_at = Timestamptz(default=None, null=True)
    sent_at = Timestamptz(default=None, null=True)
    done_at = Timestamptz(default=None, null=True)


class PeriodicSlot(Table, tablename="periodic_slot"):
    key = Varchar(length=120, primary_key=True)
    at = Timestamptz()


class Pilot(Table, tablename="pilot"):
    id = UUID(primary_key=True)
    case = UUID(default=None, unique=True)
    organisation = UUID(default=None, index=True)
    reference = Varchar(length=40, unique=True)
    title = Varchar(length=300)
    pack_version = Varchar(length=40)
    lead_sector = Varchar(length=60, index=True)
    sectors = Array(default=list, base_column=Varchar(length=60))
    authority = Varchar(length=60)
    state = Varchar(length=20, default="preparing", index=True)
    state_since = Timestamptz()
    testing_months = Integer()
    plan_version = Integer(default=1)
    accepted_at = Timestamptz()
    ready_at = Timestamptz(default=None, null=True)
    starts_on = Date(default=None, null=True)
    ends_on = Date(default=None, null=True)
    ended_at = Timestamptz(default=None, null=True)
    closed_at = Timestamptz(default=None, null=True)
    outcome = Varchar(length=30, default=None, null=True)
    register_consent = Boolean()
    demo = Boolean()


class PilotStep(Table, tablename="pilot_step"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    subject = UUID(default=None, null=True)
    event = Varchar(length=30)
    reason = Text()
    by = UUID(default=None, null=True)
    by_name = Varchar(length=200)
    at = Timestamptz()


class Plan(Table, tablename="plan"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    version = Integer()
    content = JSONB()
    reason = Text()
    offered_at = Timestamptz()
    offered_by = UUID(default=None, null=True)
    accepted_at = Timestamptz(default=None, null=True)
    accepted_by = UUID(default=None, null=True)
    accepted_name = Varchar(length=200)
    declined_at = Timestamptz(default=None, null=True)
    declined_reason = Text()


class Point(Table, tablename="point"):
    id = UUID(primary_key=True)
    pilot = UUID(default=None)
    metric = Varchar(length=60)
    slice = Varchar(length=120)
    at = Timestamptz()
    value = DoublePrecision()
    n = BigInt(default=1)
    batch = UUID(default=None)
    received_at = Timestamptz()


class RateCount(Table, tablename="rate_count"):
    key = Varchar(length=200, primary_key=True)
    window = BigInt()
    times = Integer()


class Recommendation(Table, tablename="recommendation"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    outcome = Varchar(length=30)
    text = Text()
    by = UUID(default=None)
    by_name = Varchar(length=200)
    at = Timestamptz()


class Relief(Table, tablename="relief"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    rule = Text()
    relaxed = Text()
    scope = Text()
    replacement = Text()
    from_on = Date(default=None, null=True)
    until_on = Date(default=None, null=True)
    authority = Varchar(length=60)


class Report(Table, tablename="report"):
    id = UUID(primary_key=True)
    number = Varchar(length=30)
    kind = Varchar(length=30, default="cross_sector")
    title = JSONB()
    period_from = Date()
    period_to = Date()
    sectors = Array(default=list, base_column=Varchar(length=60))
    state = Varchar(length=20, default="requested", index=True)
    state_since = Timestamptz()
    progress = Integer()
    stage = Varchar(length=40)
    error = Text()
    data = JSONB(default=None, null=True)
    narrative = JSONB()
    files = JSONB()
    requested_by = UUID(default=None)
    requested_at = Timestamptz()
    written_by = UUID(default=None, null=True)
    approved_by = UUID(default=None, null=True)
    published_at = Timestamptz(default=None, null=True, index=True)
    demo = Boolean()


class Review(Table, tablename="review"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    reviewer = UUID(default=None, index=True)
    reviewer_name = Varchar(length=200)
    state = Varchar(length=20, default="asked", index=True)
    conflict = Text()
    scores = JSONB()
    comments = JSONB()
    comment = Text()
    recommendation = Varchar(length=20)
    asked_at = Timestamptz()
    due_at = Timestamptz(default=None, null=True)
    submitted_at = Timestamptz(default=None, null=True)


class Screening(Table, tablename="screening"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    version = Integer()
    checks = JSONB()
    outcome = Varchar(length=20)
    reasons = JSONB()
    by = UUID(default=None)
    at = Timestamptz()


class Session(Table, tablename="session"):
    id_hash = Varchar(length=64, primary_key=True)
    data = Bytea()
    person = UUID(default=None, null=True, index=True)
    expires_at = Timestamptz(index=True)


class Silence(Table, tablename="silence"):
    id = UUID(primary_key=True)
    case = UUID(default=None, index=True)
    pilot = UUID(default=None, index=True)
    metric = Varchar(length=60)
    since = Timestamptz()
    noticed_at = Timestamptz()
    ended_at = Timestamptz(default=None, null=True)


class StoredFile(Table, tablename="stored_file"):
    id = UUID(primary_key=True)
    case = UUID(default=None, null=True, index=True)
    kind = Varchar(length=40)
    name = Varchar()
    media_type = Varchar(length=120)
    size = BigInt()
    sha256 = Varchar(length=64)
    path = Varchar()
    made_at = Timestamptz()
    made_by = UUID(default=None, null=True)


class Ticket(Table, tablename="ticket"):
    id = UUID(primary_key=True)
    purpose = Varchar(length=20)
    secret_hash = Varchar(length=64, unique=True)
    email = Varchar(length=320)
    account = UUID(default=None, null=True)
    organisation = UUID(default=None, null=True)
    level = Varchar(length=20)
    made_by = UUID(default=None, null=True)
    expires_at = Timestamptz()
    used_at = Timestamptz(default=None, null=True)


class Appointment(Table, tablename="appointment"):
    id = UUID(primary_key=True)
    account = ForeignKey(references=Account, index=True)
    role = Varchar(length=30)
    authority = Varchar(length=60)
    sectors = Array(default=list, base_column=Varchar(length=60))
    made_at = Timestamptz()
    ended_at = Timestamptz(default=None, null=True)


class Membership(Table, tablename="membership"):
    id = UUID(primary_key=True)
    account = ForeignKey(references=Account, index=True)
    organisation = ForeignKey(references=Organisation, index=True)
    level = Varchar(length=20)
    made_at = Timestamptz()
    ended_at = Timestamptz(default=None, null=True)


TABLES: tuple[type[Table], ...] = (
    Account,
    Adoption,
    ApiToken,
    Application,
    ApplicationVersion,
    Attachment,
    AuditEvent,
    AuditHead,
    AuditSeal,
    AuditSealLeaf,
    Batch,
    Breach,
    Clarification,
    Condition,
    CorrectiveAction,
    DeadJob,
    Decision,
    Evidence,
    ExitReport,
    Extension,
    FollowUp,
    Guidance,
    Incident,
    IncidentClock,
    IncidentReport,
    JobEffect,
    Lesson,
    Letter,
    Mail,
    Organisation,
    Metric,
    Milestone,
    Note,
    OutboxRow,
    PeriodicSlot,
    Pilot,
    PilotStep,
    Plan,
    Point,
    RateCount,
    Recommendation,
    Relief,
    Report,
    Review,
    Screening,
    Session,
    Silence,
    StoredFile,
    Ticket,
    Appointment,
    Membership,
)


async def forwards() -> MigrationManager:
    """Make every table."""
    manager = MigrationManager(migration_id=ID, app_name="sandbox", description=DESCRIPTION)
    for table in TABLES:
        name, stored = table.__name__, table._meta.tablename
        manager.add_table(class_name=name, tablename=stored)
        for column in table._meta.non_default_columns:
            manager.add_column(
                table_class_name=name,
                tablename=stored,
                column_name=column._meta.name,
                column_class=type(column),
                column_class_name=type(column).__name__,
                params=column._meta.params,
            )
    return manager
