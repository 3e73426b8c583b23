"""A chart at an address of its own, for an ``<img>`` or a download."""

from __future__ import annotations

import base64
from functools import cache

from litestar import Response

from sandbox.foundation.charts.parts import Chart
from sandbox.foundation.web.assets import BUILD, asset

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; sandbox"
_DARK = {
    "ink": "#e6ebf4", "muted": "#b3bfd1", "line": "#2b3956", "ground": "#131d33",
    "navy": "#a5c4ff", "blue": "#6ba1ff", "sky": "#35529c", "green": "#4ade80",
    "amber": "#fbbf24", "red": "#fda4af", "grey": "#8795ad", "pale": "#52617d",
    "slate": "#cbd5e1", "purple": "#cfc2fd", "rose": "#9f1239", "sand": "#a16207",
}  # fmt: skip


def response(chart: Chart) -> Response[bytes]:
    """The SVG as a file: it brings its font and its dark colours, as it sees no page's."""
    head, rest = chart.svg.split(">", 1)
    whole = f"{head}><style>{_style()}</style>{rest}"
    return Response(
        whole.encode(),
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": _POLICY},
    )


@cache
def _style() -> str:
    dark = "".join(
        f".c-{name}{{fill:{colour}}}.s-{name}{{stroke:{colour}}}" for name, colour in _DARK.items()
    )
    faces = "".join(_face(weight) for weight in (400, 600))
    return f"{faces}@media (prefers-color-scheme: dark){{{dark}}}"


def _face(weight: int) -> str:
    path = BUILD / asset(f"inter-{weight}-latin.woff2").rsplit("/", 1)[-1]
    if not path.exists():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    source = f"url(data:font/woff2;base64,{data})"
    return f"@font-face{{font-family:Inter;font-weight:{weight};src:{source}}}"
