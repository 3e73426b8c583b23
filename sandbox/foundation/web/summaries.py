"""The lines of an error summary, each with the name of its question.

“Choose an answer”, six times, tells nobody where. The summary stands above the fields and
cannot know their labels when it is written, so each line takes its name from the page itself
when the page is whole: the label, or for choices and rows the legend, that a person sees.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

MARK = "data-error-of"
_LINE = re.compile(rf'(<a [^>]*{MARK}="([^"]+)"[^>]*>)')


def name_lines(html: str) -> str:
    """``html`` with the question's name in front of each line of its error summary."""
    if MARK not in html:
        return html
    reader = _Reader()
    reader.feed(html)

    def named(line: re.Match[str]) -> str:
        name = reader.name_of(line[2])
        mark = "" if not name or name.endswith("?") else ":"
        return line[1] + escape(f"{name}{mark} ".lstrip())

    return _LINE.sub(named, html)


class _Fieldset:
    """A fieldset that is being read, or was."""

    def __init__(self, identity: str) -> None:
        self.identity, self.legend, self.first = identity, "", ""


class _Reader(HTMLParser):
    """Reads the labels and legends of a page."""

    def __init__(self) -> None:
        super().__init__()
        self._labels: dict[str, str] = {}
        self._legends: dict[str, _Fieldset] = {}
        self._around: dict[str, _Fieldset] = {}
        self._open: list[_Fieldset] = []
        self._text: list[str] | None = None
        self._of = ""

    def name_of(self, identity: str) -> str:
        """What the field with this id is called, as a person reads it."""
        if identity in self._legends:
            return self._legends[identity].legend
        around = self._around.get(identity)
        is_question = around is not None and around.first == identity
        return (around.legend if around and is_question else "") or self._labels.get(identity, "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        identity = held.get("id", "")
        if tag == "fieldset":
            self._open.append(_Fieldset(identity))
            self._legends |= {identity: self._open[-1]} if identity else {}
        elif tag in {"label", "legend"}:
            self._text, self._of = [], held.get("for", "")
        elif held.get("type") in {"radio", "checkbox"} and identity and self._open:
            self._around[identity] = self._open[-1]
            self._open[-1].first = self._open[-1].first or identity

    def handle_endtag(self, tag: str) -> None:
        if tag == "fieldset" and self._open:
            self._open.pop()
        elif tag in {"label", "legend"} and self._text is not None:
            words = " ".join("".join(self._text).split())
            if tag == "label":
                self._labels[self._of] = words
            elif self._open:
                self._open[-1].legend = words
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)
