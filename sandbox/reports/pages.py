"""Reports: requested, written, approved, published, downloaded; and the overview."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import FromPath

from sandbox.foundation import files
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.forms import Form, parse, read_values
from sandbox.foundation.web.pages import NavigationLink, flash, page, redirect
from sandbox.framework import library
from sandbox.people.person import Person
from sandbox.reports import blocks, charts, commands, facts, forms, queries, rules
from sandbox.reports.policy import MAKE_REPORTS, SEE_OVERVIEW

Asked = Request[Person, Any, Any]


@get("/overview", permission=SEE_OVERVIEW)
async def overview(request: Asked) -> Any:
    """The sandbox today: what is going on, where, and the one thing to do now."""
    return page(
        request, "reports/overview.html", numbers=await queries.overview(),
        sectors=await queries.by_sector(), reports=(await queries.reports(request.user))[:5],
        may_make=MAKE_REPORTS.allows(request.user),
    )  # fmt: skip


@get("/reports", permission=PUBLIC)
async def show_all(request: Asked) -> Any:
    """Reports, newest first: published ones for everyone, drafts for the centre."""
    return page(
        request, "reports/list.html", reports=await queries.reports(request.user),
        may_make=MAKE_REPORTS.allows(request.user),
    )  # fmt: skip


@get("/reports/new", permission=MAKE_REPORTS)
async def new(request: Asked) -> Any:
    """Ask for the period, the sectors and a title."""
    return page(request, "reports/new.html", form=Form())


@post("/reports/new", permission=MAKE_REPORTS)
async def request_report(request: Asked) -> Any:
    """Hand the report to the worker."""
    values, _files = await read_values(request)
    form = parse(values, forms.ReportRequest)
    title = forms.words_in(values, "title", library.current().languages)
    form.errors.update(
        {f"title_{code}": _("Enter a title") for code, words in title.items() if not words}
    )
    if form.valid:
        try:
            report = await commands.request_report(
                request.user, title=title, first=form.data.first, last=form.data.last,
                sectors=form.data.sectors,
            )  # fmt: skip
            return redirect(request, f"/reports/{report.id}")
        except InvalidInput as error:
            form.refuse(error)
    return page(request, "reports/new.html", status=422, form=form)


@get("/reports/{report:uuid}", permission=PUBLIC)
async def show(request: Asked, report: FromPath[UUID]) -> Any:
    """A report: its progress, its draft on screen, or the published document."""
    return await _report_page(request, report, Form())


async def _report_page(request: Asked, report_id: UUID, form: Form[Any], status: int = 200) -> Any:
    found = await queries.report(request.user, report_id)
    pack = library.current()
    return page(
        request, "reports/show.html", status=status, block="progress", report=found, form=form,
        may_make=MAKE_REPORTS.allows(request.user), sections=pack.reports.sections,
        unwritten=rules.unwritten(found.narrative, pack.languages),
        blocks=blocks.of(found.data, pack) if found.data else {},
        control=facts.of_control(found.data) if found.data else "",
        charts=charts.of(found.data) if found.data else {},
    )  # fmt: skip


@get("/reports/{report:uuid}/charts/{name:str}", permission=PUBLIC)
async def chart(request: Asked, report: FromPath[UUID], name: FromPath[str]) -> Any:
    """One chart of a report, as an image of its own."""
    found = await queries.report(request.user, report)
    drawn = charts.of(found.data).get(name) if found.data else None
    if drawn is None:
        raise NotFound
    return charts.response(drawn)


@get("/reports/{report:uuid}/write", permission=MAKE_REPORTS)
async def write_form(request: Asked, report: FromPath[UUID]) -> Any:
    """The report's own words, beside the sentences that the data set offers."""
    found = await queries.report(request.user, report)
    values = {
        f"{section}_{language}": words
        for language, sections in found.narrative.items()
        for section, words in sections.items()
    }
    values |= {f"title_{language}": words for language, words in found.title.items()}
    return await _write_page(request, report, Form(values))


async def _write_page(request: Asked, report_id: UUID, form: Form[Any], status: int = 200) -> Any:
    found = await queries.report(request.user, report_id)
    pack = library.current()
    return page(
        request, "reports/write.html", status=status, report=found, form=form,
        sections=[s for s in pack.reports.sections if s.written],
        write_in=pack.languages, said=facts.all_of(found.data, pack) if found.data else [],
    )  # fmt: skip


@post("/reports/{report:uuid}/write", permission=MAKE_REPORTS)
async def write(request: Asked, report: FromPath[UUID]) -> Any:
    """Keep what was written."""
    values, _files = await read_values(request)
    pack = library.current()
    sections = [section.key for section in pack.reports.sections if section.written]
    title = forms.words_in(values, "title", pack.languages)
    try:
        await commands.write_narrative(
            request.user, report, forms.narrative_in(values, sections, pack.languages),
            title={code: words for code, words in title.items() if words},
        )  # fmt: skip
    except RuleBroken as error:
        form: Form[Any] = Form(values, {"": error.message})
        return await _write_page(request, report, form, status=409)
    flash(request, "success", _("Kept. Somebody else approves it."))
    return redirect(request, f"/reports/{report}")


_STEPS = {
    "approve": (
        commands.approve_report,
        N_("Approved. The PDFs are being made; then you can publish."),
    ),
    "reopen": (commands.reopen_report, N_("The report is a draft again.")),
    "publish": (commands.publish_report, N_("Published. Everybody can download it now.")),
    "cancel": (commands.cancel_report, N_("The report is given up.")),
    "ask_again": (commands.ask_again, N_("We are trying again.")),
}


@post("/reports/{report:uuid}/{step:str}", permission=MAKE_REPORTS)
async def take_step(request: Asked, report: FromPath[UUID], step: FromPath[str]) -> Any:
    """Approve, reopen, publish, cancel or try again."""
    if step not in _STEPS:
        raise NotFound
    command, words = _STEPS[step]
    try:
        await command(request.user, report)
    except RuleBroken as error:
        return await _report_page(request, report, Form({}, {"": error.message}), error.status)
    flash(request, "success", _(words))
    return redirect(request, "/reports" if step == "cancel" else f"/reports/{report}")


@get("/reports/{report:uuid}/pdf/{language:str}", permission=PUBLIC)
async def download(request: Asked, report: FromPath[UUID], language: FromPath[str]) -> Any:
    """The report as a PDF."""
    return await files.response_for(await queries.file_of(request.user, report, language))


NAVIGATION = [
    NavigationLink("/overview", N_("Overview"), SEE_OVERVIEW, place=10),
    NavigationLink("/reports", N_("Reports"), PUBLIC, place=70),
]

ROUTES = [
    overview, show_all, new, request_report, show, chart, write_form, write, take_step, download,
]  # fmt: skip
