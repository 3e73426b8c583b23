"""What anyone may read of the framework, and the self-check before an account is needed."""

from typing import Any

from litestar import Request, Response, get, post

from sandbox.foundation.i18n import N_, _, current_language, today
from sandbox.foundation.policy import PUBLIC
from sandbox.foundation.web.forms import Form, read_values
from sandbox.foundation.web.pages import NavigationLink, page
from sandbox.framework import library, queries, words
from sandbox.framework.pack import Pack
from sandbox.people.person import Person

Asked = Request[Person, Any, Any]

PARTS = (
    ("", N_("Overview")),
    ("/criteria", N_("Criteria")),
    ("/clocks", N_("Time limits")),
    ("/conditions", N_("Conditions")),
    ("/metrics", N_("Metrics")),
    ("/incidents", N_("Incidents")),
)


def _page(request: Asked, name: str, **context: Any) -> Any:
    """A page on the pack that the address asks for: the one in force, or an older version."""
    version = request.query_params.get("version", "")
    pack: Pack = context.pop("chosen", None) or queries.chosen_pack(version)
    return page(
        request, f"framework/{name}.html", pack=pack, version=version,
        parts=[(f"/framework{path}", label) for path, label in PARTS],
        in_force=pack.version == library.current().version,
        words=words, say_limit=words.limit_in_words, **context,
    )  # fmt: skip


@get("/framework", permission=PUBLIC, sync_to_thread=False)
def overview(request: Asked) -> Any:
    """Principles, sectors and authorities, and the versions there are."""
    pack = queries.chosen_pack(request.query_params.get("version", ""))
    return _page(
        request, "overview", chosen=pack, leads=queries.sector_leads(pack),
        versions=library.versions(),
    )  # fmt: skip


@get("/framework/criteria", permission=PUBLIC, sync_to_thread=False)
def criteria(request: Asked) -> Any:
    """How an application is judged, and the reasons a decision may give."""
    return _page(request, "criteria")


@get("/framework/clocks", permission=PUBLIC, sync_to_thread=False)
def clocks(request: Asked) -> Any:
    """By when who must have acted, and the holidays that working days leave out."""
    pack = queries.chosen_pack(request.query_params.get("version", ""))
    years = queries.holiday_years(pack, current_language(), today().year)
    return _page(request, "clocks", chosen=pack, holiday_years=years)


@get("/framework/conditions", permission=PUBLIC, sync_to_thread=False)
def conditions(request: Asked) -> Any:
    """The library of conditions, by sector, kind and words."""
    asked = request.query_params
    chosen = {name: asked.get(name, "").strip() for name in queries.Filters.__struct_fields__}
    pack = queries.chosen_pack(asked.get("version", ""))
    return _page(
        request, "conditions", chosen=pack, block="results", filters=Form(chosen),
        conditions=queries.find_conditions(pack, queries.Filters(**chosen)),
        kinds=[(kind.value, _(name)) for kind, name in words.CONDITION_KIND_NAMES.items()],
        sectors=[(sector.key, str(sector.name)) for sector in pack.sectors],
    )  # fmt: skip


@get("/framework/metrics", permission=PUBLIC, sync_to_thread=False)
def metrics(request: Asked) -> Any:
    """What pilots measure."""
    return _page(request, "metrics")


@get("/framework/incidents", permission=PUBLIC, sync_to_thread=False)
def incidents(request: Asked) -> Any:
    """How grave is how grave, and who is told by when."""
    return _page(request, "incidents")


@get("/framework/pack.json", permission=PUBLIC, sync_to_thread=False, include_in_schema=False)
def pack_data(request: Asked) -> Response[bytes]:
    """The pack for machines."""
    pack = queries.chosen_pack(request.query_params.get("version", ""))
    name = f"{pack.name}-{pack.version}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(queries.as_data(pack), media_type="application/json", headers=headers)


@get("/check", permission=PUBLIC, sync_to_thread=False)
def self_check(request: Asked) -> Any:
    """Ask what decides whether the sandbox is for somebody."""
    return _check_page(request, Form())


def _check_page(request: Asked, form: Form[Any], status: int = 200) -> Any:
    return page(request, "framework/check.html", status=status, form=form, pack=library.current())


@post("/check", permission=PUBLIC, status_code=200)
async def advise(request: Asked) -> Any:
    """Say "apply", "ask us" or "not needed because"; nothing is kept."""
    pack = library.current()
    values, _files = await read_values(request)
    form: Form[Any] = Form(values)
    if "change" in values:
        return _check_page(request, form)
    questions = pack.self_check.questions
    answers = queries.answers_to(questions, values)
    form.errors.update(dict.fromkeys(queries.unanswered(questions, answers), _("Choose an answer")))
    if not form.valid:
        return _check_page(request, form, status=422)
    return page(
        request, "framework/advice.html", pack=pack, answers=answers, given=values,
        outcome=pack.self_check.outcome_of(answers),
        office=queries.office_for(pack, answers),
    )  # fmt: skip


NAVIGATION = [NavigationLink("/framework", N_("Framework"), PUBLIC, place=75)]

ROUTES = [
    overview, criteria, clocks, conditions, metrics, incidents, pack_data, self_check, advise,
]  # fmt: skip
