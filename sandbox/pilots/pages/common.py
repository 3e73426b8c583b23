"""What the pages of a pilot share: its head, and a form that came back."""

from typing import Any
from uuid import UUID

from litestar import Request

from sandbox.foundation.web.forms import Form
from sandbox.foundation.web.pages import page
from sandbox.people.person import Person
from sandbox.pilots import queries

Asked = Request[Person, Any, Any]


async def pilot_page(
    request: Asked, pilot_id: UUID, template: str, form: Form[Any] | None = None, **context: Any
) -> Any:
    """A page of one pilot; with errors in ``form`` it is the page that refused (422)."""
    pilot = await queries.head(request.user, pilot_id)
    return of_head(request, pilot, template, form, **context)


def of_head(
    request: Asked, pilot: queries.Head, template: str, form: Form[Any] | None = None,
    **context: Any,
) -> Any:  # fmt: skip
    """:func:`pilot_page` for a head that was read already."""
    form = form or Form({})
    return page(
        request, f"pilots/{template}.html", status=422 if form.errors else 200, pilot=pilot,
        pack=pilot.pack, form=form, **context,
    )  # fmt: skip
