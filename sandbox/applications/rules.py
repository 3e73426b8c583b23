"""The life of an application and what each step asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sandbox.applications.tables import Application, Review
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.lifecycle import LifeCycle, transition
from sandbox.framework import clocks
from sandbox.framework.clocks import ClockName
from sandbox.framework.pack import Pack
from sandbox.people.person import Role

_APPLICANT = {Role.APPLICANT}
_OFFICER = {Role.OFFICER}
OPEN = (
    "draft", "submitted", "screening", "returned", "in_review", "awaiting_clarification",
    "recommended",
)  # fmt: skip
LIFE = LifeCycle(
    "application",
    "draft",
    (
        transition("submit", ("draft", "returned"), "submitted", _APPLICANT,
                   label=N_("Submit"), precondition="every question that is asked is answered"),
        transition("screen", "submitted", "screening", _OFFICER, label=N_("Begin screening")),
        transition("return", "screening", "returned", _OFFICER, label=N_("Return"),
                   precondition="a reason for every check that fails"),
        transition("accept", "screening", "in_review", _OFFICER, label=N_("Accept for review"),
                   precondition="every check that may return the application holds"),
        transition("ask", "in_review", "awaiting_clarification", _OFFICER,
                   label=N_("Ask the applicant")),
        transition("answer", "awaiting_clarification", "in_review", _APPLICANT,
                   label=N_("Answer"), precondition="no other question is open"),
        transition("recommend", "in_review", "recommended", _OFFICER, label=N_("Recommend"),
                   precondition="at least one review is submitted and none is open"),
        transition("send_back", "recommended", "in_review", {Role.DECISION_MAKER},
                   label=N_("Back to review")),
        transition("decide", ("recommended", "reconsidering"), "decided", {Role.DECISION_MAKER},
                   label=N_("Decide"), precondition="not by the only reviewer, and anew not by "
                   "whoever decided before (separation of duties)"),
        transition("ask_again", "decided", "reconsidering", _APPLICANT,
                   label=N_("Ask for reconsideration"),
                   precondition="once, in time, and before the plan is accepted"),
        transition("uphold", "reconsidering", "decided", {Role.DECISION_MAKER},
                   label=N_("Uphold the decision"),
                   precondition="a reason is given, and not by whoever decided before"),
        transition("withdraw", OPEN, "withdrawn", _APPLICANT, label=N_("Withdraw")),
        transition("lapse", ("draft", "returned", "awaiting_clarification", "decided"), "lapsed",
                   {Role.SYSTEM},
                   precondition="the applicant's time is over; once decided, that of an "
                   "admission whose plan was not accepted"),
        transition("reopen", "lapsed", "draft", _APPLICANT, label=N_("Open again"),
                   precondition="it had not been submitted"),
    ),
)  # fmt: skip

# Which clock of the pack runs in which state; the side it waits for is the clock's ``who``.
CLOCKS = {
    "draft": ClockName.DRAFT,
    "submitted": ClockName.COMPLETENESS,
    "screening": ClockName.SCREENING,
    "returned": ClockName.RETURNED,
    "in_review": ClockName.DECISION,
    "awaiting_clarification": ClockName.CLARIFICATION,
    "recommended": ClockName.DECISION,
    "decided": ClockName.PLAN_ACCEPTANCE,
    "reconsidering": ClockName.RECONSIDERATION_ANSWER,
}
ADMITTED = frozenset({"admitted", "admitted_with_conditions"})
OUTCOMES = ("admitted", "admitted_with_conditions", "refused", "redirected")
RECOMMENDATIONS = {
    "admit": N_("Admit"),
    "conditions": N_("Admit with conditions"),
    "refuse": N_("Refuse"),
}


def move(application: Application, event: str, *, pack: Pack, at: datetime) -> None:
    """Take ``event``, note where the applicant has the ball, start the clock of the new state.

    :raises RuleBroken: the state knows no such event.
    """
    LIFE.move(application, event, at=at)
    application.stops = [[begin, end or at.isoformat(), *rest]
                         for begin, end, *rest in application.stops]  # fmt: skip
    if application.state in clocks.STOPPING:
        application.stops = [*application.stops, [at.isoformat(), None, application.state]]
    start_clock(application, pack=pack, at=at)


def start_clock(application: Application, *, pack: Pack, at: datetime) -> None:
    """Set which clock runs from when and when it ends.

    The screening clock counts from submission and the decision clock from the complete
    application, so that neither starts afresh with a state.
    """
    settled = application.state == "decided" and application.outcome not in ADMITTED
    name = None if settled else CLOCKS.get(application.state)
    if name is None:
        clear_clock(application)
        return
    begun = {
        ClockName.SCREENING: application.submitted_at,
        ClockName.DECISION: application.complete_at,
    }
    application.clock, application.clock_from = name, begun.get(name) or at
    application.reminded_at = None
    application.due_at = due(
        name, application.clock_from, application.stops, authority=application.authority,
        pack=pack, at=at,
    )  # fmt: skip


def clear_clock(application: Application) -> None:
    """Nothing is waited for any more."""
    application.clock, application.clock_from, application.due_at = "", None, None


def due(
    name: ClockName, start: datetime, stops: Sequence[Sequence[Any]], *, authority: str,
    pack: Pack, at: datetime,
) -> datetime:  # fmt: skip
    """When the clock ``name`` of a case with these stored ``stops``, begun at ``start``, ends:
    the one answer for case pages, the sweep and reports."""
    clock = pack.clock(name)
    stood = stops_of(stops, frozenset(clock.stops))
    return clocks.due(
        clock.limit, start, pack.calendar_of(authority), stops=stood, now=at, roll=clock.roll
    )


def overdue_step(application: Application, *, pack: Pack, at: datetime) -> str:
    """What an applicant's clock asks for by itself: ``remind``, ``lapse`` or nothing.

    Everyone is reminded once, when the end is near; what waits lapses at the end, or once the
    clock's grace is over too.
    """
    if application.state not in LIFE.sources("lapse"):
        return ""
    if application.due_at is None or application.clock_from is None:
        return ""
    clock, calendar = pack.clock(application.clock), pack.calendar_of(application.authority)
    if application.reminded_at is None:
        near = clocks.near_from(clock, application.clock_from, application.due_at, calendar)
        return "remind" if at >= near else ""
    last: datetime = application.due_at
    if clock.grace is not None:
        last = clocks.due(clock.grace, last, calendar)
    return "lapse" if at > last else ""


_STOPPED_BEFORE = ("awaiting_clarification",)
"""The only state that stopped a clock while stops were kept without one."""


def stops_of(stops: Sequence[Sequence[Any]], states: frozenset[str]) -> list[clocks.Stop]:
    """When a clock stood that stops in ``states``, as moments."""
    return [
        (datetime.fromisoformat(begin), datetime.fromisoformat(end) if end else None)
        for begin, end, *state in stops
        if not states.isdisjoint(state or _STOPPED_BEFORE)
    ]


# Drafting --------------------------------------------------------------------------------


def check_editable(application: Application) -> None:
    """Answers change in a draft and in a returned application only.

    :raises RuleBroken: ``application.edit.not_open``.
    """
    if application.state not in {"draft", "returned"}:
        raise RuleBroken(
            "application.edit.not_open",
            _("This application has been submitted, so its answers cannot be changed now."),
        )


def reopen(application: Application, *, pack: Pack, at: datetime) -> None:
    """Open a lapsed draft again, with all its answers.

    :raises RuleBroken: it was submitted, so its time is over.
    """
    if application.submitted_at is not None:
        raise RuleBroken(
            "application.reopen.submitted",
            _("An application that was submitted and lapsed cannot be opened again. Begin anew."),
        )
    move(application, "reopen", pack=pack, at=at)


def submit(
    application: Application, *, missing: Mapping[str, str], pack: Pack, at: datetime
) -> None:
    """Submit, for the first time or again after a return.

    :raises RuleBroken: questions are still open (``missing``: question -> what is wrong).
    """
    if missing:
        raise RuleBroken(
            "application.submit.incomplete",
            _("Some questions are still open. They are listed below, each with its link."),
        )
    first = application.submitted_at is None
    move(application, "submit", pack=pack, at=at)
    application.version += 1
    if first:
        application.submitted_at = at
    application.complete_at = at


# Screening and review --------------------------------------------------------------------


def check_screening(
    pack: Pack, checks: Mapping[str, str], reasons: Mapping[str, str], *, outcome: str,
    sectors: Sequence[str],
) -> None:  # fmt: skip
    """The checklist must be whole, and its outcome must follow from it.

    :raises InvalidInput: a check is not answered, or fails without a reason.
    :raises RuleBroken: accepted although a check that returns fails, or returned although
        none does.
    """
    asked = [c for c in pack.screening if not c.sectors or set(c.sectors) & set(sectors)]
    errors = {c.key: _("Say yes or no") for c in asked if checks.get(c.key) not in {"yes", "no"}}
    failed = [c for c in asked if checks.get(c.key) == "no"]
    errors |= {
        f"reason_{c.key}": _("Say what is missing: the applicant will read it")
        for c in failed
        if not reasons.get(c.key, "").strip()
    }
    if errors:
        raise InvalidInput(errors)
    if outcome == "accepted" and any(c.returns for c in failed):
        raise RuleBroken(
            "application.screen.fails",
            _("A check fails that sends the application back, so it cannot be accepted."),
        )
    if outcome == "returned" and not failed:
        raise RuleBroken(
            "application.screen.holds", _("Every check holds, so there is nothing to return for.")
        )


def declare(review: Review, *, conflict: str) -> None:
    """A reviewer says before reading whether anything stands between them and the case.

    :raises RuleBroken: they have said so already.
    """
    if review.state != "asked":
        raise RuleBroken("review.declare.twice", _("You have declared already."))
    review.conflict = conflict.strip()
    review.state = "declined_conflict" if review.conflict else "reviewing"


def check_reviewing(review: Review) -> None:
    """A review is written by its reviewer between declaration and submission.

    :raises RuleBroken: before the declaration, after a conflict, or after submission.
    """
    if review.state != "reviewing":
        raise RuleBroken(
            "review.write.not_open", _("This review is not open for writing."),
        )  # fmt: skip


def submit_review(review: Review, *, pack: Pack, at: datetime) -> None:
    """Submit a whole review.

    :raises InvalidInput: a criterion has no score or no reason, or there is no recommendation.
    :raises RuleBroken: see :func:`check_reviewing`.
    """
    check_reviewing(review)
    errors = {
        f"score_{c.key}": _("Choose a score")
        for c in pack.rubric.criteria
        if c.key not in review.scores
    }
    errors |= {
        f"comment_{c.key}": _("Give the reason for this score: the applicant gets the reasons")
        for c in pack.rubric.criteria
        if not review.comments.get(c.key, "").strip()
    }
    if review.recommendation not in RECOMMENDATIONS:
        errors["recommendation"] = _("Choose a recommendation")
    if errors:
        raise InvalidInput(errors)
    review.state, review.submitted_at = "submitted", at


def check_recommendable(reviews: Sequence[Review], open_clarifications: int) -> None:
    """An officer recommends on reviews, not before them.

    :raises RuleBroken: no review is in, one is still open, or the applicant owes an answer.
    """
    if not any(review.state == "submitted" for review in reviews):
        raise RuleBroken(
            "application.recommend.no_review", _("At least one review must be submitted first.")
        )
    if any(review.state in {"asked", "reviewing"} for review in reviews):
        raise RuleBroken(
            "application.recommend.open_review",
            _("A review is still open. Wait for it or take it back."),
        )
    if open_clarifications:
        raise RuleBroken(
            "application.recommend.open_question", _("The applicant still owes an answer.")
        )


# Decision --------------------------------------------------------------------------------


def check_decider(person: UUID | None, reviews: Sequence[Review]) -> None:
    """The sole reviewer may not decide: separation of duties.

    :raises RuleBroken: ``application.decide.sole_reviewer``.
    """
    by = {review.reviewer for review in reviews if review.state == "submitted"}
    if by == {person}:
        raise RuleBroken(
            "application.decide.sole_reviewer",
            _("You are the only reviewer of this case, so somebody else decides it."),
        )


def check_decision(
    outcome: str, *, reasons: Sequence[str], conditions: Sequence[Any], months: int, pack: Pack
) -> None:
    """A decision says why, and an admission says for how long and on what terms.

    :raises InvalidInput: naming each part that is missing.
    """
    errors: dict[str, str] = {}
    if outcome not in OUTCOMES:
        errors["outcome"] = _("Choose an outcome")
    elif not set(reasons) & {reason.key for reason in pack.reasons_for(outcome)}:  # type: ignore[arg-type]
        errors["reasons"] = _("Choose at least one reason")
    if outcome == "admitted_with_conditions" and not conditions:
        errors["conditions"] = _("Pick or write at least one condition")
    if outcome in ADMITTED and not 1 <= months <= pack.terms.testing_months:
        errors["months"] = _("Enter a number of months from 1 to %(most)s") % {
            "most": pack.terms.testing_months
        }
    if errors:
        raise InvalidInput(errors)
