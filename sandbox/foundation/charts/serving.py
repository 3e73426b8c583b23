"""A chart at an address of its own, for an ``<img>`` or a download."""

from __future__ import annotations

import base64
from functools import cache

from litestar import Response

from sandbox.foundation.charts.parts import Chart
from sandbox.foundation.web.assets import BUILD, asset

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; sandbox"


def response(chart: Chart) -> Response[bytes]:
    """The SVG as a file: it brings its font, as it sees no page's."""
    head, rest = chart.svg.split(">", 1)
    whole = f"{head}><style>{_style()}</style>{rest}"
    return Response(
        whole.encode(),
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": _POLICY},
    )


@cache
def _style() -> str:
    return "".join(_face(weight) for weight in (400, 600))


def _face(weight: int) -> str:
    path = BUILD / asset(f"inter-{weight}-latin.woff2").rsplit("/", 1)[-1]
    if not path.exists():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    source = f"url(data:font/woff2;base64,{data})"
    return f"@font-face{{font-family:Inter;font-weight:{weight};src:{source}}}"
