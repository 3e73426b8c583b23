"""What reviewers do, and the officer who asks them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

import msgspec

from sandbox.applications import rules
from sandbox.applications.commands.opening import open_case
from sandbox.applications.commands.telling import tell_officers
from sandbox.applications.tables import Application, Review
from sandbox.foundation.errors import InvalidInput, RuleBroken
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import allow
from sandbox.foundation.work import Work, work_of
from sandbox.framework import library
from sandbox.framework.clocks import ClockName
from sandbox.people import queries as people
from sandbox.people.person import Person, Role


async def assign_reviewer(person: Person, application_id: UUID, reviewer_id: UUID) -> Review:
    """Ask a reviewer of one of the case's sectors to review it.

    :raises InvalidInput: not a reviewer of these sectors, or asked before.
    :raises RuleBroken: the case is not in review.
    """
    async with work_of(person) as work:
        application = await open_case(work, person, application_id, "assign")
        _check_in_review(application)
        reviewer = await people.person(reviewer_id)
        if (
            reviewer is None
            or not reviewer.is_any(Role.REVIEWER)
            or not any(reviewer.works_in(sector) for sector in application.sectors)
        ):
            raise InvalidInput({"reviewer": _("Choose a reviewer of this sector")})
        mine = (Review.case == application.id) & (Review.reviewer == reviewer_id)
        if await Review.exists().where(mine):
            raise InvalidInput({"reviewer": _("They have been asked already")})
        pack = library.pack_of(application.pack_version)
        review = Review(
            id=uuid4(), case=application.id, reviewer=reviewer_id, reviewer_name=reviewer.name,
            asked_at=work.now,
            due_at=rules.due(
                ClockName.REVIEW, work.now, (), authority=application.authority, pack=pack,
                at=work.now,
            ),
        )  # fmt: skip
        await work.save(review)
        work.record("review.asked", review)
        await work.mail(
            reviewer.email, "applications/review_asked", reviewer.language,
            case=application.id, name=reviewer.name, application=application, review=review,
            pack=pack,
        )  # fmt: skip
    return review


def _check_in_review(application: Application) -> None:
    if application.state not in {"in_review", "awaiting_clarification"}:
        raise RuleBroken(
            "application.assign.not_in_review",
            _("Reviewers are asked once the application is accepted for review."),
        )


async def take_back_review(person: Person, review_id: UUID) -> None:
    """The officer takes back a review that was asked and has not come.

    :raises RuleBroken: it is submitted or declined, and so stays on record.
    """
    async with work_of(person) as work:
        application, review = await _locked(work, review_id)
        await open_case(work, person, application.id, "assign")
        if review.state not in {"asked", "reviewing"}:
            raise RuleBroken("review.take_back.done", _("A finished review stays on record."))
        work.record("review.taken_back", review)
        await review.remove()


async def _locked(work: Work, review_id: UUID) -> tuple[Application, Review]:
    review = await Review.objects().get(Review.id == review_id)
    application = await work.lock(Application, review.case) if review else None
    review = await work.lock(Review, review_id)
    return application or await work.lock(Application, review.case), review


async def declare(person: Person, review_id: UUID, *, conflict: str) -> None:
    """Declare that nothing stands between oneself and the case, or what does (``conflict``).

    Until then a reviewer does not read the case, and after a conflict never again.
    """
    async with work_of(person) as work:
        application, review = await _locked(work, review_id)
        allow(person, "write", review)
        rules.declare(review, conflict=conflict)
        await work.save(review)
        work.record("review.declared", review, conflict=bool(review.conflict))
        if review.conflict:
            if application.case_officer == person.id:
                # From now on they see nothing of the case, so somebody else must take it.
                application.case_officer = None
                await work.save(application)
            await tell_officers(work, application, "conflict", reviewer=review.reviewer_name)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A review as its page holds it; scores and comments by criterion."""

    scores: Mapping[str, int] = {}
    comments: Mapping[str, str] = {}
    comment: str = ""
    recommendation: str = ""


async def save_review(person: Person, review_id: UUID, written: Written) -> None:
    """Keep a review as it stands; autosave comes through here.

    :raises InvalidInput: a score is off the scale.
    :raises RuleBroken: the review is not open for writing.
    """
    async with work_of(person) as work:
        application, review = await _locked(work, review_id)
        allow(person, "write", review)
        rules.check_reviewing(review)
        _fill(review, application, written)
        await work.save(review)


def _fill(review: Review, application: Application, written: Written) -> None:
    rubric = library.pack_of(application.pack_version).rubric
    known = {criterion.key for criterion in rubric.criteria}
    scores = {key: score for key, score in written.scores.items() if key in known}
    wrong = {
        f"score_{key}": _("Choose a score")
        for key, score in scores.items()
        if not 0 <= score <= rubric.highest
    }
    if wrong:
        raise InvalidInput(wrong)
    review.scores = scores
    review.comments = {
        key: words.strip()
        for key, words in written.comments.items()
        if key in known and words.strip()
    }
    review.comment = written.comment.strip()
    known_recommendation = written.recommendation in rules.RECOMMENDATIONS
    review.recommendation = written.recommendation if known_recommendation else ""


async def submit_review(person: Person, review_id: UUID, written: Written) -> None:
    """Submit a review; from then on it stands and the other reviewers may be read.

    :raises InvalidInput: a criterion has no score, or nothing is recommended.
    """
    async with work_of(person) as work:
        application, review = await _locked(work, review_id)
        allow(person, "write", review)
        rules.check_reviewing(review)
        _fill(review, application, written)
        pack = library.pack_of(application.pack_version)
        rules.submit_review(review, pack=pack, at=work.now)
        await work.save(review)
        work.record("review.submitted", review)
        await tell_officers(work, application, "reviewed", reviewer=review.reviewer_name)
