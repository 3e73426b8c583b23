"""The packs at hand: the one in force, and every version that a case may have begun under.

A pack is a folder of YAML files, its newest version; older versions are folders of the same
shape in its ``versions/``. To publish a version, copy the files there under the old version's
name, then change ``version``, ``in_force`` and what is new. A version that cases began under is
never edited: they are judged by what was said then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from sandbox.foundation import clock
from sandbox.framework.checks import Source, check
from sandbox.framework.errors import PackError
from sandbox.framework.pack import FIELDS, FILES, Pack
from sandbox.framework.questions import Form, Section
from sandbox.framework.reading import read_file
from sandbox.settings import settings

BUNDLED = Path(__file__).parent / "packs"

_home: ContextVar[Path | None] = ContextVar("pack_home", default=None)


def home() -> Path:
    """The folder of the pack that the settings name: a bundled one, or a path.

    :raises PackError: there is no such folder.
    """
    chosen = _home.get()
    if chosen is not None:
        return chosen
    bundled = BUNDLED / settings.pack
    folder = bundled if "/" not in settings.pack and bundled.is_dir() else Path(settings.pack)
    if not (folder / "pack.yaml").is_file():
        known = ", ".join(sorted(path.name for path in BUNDLED.iterdir() if path.is_dir()))
        raise PackError("PACK", settings.pack, f"Expected a folder with a pack, or one of: {known}")
    return folder.resolve()


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Within this context the pack in ``folder`` is the one in force: for tests."""
    token = _home.set(folder.resolve())
    try:
        yield
    finally:
        _home.reset(token)


def current() -> Pack:
    """The version in force now, for cases that begin; before the first one, the first.

    :raises PackError: the pack cannot be read.
    """
    several = versions()
    moment = clock.now()
    day = moment.astimezone(several[-1].jurisdiction.zone).date()
    in_force = [pack for pack in several if pack.in_force <= day]
    return in_force[-1] if in_force else several[0]


def pack_of(version: str) -> Pack:
    """The pack as it was in ``version``, for a case that began under it.

    :raises PackError: the pack has no such version.
    """
    for pack in versions():
        if pack.version == version:
            return pack
    have = ", ".join(pack.version for pack in versions())
    raise PackError(home().name, f"version {version}", f"Expected one of: {have}")


def versions() -> tuple[Pack, ...]:
    """All versions of the pack, the oldest first.

    :raises PackError: one of them cannot be read, or they do not fit together.
    """
    return _versions(home())


@cache
def _versions(folder: Path) -> tuple[Pack, ...]:
    older = sorted(path for path in (folder / "versions").glob("*") if path.is_dir())
    packs = sorted((load(path) for path in [*older, folder]), key=lambda pack: pack.in_force)
    for field in ("version", "in_force"):
        if len({getattr(pack, field) for pack in packs}) < len(packs):
            raise PackError(folder.name, field, "Expected a different one in each version")
    if len({pack.name for pack in packs}) > 1:
        raise PackError(folder.name, "name", "Expected the same one in each version")
    return tuple(packs)


def load(folder: Path) -> Pack:
    """Read and check the pack in ``folder``.

    :raises PackError: naming file, field and what was expected.
    """
    sources: list[Source] = []
    parts: dict[str, Any] = {}
    for name, shape in FILES.items():
        several = list(_read(folder, name, shape))
        sources += several
        parts[FIELDS.get(name, name)] = _joined(name, several)
    _refuse_strangers(folder)
    try:
        pack = Pack(**parts)
    except TypeError as error:  # pragma: no cover  (FILES and Pack would disagree)
        raise PackError(folder.name, "", str(error)) from error
    check(pack, sources)
    return pack


def _read(folder: Path, name: str, shape: Any) -> Iterator[Source]:
    pages = sorted((folder / name).glob("*.yaml"))
    file = f"{name}.yaml"
    if (folder / file).exists() or not pages:
        yield Source(file, read_file(folder / file, shape))
    for page in pages:
        label = f"{name}/{page.name}"
        yield Source(label, read_file(page, Section if shape is Form else shape, name=label))


def _joined(name: str, sources: list[Source]) -> Any:
    first, *rest = (source.value for source in sources)
    if isinstance(first, Form):
        return msgspec.structs.replace(first, sections=(*first.sections, *rest))
    if isinstance(first, tuple):
        return tuple(part for source in sources for part in source.value)
    if rest:
        raise PackError(f"{name}/", "", f"Expected one file, `{name}.yaml`")
    return first


def _refuse_strangers(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.name != "versions" and not path.name.startswith(".") and path.stem not in FILES:
            expected = ", ".join(f"{name}.yaml" for name in FILES)
            raise PackError(path.name, "", f"Expected only {expected}")
