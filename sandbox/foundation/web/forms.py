"""Form input: what a person typed becomes a typed struct, or comes back with the errors.

Nothing typed is ever lost: :class:`Form` keeps the raw words for the page to show again.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from litestar.connection import Request
from litestar.datastructures import UploadFile

from sandbox.foundation.errors import InvalidInput
from sandbox.foundation.i18n import _
from sandbox.foundation.typed import whole

Input = TypeVar("Input", bound=msgspec.Struct)
Values = dict[str, Any]


class Form(Generic[Input]):
    """What was typed (``values``), what is wrong with it (``errors``), what it means (``data``).

    ``data`` may be read only when there are no errors.
    """

    def __init__(
        self,
        values: Values | None = None,
        errors: dict[str, str] | None = None,
        data: Input | None = None,
        files: dict[str, UploadFile] | None = None,
    ) -> None:
        self.values: Values = values or {}
        self.errors: dict[str, str] = errors or {}
        self.files = files or {}
        self._data = data

    @property
    def data(self) -> Input:
        """The typed input.

        :raises InvalidInput: when there are errors.
        """
        if self.errors or self._data is None:
            raise InvalidInput(self.errors)
        return self._data

    @property
    def valid(self) -> bool:
        """Whether the input can be used."""
        return not self.errors

    def refuse(self, error: InvalidInput) -> None:
        """Take over the errors that a command found."""
        self.errors.update(error.errors)

    def get(self, name: str, default: Any = "") -> Any:
        """What was typed into ``name``."""
        return self.values.get(name, default)


async def read_values(request: Request[Any, Any, Any]) -> tuple[Values, dict[str, UploadFile]]:
    """The raw fields of a posted form: trimmed text, a list where a field came several times."""
    values: Values = {}
    files: dict[str, UploadFile] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                files[name] = value
        elif name in values:
            held = values[name]
            values[name] = [*(held if isinstance(held, list) else [held]), value.strip()]
        elif not name.startswith("_"):
            values[name] = value.strip().replace("\r\n", "\n").replace("\0", "")
    return values, files


async def read_form(request: Request[Any, Any, Any], kind: type[Input]) -> Form[Input]:
    """Read a posted form as ``kind``; every field that cannot be used has its own error."""
    values, files = await read_values(request)
    return parse(values, kind, files)


def parse(
    values: Values, kind: type[Input], files: dict[str, UploadFile] | None = None
) -> Form[Input]:
    """Convert raw ``values`` to ``kind``, field by field.

    A field's own words for its error stand in its ``Meta(extra={"error": N_("…")})``.
    """
    hints = get_type_hints(kind, include_extras=True)
    known: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in msgspec.structs.fields(kind):
        raw = _raw(values, field.encode_name, hints[field.name])
        if raw is None:
            if field.required:
                errors[field.encode_name] = _words(hints[field.name], _("Fill this in"))
            continue
        try:
            known[field.name] = msgspec.convert(raw, hints[field.name], strict=False)
        except msgspec.ValidationError as error:
            errors[field.encode_name] = _words(hints[field.name], _explain(str(error)))
    return Form(values, errors, None if errors else kind(**known), files)


def _raw(values: Values, name: str, hint: Any) -> Any:
    """The value to convert; ``None`` where nothing was typed."""
    value = values.get(name)
    if _is_many(hint):
        many = value if isinstance(value, list) else [value] if value else []
        return [item for item in many if item]
    if isinstance(value, list):
        value = value[-1]
    return value or None


def rows_in(values: Values, name: str) -> list[dict[str, Any]]:
    """The rows typed into the ``rows_field`` called ``name``, in order, empty ones too."""
    rows: dict[int, dict[str, Any]] = {}
    for key, value in values.items():
        field, _dot, rest = key.partition(".")
        row, _dot, column = rest.partition(".")
        number = whole(row)
        if field == name and number is not None and column:
            rows.setdefault(number, {})[column] = value
    return [rows[number] for number in sorted(rows)]


def press_row_button(values: Values) -> str:
    """Carry out "Add another" or "Remove" of a ``rows_field`` in ``values``.

    Returns the field's name, or nothing when neither was pressed. The page is then shown
    again with what is in ``values``.
    """
    if added := str(values.pop("add_row", "")):
        rows = rows_in(values, added)
        columns = rows[0] if rows else {}
        _write_rows(values, added, [*rows, dict.fromkeys(columns, "")])
        return added
    name, _dot, number = str(values.pop("remove_row", "")).partition(".")
    if name:
        held = enumerate(rows_in(values, name))
        _write_rows(values, name, [row for at, row in held if str(at) != number])
    return name


def _write_rows(values: Values, name: str, rows: list[dict[str, Any]]) -> None:
    for key in [key for key in values if key.startswith(f"{name}.")]:
        del values[key]
    for number, row in enumerate(rows):
        values.update({f"{name}.{number}.{column}": value for column, value in row.items()})


def _is_many(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _is_many(get_args(hint)[0])
    return get_origin(hint) in {list, tuple, frozenset, set}


def _words(hint: Any, otherwise: str) -> str:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, msgspec.Meta) and extra.extra and "error" in extra.extra:
            return _(extra.extra["error"])
    return otherwise


def _explain(error: str) -> str:
    """msgspec's message in words for people."""
    if "length" in error:
        return _("This is too long or too short")
    if "`int`" in error or "`float`" in error or "`decimal`" in error:
        return _("Enter a number")
    if "date" in error:
        return _("Enter a date, such as 23 11 2026")
    if "enum" in error.lower():
        return _("Choose one of the options")
    return _("This cannot be used: check it")
