"""A reviewer's desk: declare, score, submit."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import commands, reviewer_queries, rules
from sandbox.applications.commands import Written
from sandbox.applications.policy import REVIEW
from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.typed import whole
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect, saved
from sandbox.framework import library
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]


@get("/reviews", permission=REVIEW)
async def show_reviews(request: Asked) -> Any:
    """The reviews one was asked for."""
    mine = await reviewer_queries.my_reviews(request.user)
    done = {"submitted", "declined_conflict"}
    return page(
        request, "cases/my_reviews.html", open_reviews=[r for r in mine if r.state not in done],
        done_reviews=[r for r in mine if r.state in done],
    )  # fmt: skip


@get("/reviews/{review:uuid}", permission=REVIEW)
async def show_review(request: Asked, review: FromPath[UUID]) -> Any:
    """The declaration first; then the application beside the rubric."""
    return await _desk(request, review, None)


async def _desk(request: Asked, review_id: UUID, form: Form[Any] | None, status: int = 200) -> Any:
    desk = await reviewer_queries.review_desk(request.user, review_id)
    pack = library.pack_of(desk.pack_version)
    if form is None:
        form = Form(
            {
                **{f"score_{key}": str(score) for key, score in desk.scores.items()},
                **{f"comment_{key}": words for key, words in desk.comments.items()},
                "comment": desk.comment,
                "recommendation": desk.recommendation,
            }
        )
    return page(
        request, "cases/review.html", status=status, desk=desk, pack=pack, form=form,
        recommendations=rules.RECOMMENDATIONS, percent=pack.rubric.percent(desk.scores),
    )  # fmt: skip


@post("/reviews/{review:uuid}/declare", permission=REVIEW)
async def declare(request: Asked, review: FromPath[UUID]) -> Any:
    """Declare that nothing stands in the way, or what does."""
    values, _files = await read_values(request)
    has = str(values.get("has_conflict") or "")
    words = str(values.get("conflict") or "")
    errors = {}
    if has not in {"yes", "no"}:
        errors["has_conflict"] = _("Say whether you have a conflict of interest")
    elif has == "yes" and not words:
        errors["conflict"] = _("Say what it is, in a sentence")
    if errors:
        return await _desk(request, review, Form(values, errors), 422)
    await commands.declare(request.user, review, conflict=words if has == "yes" else "")
    if has == "yes":
        flash(request, "success", _("Thank you. Somebody else will review this case."))
        return redirect(request, "/reviews")
    return redirect(request, f"/reviews/{review}")


def _written(values: dict[str, Any]) -> Written:
    return Written(
        scores={
            key[6:]: score
            for key, value in values.items()
            if key.startswith("score_") and (score := whole(value)) is not None
        },
        comments={
            key[8:]: str(value) for key, value in values.items() if key.startswith("comment_")
        },
        comment=str(values.get("comment") or ""),
        recommendation=str(values.get("recommendation") or ""),
    )


@post("/reviews/{review:uuid}/autosave", permission=REVIEW)
async def autosave(request: Asked, review: FromPath[UUID]) -> Any:
    """Keep the review as it stands."""
    values, _files = await read_values(request)
    await commands.save_review(request.user, review, _written(values))
    return saved()


@post("/reviews/{review:uuid}", permission=REVIEW)
async def submit(request: Asked, review: FromPath[UUID]) -> Any:
    """Submit the review, or keep it for later."""
    values, _files = await read_values(request)
    if values.get("step") == "later":
        await commands.save_review(request.user, review, _written(values))
        flash(request, "success", _("Your review is kept."))
        return redirect(request, "/reviews")
    try:
        await commands.submit_review(request.user, review, _written(values))
    except InvalidInput as error:
        return await _desk(request, review, Form(values, dict(error.errors)), 422)
    flash(request, "success", _("Your review is submitted. You can now read the others."))
    return redirect(request, f"/reviews/{review}")


NAVIGATION = [NavigationLink("/reviews", N_("Reviews"), REVIEW, place=20)]

ROUTES = [show_reviews, show_review, declare, autosave, submit]
