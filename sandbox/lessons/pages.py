"""The library of lessons, and the desk where they are written and cleared."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _, current_language, local
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.forms import Form, parse, read_form, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect
from sandbox.framework import library
from sandbox.lessons import commands, forms, queries, rules
from sandbox.lessons.policy import ADOPT_LESSONS, WRITE_LESSONS
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@get("/lessons", permission=PUBLIC)
async def show_library(request: Asked) -> Any:
    """Published lessons, by sector, theme, kind, weakness and words."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in queries.Filters.__struct_fields__}
    found = await queries.library(
        queries.Filters(**chosen), before=_moment(asked.get("before", ""))
    )
    return page(
        request, "lessons/library.html", block="results", filters=Form(chosen),
        lessons=found[: queries.PAGE], more=len(found) > queries.PAGE,
        on_their_way=await queries.desk(request.user) if WRITE_LESSONS.allows(request.user) else [],
        kinds=rules.KIND_NAMES, strengths=rules.STRENGTH_NAMES,
    )  # fmt: skip


@get("/lessons/{lesson:uuid}", permission=PUBLIC)
async def show(request: Asked, lesson: FromPath[UUID]) -> Any:
    """One lesson with what other sectors made of it."""
    return await _lesson_page(request, lesson, Form())


async def _lesson_page(request: Asked, lesson_id: UUID, form: Form[Any], status: int = 200) -> Any:
    found = await queries.lesson(request.user, lesson_id)
    return page(
        request, "lessons/show.html", status=status, lesson=found, form=form,
        beside=await queries.source_of(request.user, lesson_id) if found.may_clear else None,
        marks=await queries.marks(lesson_id) if found.may_clear else (),
        replacements=[
            (str(one.id), f"{one.number} {local(one.title)}")
            for one in await queries.in_library(lesson_id)
        ] if found.may_supersede else [],
        steps=rules.LIFE.open_to(found.state, request.user.roles),
        own_sectors=sorted(request.user.sectors - {found.sector}),
        parts=rules.PART_NAMES, kinds=rules.KIND_NAMES,
        strengths=rules.STRENGTH_NAMES, verdicts=rules.VERDICT_NAMES,
    )  # fmt: skip


@get("/pilots/{pilot:uuid}/lessons/new", permission=WRITE_LESSONS)
async def new(request: Asked, pilot: FromPath[UUID]) -> Any:
    """An empty lesson beside the facts of the pilot's case."""
    return await _write_page(request, Form({"strength": "one_pilot"}), pilot=pilot)


@post("/pilots/{pilot:uuid}/lessons/new", permission=WRITE_LESSONS)
async def draft(request: Asked, pilot: FromPath[UUID]) -> Any:
    """Keep a new lesson as a draft."""
    form, texts = await _typed(request)
    if form.valid:
        try:
            lesson = await commands.draft_lesson(
                request.user, pilot, texts=texts, about=form.data.about(),
                language=current_language(),
            )  # fmt: skip
            flash(request, "success", _("The draft is kept. A second person clears it."))
            return redirect(request, f"/lessons/{lesson.id}")
        except InvalidInput as error:
            form.refuse(error)
    return await _write_page(request, form, pilot=pilot, status=422)


@get("/lessons/{lesson:uuid}/edit", permission=WRITE_LESSONS)
async def edit_form(request: Asked, lesson: FromPath[UUID]) -> Any:
    """A draft as it stands, to be written on."""
    found = await queries.lesson(request.user, lesson)
    form: Form[forms.LessonInput] = Form(forms.values_of(found))
    return await _write_page(request, form, lesson=lesson)


@post("/lessons/{lesson:uuid}/edit", permission=WRITE_LESSONS)
async def edit(request: Asked, lesson: FromPath[UUID]) -> Any:
    """Keep the changes of a draft."""
    form, texts = await _typed(request)
    if form.valid:
        try:
            await commands.edit_lesson(
                request.user, lesson, texts=texts, about=form.data.about(),
                language=current_language(),
            )  # fmt: skip
            flash(request, "success", _("The draft is kept."))
            return redirect(request, f"/lessons/{lesson}")
        except InvalidInput as error:
            form.refuse(error)
    return await _write_page(request, form, lesson=lesson, status=422)


async def _typed(request: Asked) -> tuple[Form[forms.LessonInput], dict[str, dict[str, str]]]:
    values, _files = await read_values(request)
    return parse(values, forms.LessonInput), forms.texts_in(values, library.current().languages)


async def _write_page(
    request: Asked,
    form: Form[forms.LessonInput],
    *,
    pilot: UUID | None = None,
    lesson: UUID | None = None,
    status: int = 200,
) -> Any:
    facts = (
        await queries.source_of(request.user, lesson)
        if lesson
        else await queries.beside_pilot(request.user, pilot)
    )
    if facts is None:
        raise NotFound
    action = f"/lessons/{lesson}/edit" if lesson else f"/pilots/{pilot}/lessons/new"
    languages = sorted(library.current().languages, key=lambda code: code != current_language())
    return page(
        request, "lessons/write.html", status=status, form=form, beside=facts, action=action,
        write_in=languages, parts=rules.PART_NAMES, kinds=rules.KIND_NAMES,
        strengths=rules.STRENGTH_NAMES,
    )  # fmt: skip


_STEPS = {
    "reopen": (commands.reopen_lesson, N_("The lesson is a draft again.")),
    "publish": (commands.publish_lesson, N_("The lesson is in the library.")),
}


@post("/lessons/{lesson:uuid}/clear", permission=WRITE_LESSONS)
async def clear(request: Asked, lesson: FromPath[UUID]) -> Any:
    """Clear a lesson as the second person."""
    values, _files = await read_values(request)
    form: Form[Any] = Form(values)
    reasons = forms.reasons_in(values)
    try:
        await commands.clear_lesson(request.user, lesson, reasons=reasons)
    except RuleBroken as error:
        left = rules.unexplained(await queries.marks(lesson), reasons)
        explain = {f"reason-{mark.key}": _("Say in a sentence why this may stay") for mark in left}
        form.errors = explain if error.rule == "lesson.clear.identifies" else {"": error.message}
        return await _lesson_page(request, lesson, form, status=error.status)
    flash(request, "success", _("The lesson is cleared. The central office publishes it."))
    return redirect(request, f"/lessons/{lesson}")


@post("/lessons/{lesson:uuid}/supersede", permission=WRITE_LESSONS)
async def supersede(request: Asked, lesson: FromPath[UUID]) -> Any:
    """Put a newer lesson in its place."""
    form = await read_form(request, forms.Supersession)
    if form.valid:
        try:
            await commands.supersede_lesson(request.user, lesson, newer=form.data.newer)
            flash(request, "success", _("The newer lesson stands in its place."))
            return redirect(request, f"/lessons/{lesson}")
        except InvalidInput as error:
            form.refuse(error)
    return await _lesson_page(request, lesson, form, status=422)


@post("/lessons/{lesson:uuid}/{step:str}", permission=WRITE_LESSONS)
async def take_step(request: Asked, lesson: FromPath[UUID], step: FromPath[str]) -> Any:
    """Reopen or publish."""
    if step not in _STEPS:
        raise NotFound
    command, words = _STEPS[step]
    await command(request.user, lesson)
    flash(request, "success", _(words))
    return redirect(request, f"/lessons/{lesson}")


@post("/lessons/{lesson:uuid}/adoptions", permission=ADOPT_LESSONS)
async def adopt(request: Asked, lesson: FromPath[UUID]) -> Any:
    """Record what a sector makes of a lesson."""
    form = await read_form(request, forms.AdoptionInput)
    if form.valid:
        try:
            await commands.adopt_lesson(
                request.user, lesson, sector=form.data.sector, verdict=form.data.verdict,
                how=form.data.how,
            )  # fmt: skip
            flash(request, "success", _("Your sector’s word is recorded."))
            return redirect(request, f"/lessons/{lesson}")
        except InvalidInput as error:
            form.refuse(error)
    return await _lesson_page(request, lesson, form, status=422)


NAVIGATION = [NavigationLink("/lessons", N_("Lessons"), PUBLIC, place=85)]

ROUTES = [
    show_library, show, new, draft, edit_form, edit, clear, supersede, take_step, adopt,
]  # fmt: skip
