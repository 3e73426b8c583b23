"""Check the templates for what djlint does not know.

Each one compiles; none holds an inline script, style or event handler, which the site's
Content-Security-Policy would stop; none loads anything from elsewhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError

TEMPLATES = Path("templates")
FORBIDDEN = {
    r"<script(?![^>]*\bsrc=)[^>]*>": "an inline script",
    r"<style\b": "an inline style sheet",
    r"\sstyle\s*=": "a style attribute",
    r"\son[a-z]+\s*=\s*[\"']": "an inline event handler",
    r"javascript:": "a javascript: address",
    r"(?:src|srcset)=[\"']https?://": "something loaded from elsewhere",
}

environment = Environment(
    extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True
)


def faults(path: Path) -> list[str]:
    """What is wrong with the template, one line a fault."""
    text = path.read_text()
    found = []
    try:
        environment.parse(text, filename=str(path))
    except TemplateSyntaxError as error:
        found.append(f"{path}:{error.lineno}: {error.message}")
    if path.suffix == ".html":
        found += [
            f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {fault}: {match[0].strip()}"
            for pattern, fault in FORBIDDEN.items()
            for match in re.finditer(pattern, text)
        ]
    return found


def main() -> int:
    """Check every template; the number of faults is what fails."""
    found = [
        fault for path in sorted(TEMPLATES.rglob("*")) if path.is_file() for fault in faults(path)
    ]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
