"""The applicant's side: list, task list, one section a page, check, submit, follow."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.applications import answers as forms
from sandbox.applications import applicant_queries as queries
from sandbox.applications import commands, exchange
from sandbox.applications.policy import APPLY
from sandbox.foundation import files
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.typed import identity
from sandbox.foundation.web.forms import Form, press_row_button, read_values, rows_in
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect, saved
from sandbox.framework import library
from sandbox.framework.pack import Pack
from sandbox.framework.questions import Question, QuestionKind, Section
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]
_MOST_FIELDS = 2_000


@get("/applications", permission=APPLY)
async def show_list(request: Asked) -> Any:
    """The organisation's applications, what waits for them first."""
    found = await queries.mine(request.user) if request.user.organisation else []
    return page(request, "applications/list.html", applications=found)


@get("/applications/new", permission=APPLY)
async def new(request: Asked) -> Any:
    """What it is about; the form follows."""
    if request.user.organisation is None:
        flash(request, "information", _("Name your organisation first. Then you can apply."))
        return redirect(request, "/organisation/new")
    return page(request, "applications/new.html", form=Form({}))


@post("/applications/new", permission=APPLY)
async def start(request: Asked) -> Any:
    """Begin a draft."""
    values, _files = await read_values(request)
    try:
        application = await commands.start_application(
            request.user, title=str(values.get("title") or ""),
            lead_sector=str(values.get("lead_sector") or ""),
        )  # fmt: skip
    except InvalidInput as error:
        form: Form[Any] = Form(values, dict(error.errors))
        return page(request, "applications/new.html", status=422, form=form)
    return redirect(request, f"/applications/{application.id}")


@get("/applications/{application:uuid}", permission=APPLY)
async def show(request: Asked, application: FromPath[UUID]) -> Any:
    """The task list of a draft; the state of what was submitted."""
    found = await queries.one(request.user, application)
    pack = library.pack_of(found.pack_version)
    if found.state in {"draft", "returned"}:
        return page(request, "applications/tasks.html", application=found, pack=pack, form=Form({}))
    return await _status_page(request, found, Form({}))


async def _status_page(request: Asked, found: queries.Mine, form: Form[Any]) -> Any:
    return page(
        request, "applications/status.html", status=422 if form.errors else 200,
        application=found, pack=library.pack_of(found.pack_version), form=form,
        ask_until=await exchange.may_ask_until(found.id), asked=await exchange.asked(found.id),
    )  # fmt: skip


# Sections ----------------------------------------------------------------------------------


@get("/applications/{application:uuid}/sections/{key:str}", permission=APPLY)
async def show_section(request: Asked, application: FromPath[UUID], key: FromPath[str]) -> Any:
    """One section of the form."""
    found, pack, section = await _section(request, application, key)
    values = {q.key: forms.shown(q, found.answers) for q in section.questions}
    return _section_page(request, found, pack, section, Form(values))


async def _section(
    request: Asked, application_id: UUID, key: str
) -> tuple[queries.Mine, Pack, Section]:
    found = await queries.one(request.user, application_id)
    pack = library.pack_of(found.pack_version)
    section = next((s for s, _q in pack.form.asked(found.answers) if s.key == key), None)
    if section is None:
        raise NotFound
    return found, pack, section


def _section_page(
    request: Asked,
    found: queries.Mine,
    pack: Pack,
    section: Section,
    form: Form[Any],
    *,
    typed: bool = False,
) -> Any:
    sections = [one for one, _questions in pack.form.asked(found.answers)]
    place = [one.key for one in sections].index(section.key)
    sectors = pack.form.sectors(found.answers)
    questions = [q for q in section.questions if not q.sectors or set(q.sectors) & set(sectors)]

    def rows_of(question: Question) -> list[dict[str, Any]]:
        if typed:
            return rows_in(form.values, question.key)
        return _shown_rows(question, found.answers.get(question.key))

    return page(
        request, "applications/section.html", status=422 if form.errors else 200,
        application=found, pack=pack,
        section=section, form=form, questions=questions, place=place + 1, places=len(sections),
        rows_of=rows_of, files_of=lambda key: [f for f in found.files if f.question == key
                                               and str(f.id) in (found.answers.get(key) or [])],
        following=sections[place + 1] if place + 1 < len(sections) else None,
        asked_now={q.key for q in questions if q.asked(found.answers, sectors)},
    )  # fmt: skip


def _shown_rows(question: Question, rows: Any) -> list[dict[str, Any]]:
    """A stored table as its fields show it."""
    money = {c.key for c in question.columns if QuestionKind(c.kind) is QuestionKind.MONEY}
    return [
        {
            key: f"{value / 100:.2f}" if key in money and isinstance(value, int) else value
            for key, value in row.items()
        }
        for row in (rows or [])
    ]


def _typed(section: Section, values: dict[str, Any]) -> dict[str, Any]:
    """The section's answers out of its posted fields; files are attached apart."""
    return {
        question.key: forms.typed(question, values)
        for question in section.questions
        if question.kind is not QuestionKind.FILE
    }


@post("/applications/{application:uuid}/sections/{key:str}/autosave", permission=APPLY)
async def autosave(request: Asked, application: FromPath[UUID], key: FromPath[str]) -> Any:
    """Keep the section as it stands."""
    _found, _pack, section = await _section(request, application, key)
    values, _files = await read_values(request)
    await commands.save_answers(request.user, application, _typed(section, values))
    return saved()


@post("/applications/{application:uuid}/sections/{key:str}", permission=APPLY)
async def save_section(request: Asked, application: FromPath[UUID], key: FromPath[str]) -> Any:
    """Keep the section and go on; files and rows come and go on the same page."""
    found, pack, section = await _section(request, application, key)
    values, uploads = await read_values(request)
    pressed = press_row_button(values)
    await commands.save_answers(request.user, application, _typed(section, values))
    errors = await _handle_files(request, application, section, values, uploads)
    stay = pressed or bool(errors) or "upload" in values or "remove_file" in values
    found, pack, section = await _section(request, application, key)
    if stay:
        form: Form[Any] = Form(values, errors)
        return _section_page(request, found, pack, section, form, typed=True)
    errors = _section_errors(found, pack, section)
    later = values.get("step") == "later"
    if errors and not later:
        form = Form(values, errors)
        return _section_page(request, found, pack, section, form, typed=True)
    return redirect(request, _onward(found, pack, section, later=later))


def _section_errors(found: queries.Mine, pack: Pack, section: Section) -> dict[str, str]:
    """What is still wrong with the section's answers."""
    asked = next(questions for one, questions in pack.form.asked(found.answers)
                 if one.key == section.key)  # fmt: skip
    problems = ((q.key, forms.problem(q, found.answers.get(q.key), pack)) for q in asked)
    return {key: words for key, words in problems if words}


def _onward(found: queries.Mine, pack: Pack, section: Section, *, later: bool) -> str:
    base = f"/applications/{found.id}"
    if later:
        return base
    keys = [one.key for one, _questions in pack.form.asked(found.answers)]
    place = keys.index(section.key) + 1
    return f"{base}/sections/{keys[place]}" if place < len(keys) else f"{base}/check"


async def _handle_files(
    request: Asked, application_id: UUID, section: Section, values: dict[str, Any], uploads: Any
) -> dict[str, str]:
    """Attach what was sent and remove what was pressed; what is wrong, by question."""
    errors: dict[str, str] = {}
    for question in section.questions:
        upload = uploads.get(question.key)
        if question.kind is QuestionKind.FILE and upload is not None:
            try:
                checked = await files.accept_upload(upload, question.key)
                await commands.attach(request.user, application_id, question.key, checked)
            except InvalidInput as error:
                errors |= error.errors
    if values.get("remove_file"):
        attachment = identity(values["remove_file"])
        if attachment is None:
            raise NotFound
        await commands.detach(request.user, application_id, attachment)
    return errors


# Check and submit --------------------------------------------------------------------------


@get("/applications/{application:uuid}/check", permission=APPLY)
async def check(request: Asked, application: FromPath[UUID]) -> Any:
    """Check your answers: everything on one page, and what is still open."""
    return await _check_page(request, application, Form({}))


async def _check_page(
    request: Asked, application_id: UUID, form: Form[Any], status: int = 200
) -> Any:
    found = await queries.one(request.user, application_id)
    pack = library.pack_of(found.pack_version)
    open_ = forms.problems(pack, found.answers)
    where = {q.key: section.key for section in pack.form.sections for q in section.questions}
    names = {q.key: str(q.label) for q in pack.form.questions()}
    return page(
        request, "applications/check.html", status=status, application=found, pack=pack,
        form=form, sections=queries.in_words(found),
        open_questions=[(where[key], key, names[key], words) for key, words in open_.items()],
    )  # fmt: skip


@post("/applications/{application:uuid}/submit", permission=APPLY)
async def submit(request: Asked, application: FromPath[UUID]) -> Any:
    """Submit."""
    try:
        await commands.submit(request.user, application)
    except RuleBroken as error:
        return await _check_page(request, application, Form({}, {"_": error.message}), 409)
    return redirect(request, f"/applications/{application}/submitted")


@get("/applications/{application:uuid}/submitted", permission=APPLY)
async def submitted(request: Asked, application: FromPath[UUID]) -> Any:
    """It is in: the reference, and what happens next."""
    found = await queries.one(request.user, application)
    if found.submitted_at is None:
        return redirect(request, f"/applications/{application}")
    pack = library.pack_of(found.pack_version)
    return page(request, "applications/submitted.html", application=found, pack=pack)


@get("/applications/{application:uuid}/answers", permission=APPLY)
async def show_answers(request: Asked, application: FromPath[UUID]) -> Any:
    """Everything that was answered, to read or to print."""
    found = await queries.one(request.user, application)
    return page(
        request, "applications/answers.html", application=found,
        pack=library.pack_of(found.pack_version), sections=queries.in_words(found),
    )  # fmt: skip


@post("/applications/{application:uuid}/questions/{question:uuid}", permission=APPLY)
async def answer(request: Asked, application: FromPath[UUID], question: FromPath[UUID]) -> Any:
    """Answer what the authority asked."""
    values, _files = await read_values(request)
    found = await queries.one(request.user, application)
    if question not in {one.id for one in found.questions}:
        raise NotFound
    try:
        await commands.answer_clarification(
            request.user, question, str(values.get(f"answer_{question}") or "")
        )
    except InvalidInput as error:
        form: Form[Any] = Form(values, {f"answer_{question}": error.errors["answer"]})
        return await _status_page(request, found, form)
    flash(request, "success", _("Your answer has been sent."))
    return redirect(request, f"/applications/{application}")


@get("/applications/{application:uuid}/withdraw", permission=APPLY)
async def withdraw_form(request: Asked, application: FromPath[UUID]) -> Any:
    """Are you sure?"""
    found = await queries.one(request.user, application)
    return page(request, "applications/withdraw.html", application=found)


@post("/applications/{application:uuid}/withdraw", permission=APPLY)
async def withdraw(request: Asked, application: FromPath[UUID]) -> Any:
    """Withdraw."""
    await commands.withdraw(request.user, application)
    flash(request, "success", _("The application is withdrawn."))
    return redirect(request, "/applications")


@post("/applications/{application:uuid}/reopen", permission=APPLY)
async def reopen(request: Asked, application: FromPath[UUID]) -> Any:
    """Open a lapsed draft again."""
    await commands.reopen(request.user, application)
    flash(request, "success", _("The draft is open again, with all its answers."))
    return redirect(request, f"/applications/{application}")


NAVIGATION = [NavigationLink("/applications", N_("Applications"), APPLY, place=10)]

ROUTES = [
    show_list, new, start, show, show_section, autosave, save_section, check, submit,
    submitted, show_answers, answer, withdraw_form, withdraw, reopen,
]  # fmt: skip
