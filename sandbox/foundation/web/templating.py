"""The template environment: what every template can use without importing it.

Macros are environment globals, because a block rendered on its own (an HTMX fragment)
does not see what its template imports at the top. The GOV.UK macros lean on missing
values being quietly empty, so they live in an environment of their own; in ours, a
name that does not exist is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import (
    ChainableUndefined,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
)
from jinja2.runtime import Context
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from markupsafe import Markup

from sandbox.foundation import clock, i18n
from sandbox.foundation.files import LARGEST
from sandbox.foundation.web import states
from sandbox.foundation.web.assets import asset
from sandbox.foundation.web.navigation import set_navigation
from sandbox.settings import settings

__all__ = [
    "TEMPLATES", "asset", "environment", "set_filter", "set_global", "set_navigation",
    "template_config",
]  # fmt: skip

AnyRequest = Request[Any, Any, Any]

TEMPLATES = Path(__file__).parents[3] / "templates"

_GOVUK = (
    "accordion", "back-link", "breadcrumbs", "button", "character-count", "checkboxes",
    "details", "error-message", "error-summary", "fieldset", "file-upload", "hint", "input",
    "inset-text", "label", "notification-banner", "panel", "password-input", "radios", "select",
    "skip-link", "summary-list", "table", "tabs", "tag", "task-list", "textarea",
    "warning-text",
)  # fmt: skip
# In this order: a later one may use those before it.
_COMPONENTS = ("states", "basics", "fields", "lists", "tables", "timeline", "figures", "compound")


@cache
def environment() -> Environment:
    """The one environment of pages, mails and documents."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=_escapes,  # noqa: S701  (off only for the plain text of mails)
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=settings.log_level == "debug",
        bytecode_cache=_compiled(),
    )
    made.policies["ext.i18n.trimmed"] = True  # as the catalogues are collected
    made.install_gettext_callables(i18n._, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(_filters())
    made.globals.update(_globals())
    made.globals.update(_govuk_macros())
    for name in _COMPONENTS:
        if (TEMPLATES / "components" / f"{name}.html").exists():
            made.globals.update(_macros(made, f"components/{name}.html"))
    return made


def _compiled() -> FileSystemBytecodeCache:
    """Compiled templates are kept, so that every start but the first is quick."""
    folder = settings.var / "cache" / "templates"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """What Litestar needs to render with :func:`environment`."""
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment()))


def set_global(name: str, value: Any) -> None:
    """Give every template ``name``: for what the application knows and the foundation does not."""
    environment().globals[name] = value


def set_filter(name: str, function: Any) -> None:
    """Give every template the filter ``name``, as :func:`set_global` gives it a name."""
    environment().filters[name] = function


def _escapes(name: str | None) -> bool:
    """Mails are plain text; everything else is HTML."""
    return name is None or not name.endswith(".txt")


def _macros(where: Environment, template: str) -> dict[str, Any]:
    return {
        name: macro
        for name, macro in vars(where.get_template(template).module).items()
        if not name.startswith("_")
    }


def _govuk_macros() -> dict[str, Any]:
    apart = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_compiled(),
    )
    found: dict[str, Any] = {}
    for name in _GOVUK:
        found.update(_macros(apart, f"govuk_frontend_jinja/components/{name}/macro.html"))
    return {name: macro for name, macro in found.items() if name.startswith("govuk")}


def _filters() -> dict[str, Any]:
    return {
        "date": i18n.format_date,
        "datetime": i18n.format_datetime,
        "time": i18n.format_time,
        "clock": i18n.format_clock,
        "month": i18n.format_month,
        "money": i18n.format_money,
        "number": i18n.format_number,
        "percent": i18n.format_percent,
        "filesize": i18n.format_size,
        "relative_days": i18n.relative_days,
        "time_left": i18n.time_left,
        "listed": i18n.format_list,
        "local": i18n.local,
        "state_word": states.word,
        "paragraphs": paragraphs,
        "numeric_columns": lambda heads: [heads[0], *((head, "number") for head in heads[1:])],
        "pair": lambda part: (part.key, part.name),
        "option": lambda choice: (choice.key, str(choice.label), str(choice.hint or "")),
        "translated_pairs": lambda words: [(str(key), i18n._(word)) for key, word in words.items()],
        "full_stop": lambda text: text if text.endswith((".", "!", "?", "…", ":")) else f"{text}.",
        "iso": lambda moment: moment.isoformat() if moment else "",
    }


def _globals() -> dict[str, Any]:
    return {
        "product_name": "Rintis",
        "languages": i18n.LANGUAGES,
        "language_names": i18n.LANGUAGE_NAMES,
        "language_short": i18n.LANGUAGE_SHORT,
        "current_language": i18n.current_language,
        "currency_symbol": i18n.currency_symbol,
        "pack": None,
        "asset": asset,
        "largest_file": LARGEST,
        "now": clock.now,
        "state_of": states.state,
        "clock_state": states.clock_state,
        "used_share": states.used_share,
        "href": href,
        "with_query": with_query,
        "without_query": without_query,
    }


# Addresses -------------------------------------------------------------------------------


def href(path: str, **query: Any) -> str:
    """``path`` with ``query``; empty values are left out."""
    kept = {name: value for name, value in query.items() if value not in ("", None, [])}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


@pass_context
def with_query(context: Context, request: AnyRequest | None = None, **changes: Any) -> str:
    """This page's address with some of its query replaced; an empty value takes one out.

    A macro does not see the page's context and passes the ``request``.
    """
    asked = request or context["request"]
    return href(asked.url.path, **{**_query(asked), **changes})


def without_query(request: AnyRequest, name: str, value: str) -> str:
    """This page's address without one value of one filter, and from its first page."""
    query = _query(request)
    query[name] = [held for held in query.get(name, []) if held != value]
    return href(request.url.path, **{**query, "after": "", "before": ""})


def _query(request: AnyRequest) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        query.setdefault(name, []).append(value)
    return query


def paragraphs(text: str | Mapping[str, str] | None) -> Markup:
    """Plain text as paragraphs: a blank line parts them, a line break stays one."""
    parts = [part.strip() for part in i18n.local(text).split("\n\n") if part.strip()]
    lines = (Markup("<br>").join(part.split("\n")) for part in parts)
    return Markup("").join(Markup('<p class="govuk-body">{}</p>').format(line) for line in lines)
