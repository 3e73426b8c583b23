"""A metric over time: drawn, explored, taken away."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from sandbox.foundation import charts
from sandbox.foundation.i18n import N_, _
from sandbox.foundation.typed import decimal
from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import page, wants_part
from sandbox.foundation.web.tables import csv_response
from sandbox.people.person import Person
from sandbox.pilots import nearest
from sandbox.pilots import queries as pilots
from sandbox.pilots.rules import TESTING
from sandbox.pilots.tables import Metric
from sandbox.telemetry import document
from sandbox.telemetry import metric_drawing as drawing
from sandbox.telemetry import metric_queries as queries
from sandbox.telemetry.metric_queries import Figure, Held
from sandbox.telemetry.pages import living
from sandbox.telemetry.policy import READ_PILOTS
from sandbox.telemetry.rules import courses
from sandbox.telemetry.rules.courses import Level, View
from sandbox.telemetry.rules.slices import part_name

Asked = Request[Person, Any, Any]
WINDOWS = {
    "day": N_("Last day"), "week": N_("Last week"), "month": N_("Last 30 days"),
    "year": N_("Last year"), "all": N_("All"),
}  # fmt: skip
_LEVELS = {
    Level.POINT: N_("Every figure as it came, at the end of the time that it is for."),
    Level.HOUR: N_("Each mark is the mean of an hour, at its start; the ribbon reaches from the "
                   "hour’s lowest figure to its highest."),
    Level.DAY: N_("Each mark is the mean of a day; the ribbon reaches from the day’s lowest figure "
                  "to its highest."),
}  # fmt: skip
_LONGEST = timedelta(days=36_500)


class Shown(msgspec.Struct, kw_only=True):
    """What a request asks to see of a metric."""

    pilot: pilots.Head
    metric: Metric
    held: list[Held]
    view: View
    slices: list[str]
    form: Form[Any]

    @property
    def series(self) -> list[Held]:
        """The series of the chosen slices."""
        return [one for one in self.held if one.slice in self.slices]


async def _shown(request: Asked, pilot_id: UUID, key: str) -> Shown:
    pilot = await pilots.head(request.user, pilot_id)
    metric = await queries.metric_of(pilot, key)
    held = await queries.held(pilot.id, key)
    query = request.query_params
    slices = courses.chosen([one.slice for one in held], query.getall("slice", []))
    view, form = _view(request, pilot, held)
    return Shown(pilot=pilot, metric=metric, held=held, view=view, slices=slices, form=form)


def _view(request: Asked, pilot: pilots.Head, held: Sequence[Held]) -> tuple[View, Form[Any]]:
    """The time that is asked for: moments (zooming), days (typed), or a window by its name."""
    query = request.query_params
    last = queries.last_moment(pilot, held)
    oldest = min([one.oldest for one in held if one.oldest] + [_begin(pilot, last)])
    since, until = _moment(query.get("since")), _moment(query.get("until"))
    if since and until and timedelta() < until - since < _LONGEST:
        return View(since=since, until=until, name="zoom"), Form({})
    typed = {name: query.get(name, "").strip()[:20] for name in ("from", "to")}
    if any(typed.values()):
        view, errors = _days(typed, oldest, last, pilot)
        if view is not None:
            return view, Form(typed)
        return courses.named("month", first=oldest, last=last), Form(typed, errors)
    name = query.get("window", "month")
    return courses.named(name, first=oldest, last=last), Form({})


def _begin(pilot: pilots.Head, last: datetime) -> datetime:
    """The first moment of testing; of a pilot that never went live, ``last``."""
    if pilot.starts_on is None:
        return last
    return datetime.combine(pilot.starts_on, time(), pilot.pack.jurisdiction.zone)


def _moment(text: str | None) -> datetime | None:
    seconds = decimal(text) if text else None
    if seconds is None or not 0 <= seconds < 4e9:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _days(
    typed: dict[str, str], oldest: datetime, last: datetime, pilot: pilots.Head
) -> tuple[View | None, dict[str, str]]:
    zone = pilot.pack.jurisdiction.zone
    days: dict[str, date] = {"from": oldest.astimezone(zone).date(),
                             "to": last.astimezone(zone).date()}  # fmt: skip
    errors = {}
    for name, text in typed.items():
        try:
            days[name] = date.fromisoformat(text) if text else days[name]
        except ValueError:
            errors[name] = _("Enter a date, such as 2026-11-23")
        if not 1970 <= days[name].year <= 2200:
            errors[name] = _("Enter a date, such as 2026-11-23")
    if not errors and days["from"] > days["to"]:
        errors["to"] = _("The last day lies before the first")
    return (None if errors else courses.between(days["from"], days["to"], zone)), errors


# The page ------------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/metrics/{metric:str}", permission=READ_PILOTS)
async def show(request: Asked, pilot: FromPath[UUID], metric: FromPath[str]) -> Any:
    """A metric with its limits and what happened; asked again (``seen``), only what is new."""
    if (same := await living.unchanged(request, pilot)) is not None:
        return same
    asked = await _shown(request, pilot, metric)
    figures = await queries.figures(asked.series, asked.view, asked.pilot)
    sheet = await queries.sheet(asked.pilot, asked.metric, asked.held, figures)
    comes = asked.pilot.state in TESTING and asked.view.name in WINDOWS
    return page(
        request, "telemetry/metric.html", status=422 if asked.form.errors else 200,
        block=["figures", "happened"], part=wants_part(request),
        pilot=asked.pilot, pack=asked.pilot.pack, form=asked.form, sheet=sheet,
        metric=asked.metric, view=asked.view, windows=[(key, _(WINDOWS[key])) for key in WINDOWS],
        slices=asked.slices, part_name=part_name, chart=drawing.chart(asked.pilot, sheet),
        level_words=_(_LEVELS[figures.level]), comes=comes,
        happenings=drawing.happenings(asked.pilot, sheet),
        live=comes and not living.paused(request),
        nearest=await nearest.of_conditions(asked.pilot, list(sheet.conditions.values())),
        newest=max((one.newest for one in asked.held if one.newest), default=None),
    )  # fmt: skip


# To take away --------------------------------------------------------------------------------


@get("/pilots/{pilot:uuid}/metrics/{metric:str}/figures.csv", permission=READ_PILOTS)
async def download(request: Asked, pilot: FromPath[UUID], metric: FromPath[str]) -> Response[str]:
    """The figures behind the drawing, each of them."""
    asked = await _shown(request, pilot, metric)
    figures = await queries.figures(asked.series, asked.view, asked.pilot)
    name = f"{asked.pilot.reference}-{asked.metric.key}"
    return csv_response(name, document.COLUMNS, document.rows_of(asked.metric.key, figures))


@get("/pilots/{pilot:uuid}/metrics/{metric:str}/chart.svg", permission=READ_PILOTS)
async def download_drawing(
    request: Asked, pilot: FromPath[UUID], metric: FromPath[str]
) -> Response[bytes]:
    """The drawing as a file, for a letter or a slide."""
    asked = await _shown(request, pilot, metric)
    figures = await queries.figures(asked.series, asked.view, asked.pilot)
    sheet = await queries.sheet(asked.pilot, asked.metric, asked.held, figures)
    chart = drawing.chart(asked.pilot, sheet) or charts.series(asked.metric.name, [])
    answer = charts.response(chart)
    name = f"{asked.pilot.reference}-{asked.metric.key}.svg"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@get("/pilots/{pilot:uuid}/metrics/{metric:str}/figures.json", permission=READ_PILOTS)
async def data(request: Asked, pilot: FromPath[UUID], metric: FromPath[str]) -> Response[bytes]:
    """The same figures and marks for the page's own script, in columns over one row of times."""
    asked = await _shown(request, pilot, metric)
    figures = await queries.figures(asked.series, asked.view, asked.pilot)
    sheet = await queries.sheet(asked.pilot, asked.metric, asked.held, figures)
    moments = sorted({one.at for line in figures.lines.values() for one in line})
    unit = asked.pilot.pack.unit_symbol(asked.metric.unit)
    body = {
        "since": figures.view.since.timestamp(),
        "until": figures.view.until.timestamp(),
        "unit": unit,
        "words": _(_LEVELS[figures.level]),
        "at": [at.timestamp() for at in moments],
        "lines": [
            {"label": part_name(key) or _("All"), **_columns(line, moments)}
            for key, line in figures.lines.items() if line
        ],
        "limits": [
            {"label": charts.limit_words(charts.Limit(one.threshold.limit,
                                                      at_most=one.threshold.at_most), unit),
             "value": one.threshold.limit, "since": one.since.timestamp(),
             "until": one.until.timestamp()}
            for one in sheet.drawn_limits
        ],
        "lanes": [
            {"colour": lane.colour, "shaded": lane.shaded,
             "marks": [[one.since.timestamp(), (one.until or one.since).timestamp(),
                        f"{_(drawing.KINDS[kind][1])} {one.words}".strip()] for one in lane.marks]}
            for kind, lane in drawing.lanes(asked.pilot, sheet).items()
        ],
    }  # fmt: skip
    return Response(msgspec.json.encode(body), media_type="application/json")


def _columns(line: Sequence[Figure], moments: Sequence[datetime]) -> dict[str, list[float | None]]:
    by_time = {one.at: one for one in line}
    found = [by_time.get(at) for at in moments]
    return {
        name: [None if one is None else getattr(one, name) for one in found]
        for name in ("mean", "lowest", "highest")
    }


ROUTES = [show, download, download_drawing, data]
