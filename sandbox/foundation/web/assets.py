"""Built styles, scripts, fonts and images: named by their content, kept by browsers for ever."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from litestar import Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.static_files import create_static_files_router

from sandbox.foundation.policy import PUBLIC

BUILD = Path(__file__).parents[3] / "static" / "build"
_FOREVER = CacheControlHeader(public=True, max_age=31_536_000, immutable=True)


def asset(name: str) -> str:
    """The address of a built file, with its content hash: ``asset("app.css")``."""
    return f"/assets/{_manifest().get(name, name)}"


@cache
def _manifest() -> dict[str, str]:
    path = BUILD / "manifest.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return known


def router() -> Router:
    """Serves them, compressed. Pages are not: they hold secrets beside what a visitor sent,
    and the size of the two together would tell (the BREACH attack)."""
    compression = CompressionConfig(backend="gzip", exclude=r"\.woff2$")
    return create_static_files_router(
        path="/assets",
        directories=[BUILD],
        name="assets",
        opt={"permission": PUBLIC},
        include_in_schema=False,
        cache_control=_FOREVER,
        middleware=[DefineMiddleware(CompressionMiddleware, config=compression)],
    )
