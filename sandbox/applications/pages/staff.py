"""The authority's side of an application: queue, case, screening, questions, decision."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import commands, decision_form, exchange, queries, rules, terms
from sandbox.applications.policy import DECIDE, NOTE, READ_CASES, ROUTE, SCREEN
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _, current_language
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect
from sandbox.foundation.web.pagination import read_cursor
from sandbox.foundation.web.states import word as word_of
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.people import queries as people
from sandbox.people.person import Person, Role

Asked = Request[Person, Any, Any]


@get("/cases", permission=READ_CASES)
async def show_queue(request: Asked) -> Any:
    """The queue: open cases, the most urgent first."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in queries.Filters.__struct_fields__}
    cursor = read_cursor(asked, length=3)
    return page(
        request, "cases/queue.html", block="results", filters=Form(chosen),
        cases=await queries.queue(request.user, queries.Filters(**chosen), cursor),
        counts=await queries.counts(request.user),
        may_act=DECIDE.allows(request.user) or SCREEN.allows(request.user),
        states=[(state, word_of(state)) for state in sorted(rules.LIFE.states - {"draft"})],
    )  # fmt: skip


async def _case_page(
    request: Asked, case_id: UUID, part: str, form: Form[Any] | None = None, status: int = 200,
    **more: Any,
) -> Any:  # fmt: skip
    case = await queries.case(request.user, case_id)
    pack = library.pack_of(case.pack_version)
    return page(
        request, f"cases/{part}.html", status=status, case=case, pack=pack,
        form=form or Form({}), outcomes=rules.OUTCOMES,
        recommendations=rules.RECOMMENDATIONS, **more,
    )  # fmt: skip


@get("/cases/{case:uuid}", permission=READ_CASES)
async def show_case(request: Asked, case: FromPath[UUID]) -> Any:
    """The application as it was submitted, with files, notes and what to do next."""
    return await _case_page(request, case, "application")


@get("/cases/{case:uuid}/history", permission=READ_CASES)
async def show_history(request: Asked, case: FromPath[UUID]) -> Any:
    """What happened in the case, and what the applicant was told."""
    return await _case_page(request, case, "history")


_STEPS = {
    "take": (commands.take_case, N_("The case is yours.")),
    "begin": (commands.begin_screening, N_("Screening has begun.")),
}


@post("/cases/{case:uuid}/notes", permission=NOTE)
async def add_note(request: Asked, case: FromPath[UUID]) -> Any:
    """Leave an internal note."""
    values, _files = await read_values(request)
    try:
        await commands.add_note(request.user, case, str(values.get("note") or ""))
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await _case_page(request, case, "application", form, 422)
    flash(request, "success", _("The note is kept. Applicants never see it."))
    return redirect(request, f"/cases/{case}#notes")


@post("/cases/{case:uuid}/steps/{step:str}", permission=SCREEN)
async def take_step(request: Asked, case: FromPath[UUID], step: FromPath[str]) -> Any:
    """Take the case or begin its screening."""
    if step not in _STEPS:
        raise NotFound
    command, words = _STEPS[step]
    await command(request.user, case)
    flash(request, "success", _(words))
    onward = "/screening" if step == "begin" else ""
    return redirect(request, f"/cases/{case}{onward}")


# Screening ---------------------------------------------------------------------------------


@get("/cases/{case:uuid}/screening", permission=READ_CASES)
async def screening_form(request: Asked, case: FromPath[UUID]) -> Any:
    """The checklist beside the answers that each check is about."""
    return await _screening_page(request, case, Form({}))


async def _screening_page(request: Asked, case_id: UUID, form: Form[Any], status: int = 200) -> Any:
    case = await queries.case(request.user, case_id)
    pack = library.pack_of(case.pack_version)
    sectors = set(case.sectors)
    if case.screening and not form.values:
        form = Form({f"check_{key}": value for key, value in case.screening["checks"].items()})
    return page(
        request, "cases/screening.html", status=status, case=case, pack=pack, form=form,
        checks=[c for c in pack.screening if not c.sectors or sectors & set(c.sectors)],
        answered={one.key: one for section in case.sections for one in section.answers},
    )  # fmt: skip


@post("/cases/{case:uuid}/screening", permission=SCREEN)
async def screen(request: Asked, case: FromPath[UUID]) -> Any:
    """Accept the application for review, or return it."""
    values, _files = await read_values(request)
    form: Form[Any] = Form(values)
    checks = {key[6:]: str(one) for key, one in values.items() if key.startswith("check_")}
    reasons = {key[7:]: str(one) for key, one in values.items() if key.startswith("reason_")}
    outcome = "accepted" if values.get("outcome") == "accepted" else "returned"
    try:
        await commands.screen(request.user, case, outcome=outcome, checks=checks, reasons=reasons)
    except InvalidInput as error:
        form.errors = {
            key if key.startswith("reason_") else f"check_{key}": words
            for key, words in error.errors.items()
        }
        return await _screening_page(request, case, form, 422)
    except RuleBroken as error:
        form.errors = {"_": error.message}
        return await _screening_page(request, case, form, 409)
    words = {
        "accepted": _("Accepted for review. Ask reviewers now."),
        "returned": _("Returned. The applicant has been told what is missing."),
    }
    flash(request, "success", words[outcome])
    onward = "/reviews" if outcome == "accepted" else ""
    return redirect(request, f"/cases/{case}{onward}")


# Questions and reviews ----------------------------------------------------------------------


@get("/cases/{case:uuid}/questions", permission=READ_CASES)
async def show_questions(request: Asked, case: FromPath[UUID]) -> Any:
    """What the applicant was asked and what they answered."""
    return await _case_page(request, case, "questions")


@post("/cases/{case:uuid}/questions", permission=SCREEN)
async def ask(request: Asked, case: FromPath[UUID]) -> Any:
    """Ask the applicant; the clock stops."""
    values, _files = await read_values(request)
    try:
        await commands.ask_clarification(
            request.user, case, text=str(values.get("text") or ""),
            question=str(values.get("question") or ""),
        )  # fmt: skip
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await _case_page(request, case, "questions", form, 422)
    flash(request, "success", _("Asked. The decision clock is stopped until the answer comes."))
    return redirect(request, f"/cases/{case}/questions")


@get("/cases/{case:uuid}/reviews", permission=READ_CASES)
async def show_reviews(request: Asked, case: FromPath[UUID]) -> Any:
    """The reviews side by side, and whom to ask next."""
    return await _reviews_page(request, case, Form({}))


async def _reviews_page(request: Asked, case_id: UUID, form: Form[Any], status: int = 200) -> Any:
    case = await queries.case(request.user, case_id)
    asked = {review.reviewer for review in case.reviews}
    free = {
        person.id: person
        for person in await people.staff(role=Role.REVIEWER)
        if person.id not in asked and any(person.works_in(sector) for sector in case.sectors)
    }
    pack = library.pack_of(case.pack_version)
    return page(
        request, "cases/reviews.html", status=status, case=case, pack=pack, form=form,
        reviewers=[(person.id, person.name) for person in free.values()],
        recommendations=rules.RECOMMENDATIONS,
        percents={review.id: pack.rubric.percent(review.scores) for review in case.reviews},
    )  # fmt: skip


@post("/cases/{case:uuid}/reviews", permission=SCREEN)
async def assign(request: Asked, case: FromPath[UUID]) -> Any:
    """Ask a reviewer."""
    values, _files = await read_values(request)
    form: Form[Any] = Form(values)
    try:
        reviewer = UUID(str(values.get("reviewer") or ""))
    except ValueError:
        form.errors = {"reviewer": _("Choose a reviewer of this sector")}
        return await _reviews_page(request, case, form, 422)
    try:
        await commands.assign_reviewer(request.user, case, reviewer)
    except InvalidInput as error:
        form.refuse(error)
        return await _reviews_page(request, case, form, 422)
    flash(request, "success", _("The reviewer has been asked by mail."))
    return redirect(request, f"/cases/{case}/reviews")


@post("/cases/{case:uuid}/reviews/{review:uuid}/take-back", permission=SCREEN)
async def take_back(request: Asked, case: FromPath[UUID], review: FromPath[UUID]) -> Any:
    """Take back a review that has not come."""
    await commands.take_back_review(request.user, review)
    flash(request, "success", _("The review is taken back."))
    return redirect(request, f"/cases/{case}/reviews")


# Recommendation and decision -----------------------------------------------------------------


@post("/cases/{case:uuid}/recommendation", permission=SCREEN)
async def recommend(request: Asked, case: FromPath[UUID]) -> Any:
    """Put the case before the decision makers."""
    values, _files = await read_values(request)
    try:
        await commands.recommend(
            request.user, case, outcome=str(values.get("outcome") or ""),
            text=str(values.get("text") or ""),
        )  # fmt: skip
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await decision_page(request, case, form, 422)
    except RuleBroken as error:
        form = Form(values, {"_": error.message})
        return await decision_page(request, case, form, 409)
    flash(request, "success", _("Recommended. The decision makers have been told."))
    return redirect(request, f"/cases/{case}/decision")


@post("/cases/{case:uuid}/send-back", permission=DECIDE)
async def send_back(request: Asked, case: FromPath[UUID]) -> Any:
    """Ask the officer for more before deciding."""
    values, _files = await read_values(request)
    try:
        await commands.send_back(request.user, case, reason=str(values.get("reason") or ""))
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await decision_page(request, case, form, 422)
    flash(request, "success", _("The case is back with the officer."))
    return redirect(request, f"/cases/{case}")


@get("/cases/{case:uuid}/decision", permission=READ_CASES)
async def show_decision(request: Asked, case: FromPath[UUID]) -> Any:
    """The decision beside the application, with what the plan will be made of."""
    return await decision_page(request, case, None)


async def decision_page(
    request: Asked, case_id: UUID, form: Form[Any] | None, status: int = 200
) -> Any:
    """The page of the decision, with the form as it was typed."""
    case = await queries.case(request.user, case_id)
    pack = library.pack_of(case.pack_version)
    answers = await _submitted(case_id)
    recommended = str(case.recommendation["outcome"]) if case.recommendation else ""
    proposed = decision_form.proposal(pack, answers, case.outcome or recommended)
    if form is None or "months" not in form.values:  # not this page's own form that came back
        form = Form({**proposed, **form.values}, form.errors) if form else Form(proposed)
    asked = await exchange.asked(case_id)
    suggested = {template.key for template in pack.suggested(answers)}
    offered = pack.conditions_for(*case.sectors)
    return page(
        request, "cases/decision.html", status=status, case=case, pack=pack, form=form,
        conditions=sorted(offered, key=lambda template: template.key not in suggested),
        suggested=suggested, milestones=pack.milestones_for(*case.sectors),
        planned=decision_form.planned_milestones(pack, answers, current_language()),
        reliefs=decision_form.asked_reliefs(pack, answers), reasons=_reasons(pack),
        outcomes=rules.OUTCOMES, own_rows=range(1, decision_form.OWN_ROWS + 1),
        percents={review.id: pack.rubric.percent(review.scores) for review in case.reviews},
        recommendations=rules.RECOMMENDATIONS, numbered=terms.numbered, when=terms.when,
        limit_sentence=terms.limit_sentence, asked=asked,
        deciding=_decides(request.user, case, asked),
    )  # fmt: skip


def _decides(person: Person, case: queries.Case, asked: exchange.Asked | None) -> bool:
    """Whether the person decides now: a recommended case, or one to be looked at again."""
    other = asked is not None and asked.decided_by != person.id
    open_ = case.state == "recommended" or (case.state == "reconsidering" and other)
    return open_ and "decide" in case.can


def _reasons(pack: Pack) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Reasons by outcome, as options with their words as hints."""
    return [
        (outcome, [(r.key, str(r.name), str(r.text)) for r in pack.reasons_for(outcome)])  # type: ignore[arg-type]
        for outcome in rules.OUTCOMES
    ]


async def _submitted(case_id: UUID) -> dict[str, Any]:
    rows = await fetch(
        'SELECT answers::text AS answers FROM application_version WHERE "case" = $1 '
        "ORDER BY number DESC LIMIT 1",
        case_id,
    )
    return msgspec.json.decode(rows[0]["answers"]) if rows else {}


@post("/cases/{case:uuid}/decision", permission=DECIDE)
async def decide(request: Asked, case: FromPath[UUID]) -> Any:
    """Decide."""
    values, _files = await read_values(request)
    form: Form[Any] = Form(values)
    shown = await queries.case(request.user, case)
    try:
        decided = decision_form.terms_of(
            values, pack=library.pack_of(shown.pack_version), answers=await _submitted(case),
            language=current_language(),
        )  # fmt: skip
        await commands.decide(
            request.user, case, outcome=str(values.get("outcome") or ""), terms=decided
        )
    except InvalidInput as error:
        form.refuse(error)
        return await decision_page(request, case, form, 422)
    except RuleBroken as error:
        form.errors["_"] = error.message
        return await decision_page(request, case, form, 409)
    flash(request, "success", _("Decided. The applicant has been told; the letter follows."))
    return redirect(request, f"/cases/{case}/decision")


@get("/cases/{case:uuid}/route", permission=ROUTE)
async def route_form(request: Asked, case: FromPath[UUID]) -> Any:
    """Put the case into the hands of another lead sector."""
    return await _case_page(request, case, "route")


@post("/cases/{case:uuid}/route", permission=ROUTE)
async def route(request: Asked, case: FromPath[UUID]) -> Any:
    """Route the case."""
    values, _files = await read_values(request)
    try:
        await commands.route(
            request.user, case, lead_sector=str(values.get("lead_sector") or ""),
            reason=str(values.get("reason") or ""),
        )  # fmt: skip
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return await _case_page(request, case, "route", form, 422)
    flash(request, "success", _("Routed. The officers of the sector have been told."))
    return redirect(request, f"/cases/{case}")


NAVIGATION = [NavigationLink("/cases", N_("Cases"), READ_CASES, place=20)]

ROUTES = [
    show_queue, show_case, show_history, add_note, take_step, screening_form, screen,
    show_questions, ask, show_reviews, assign, take_back, recommend, send_back, show_decision,
    decide, route_form, route,
]  # fmt: skip
