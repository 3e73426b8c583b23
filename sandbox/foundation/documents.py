"""PDF documents from templates: tagged, archival, in our own fonts.

A template is rendered here, where the catalogues are; setting it happens in a process of its
own (:mod:`sandbox.foundation.documents_process`), which knows no secret and cannot take the
worker with it. Nothing here may run in a web process.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import structlog

from sandbox.foundation import clock, i18n
from sandbox.foundation.documents_job import Attached, Job, Limits
from sandbox.foundation.web.assets import BUILD, asset
from sandbox.foundation.web.templating import environment

__all__ = ["Attached", "DocumentFailed", "Limits", "pdf"]

LIMITS = Limits()
LARGEST = 20_000_000
"""Characters of HTML. A cross-sector report has some 100,000."""

_ASSETS = frozenset({".woff2", ".svg"})
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_FILE", "VIRTUAL_ENV")
_ROOT = Path(__file__).parents[2]

log = structlog.get_logger()


class DocumentFailed(Exception):
    """A document could not be set: it took too much, or it is broken."""


async def pdf(
    template: str,
    language: str,
    *,
    attached: Sequence[Attached] = (),
    limits: Limits = LIMITS,
    **context: Any,
) -> bytes:
    """The PDF that ``template`` (in ``documents/`` or a slice's folder) gives in ``language``.

    The template extends ``documents/layout.html``. ``attached`` files lie in the PDF.

    :raises DocumentFailed: it is too large, takes longer or more memory than ``limits``
        allow, or cannot be set.
    """
    with i18n.use(language):
        html = (
            environment()
            .get_template(template)
            .render(language=language, made_at=clock.now(), attached=attached, **context)
        )
    return await set_html(html, attached=attached, limits=limits)


async def set_html(
    html: str, *, attached: Sequence[Attached] = (), limits: Limits = LIMITS
) -> bytes:
    """The PDF of a whole ``html`` document.

    :raises DocumentFailed: as :func:`pdf`.
    """
    if len(html) > LARGEST:
        raise DocumentFailed(f"the document has {len(html)} characters, more than {LARGEST}")
    job = Job(
        html=html, css=_style(), made_at=clock.now(), assets=_assets(),
        attached=list(attached), limits=limits,
    )  # fmt: skip
    return await asyncio.to_thread(_set, msgspec.msgpack.encode(job), limits)


def _set(job: bytes, limits: Limits) -> bytes:
    """Run the process over ``job``; blocks until it ends."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.foundation.documents_process"],
            input=job, capture_output=True, check=False, timeout=limits.seconds + 15,
            cwd=_ROOT, env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise DocumentFailed(f"it took longer than {limits.seconds} seconds") from error
    complaints = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
        raise DocumentFailed(_why(done.returncode, complaints, limits))
    if complaints:
        log.warning("document set with complaints", complaints=complaints[-2000:])
    return done.stdout


def _why(code: int, complaints: str, limits: Limits) -> str:
    if "MemoryError" in complaints:
        return f"it took more than {limits.memory} bytes of memory"
    if code < 0:
        return f"it was stopped by signal {-code}, after at most {limits.seconds} seconds"
    return f"it cannot be set: {complaints[-500:]}"


@cache
def _style() -> str:
    return (BUILD / asset("document.css").rsplit("/", 1)[-1]).read_text()


@cache
def _assets() -> dict[str, str]:
    """Fonts and pictures of the build, by the names that style and templates use."""
    return {path.name: str(path) for path in BUILD.iterdir() if path.suffix in _ASSETS}
