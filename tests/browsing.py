"""A person without scripts, who can only follow the links and send the forms that a page has."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html

from tests.harness import Visitor, words

Files = dict[str, tuple[str, bytes, str]]
_ROW = re.compile(r"(?P<table>\w+)\.\d+\.\w+")


@dataclass
class Control:
    """A field of a form: what it would send, and what it may (``None``: anything)."""

    name: str
    kind: str
    sends: list[str] = field(default_factory=list)
    options: list[str] | None = None


class Form:
    """A form as it stands in a page, with the button that will be pressed."""

    def __init__(self, element: Any, button: Any, path: str) -> None:
        self.method = (element.get("method") or "get").lower()
        action = button.get("formaction") or element.get("action") or ""
        self.action = urljoin(path, action) if action else path
        self.sends_files = element.get("enctype") == "multipart/form-data"
        self.autosave = element.get("data-autosave")
        self.pressed = {button.get("name"): button.get("value", "")} if button.get("name") else {}
        self.controls: dict[str, Control] = {}
        for one in element.iter("input", "textarea", "select"):
            if one.get("name") and not _is_off(one):
                self._take(one)
        rows = element.xpath(".//button[@name='add_row' and not(ancestor::template)]")
        self.tables = {one.get("value") for one in rows}

    def _take(self, one: Any) -> None:
        kind = one.get("type", "text") if one.tag == "input" else one.tag
        control = self.controls.setdefault(one.get("name"), Control(one.get("name"), kind))
        if kind in {"radio", "checkbox"}:
            control.options = [*(control.options or []), one.get("value", "on")]
            if one.get("checked") is not None:
                control.sends.append(one.get("value", "on"))
        elif kind == "select":
            control.options = [option.get("value", "") for option in one.iter("option")]
            chosen = [o for o in one.iter("option") if o.get("selected") is not None]
            control.sends = [o.get("value", "") for o in chosen or list(one.iter("option"))[:1]]
        elif kind not in {"file", "submit", "button"}:
            control.sends = [one.text or "" if kind == "textarea" else one.get("value", "")]

    def data(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What is sent with ``fields`` filled in: each must be there and take its value."""
        for name, value in fields.items():
            assert name in self.controls, f"{self.action} has no field {name}: {[*self.controls]}"
            control = self.controls[name]
            assert control.kind not in {"hidden", "file"}, f"nobody can type into {name}"
            control.sends = [str(one) for one in (value if isinstance(value, list) else [value])]
            if control.options is not None:
                assert set(control.sends) <= set(control.options), (name, value, control.options)
        sent = {one.name: one.sends for one in self.controls.values() if one.sends}
        return {**sent, **self.pressed}


def _is_off(element: Any) -> bool:
    inside = element.xpath("ancestor::template | ancestor::fieldset[@disabled]")
    return bool(inside) or element.get("disabled") is not None


class Browser:
    """Somebody at a page."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.path = "/"
        self.answer = httpx.Response(200)
        self.page: Any = html.fromstring("<html></html>")

    async def go(self, path: str) -> Self:
        """Open a page; it must be there."""
        answer = await self.visitor.get(path, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, words(answer.text)[:800])
        return self._at(answer)

    def _at(self, answer: httpx.Response) -> Self:
        self.answer, self.path = answer, answer.url.raw_path.decode()
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text:
            self.page = html.fromstring(answer.text)
        return self

    async def follow(self, link: str) -> Self:
        """Click a link by its words, or by a part of its address (``/…``)."""
        return await self.go(self.link(link))

    def link(self, link: str) -> str:
        """The address of a link; see :meth:`follow`."""
        for one in self.page.iter("a"):
            href = one.get("href") or ""
            said = " ".join(one.text_content().split())
            if (link.startswith("/") and link in href) or said == link:
                return urljoin(self.path, href)
        raise AssertionError(f"{self.path} has no link {link}")

    def links(self, pattern: str) -> list[str]:
        """The addresses of all links that match, each once."""
        found = [one.get("href") or "" for one in self.page.iter("a")]
        return list(dict.fromkeys(one for one in found if re.fullmatch(pattern, one)))

    def sees(self, *said: str) -> Self:
        """The page says all of it."""
        text = words(self.answer.text)
        for one in said:
            assert one in text, (self.path, one, text[:3000])
        return self

    def form(self, button: str, *, having: set[str] = frozenset()) -> Form:  # type: ignore[assignment]
        """The form with this button; of several the one that has these fields."""
        found = []
        for one in self.page.xpath("//form//button"):
            if " ".join(one.text_content().split()) == button and not _is_off(one):
                (element,) = one.xpath("ancestor::form[1]")
                found.append(Form(element, one, self.path))
        assert found, f"{self.path} has no button “{button}” in a form: {words(self.answer.text)}"
        fitting = [one for one in found if having <= set(one.controls)] or found
        return next((one for one in fitting if having & set(one.pressed.values())), fitting[0])

    async def send(
        self, button: str, fields: dict[str, Any] | None = None, files: Files | None = None
    ) -> httpx.Response:
        """Fill the form with this button in and press it; the answer, whatever it is."""
        fields = fields or {}
        await self._make_rows(button, fields)
        form = self.form(button, having=set(fields) | set(files or {}))
        assert form.method == "post"
        return await self._post(form, form.data(fields), files)

    async def _post(
        self, form: Form, data: dict[str, Any], files: Files | None = None
    ) -> httpx.Response:
        for name in files or {}:
            assert form.sends_files, f"{form.action} cannot send files"
            assert form.controls[name].kind == "file"
        assert data.get("_csrf_token"), f"{form.action} carries no token"
        parts = {"files": files} if files else {}
        answer = await self.visitor.post(form.action, data=data, **parts)
        if answer.has_redirect_location:
            landed = urlsplit(urljoin(form.action, answer.headers["location"]))
            await self.go(landed.path + (f"?{landed.query}" if landed.query else ""))
        else:
            self._at(answer)
        return answer

    async def _make_rows(self, button: str, fields: dict[str, Any]) -> None:
        """Press "Add another" until the tables of the form are as long as what is typed."""
        form = self.form(button, having=set(fields))
        for name in fields:
            row = _ROW.fullmatch(name)
            while row and row["table"] in form.tables and name not in form.controls:
                data = form.data({}) | {"add_row": row["table"]}
                answer = await self._post(form, data)
                assert answer.status_code == 200, (name, answer.status_code)
                form = self.form(button)

    async def press(self, button: str, *, files: Files | None = None, **fields: Any) -> Self:
        """:meth:`send`, and it is taken: the page that follows is there."""
        answer = await self.send(button, fields, files)
        assert answer.status_code in {200, 303}, (
            self.path, button, answer.status_code, words(answer.text)[:3000],
        )  # fmt: skip
        return self

    async def autosaves(self, button: str, **fields: Any) -> str:
        """What the page's script does when something changes; the words that come back."""
        form = self.form(button, having=set(fields))
        assert form.autosave, f"{self.path} does not save by itself"
        answer = await self.visitor.post(form.autosave, data=form.data(fields))
        assert answer.status_code == 200, answer.text
        return words(answer.text)

    async def download(self, path: str) -> bytes:
        """A file that the person may have."""
        answer = await self.visitor.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content
