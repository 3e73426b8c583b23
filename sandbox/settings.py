"""Every knob of the system, typed, read once from the environment.

Nothing else reads ``os.environ``. A value that cannot be used stops the start with one
sentence (:class:`SettingsError`), before anything has been opened.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

_DATABASE_SCHEMES = ("postgresql", "postgres")
_BROKER_SCHEMES = ("redis", "rediss", "amqp", "amqps")
_STORAGE_SCHEMES = ("file", "s3", "gs", "az", "azure")
_SMTP_SCHEMES = ("smtp", "smtps")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


class SettingsError(SystemExit):
    """A setting cannot be used; its text is the one sentence the operator reads."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force. Empty URLs mean the built-in part: embedded database,
    broker in the same database, files in ``var``, mail kept in a table."""

    var: Path
    host: str
    port: int
    database_url: str
    broker_url: str
    storage_url: str
    smtp_url: str
    secret_key: str
    base_url: str
    pack: str
    demo: bool
    trusted_proxies: int
    web_workers: int
    worker_threads: int
    log_level: str

    @property
    def https(self) -> bool:
        """Whether people reach the site over TLS; then cookies are ``Secure``."""
        return self.base_url.startswith("https://")

    @property
    def local(self) -> bool:
        """Whether the site is reached from its own machine only."""
        return {self.host, urlsplit(self.base_url).hostname} <= _LOOPBACK


def read(environment: Mapping[str, str]) -> Settings:
    """Read the settings from ``environment``.

    :raises SettingsError: naming the variable, what it holds and what was expected.
    """
    var = Path(environment.get("VAR") or "var").resolve()
    host = environment.get("HOST") or "127.0.0.1"
    port = _number(environment, "PORT", 8000, low=1, high=65535)
    return Settings(
        var=var,
        host=host,
        port=port,
        database_url=_url(environment, "DATABASE_URL", _DATABASE_SCHEMES),
        broker_url=_url(environment, "BROKER_URL", _BROKER_SCHEMES),
        storage_url=_url(environment, "STORAGE_URL", _STORAGE_SCHEMES),
        smtp_url=_url(environment, "SMTP_URL", _SMTP_SCHEMES),
        secret_key=_secret_key(environment, var),
        base_url=(
            _url(environment, "BASE_URL", ("http", "https")) or f"http://{host}:{port}"
        ).rstrip("/"),
        pack=environment.get("PACK") or "malaysia",
        demo=_flag(environment, "DEMO", default=False),
        trusted_proxies=_number(environment, "TRUSTED_PROXIES", 0, low=0, high=10),
        web_workers=_number(environment, "WEB_WORKERS", 1, low=1, high=64),
        worker_threads=_number(environment, "WORKER_THREADS", 4, low=1, high=64),
        log_level=_choice(environment, "LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
    )


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    value = environment.get(name, "")
    if value and urlsplit(value).scheme not in schemes:
        expected = ", ".join(f"{scheme}://" for scheme in schemes)
        raise SettingsError(f"{name} is {value!r}: expected an address that starts with {expected}")
    return value


def _number(environment: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isdecimal() or not low <= int(value) <= high:
        raise SettingsError(f"{name} is {value!r}: expected a whole number from {low} to {high}")
    return int(value)


def _flag(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environment.get(name, str(int(default))).lower()
    if value not in _TRUE | _FALSE:
        raise SettingsError(f"{name} is {value!r}: expected 1 or 0")
    return value in _TRUE


def _choice(
    environment: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]
) -> str:
    value = (environment.get(name) or default).lower()
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}: expected one of {', '.join(choices)}")
    return value


def _secret_key(environment: Mapping[str, str], var: Path) -> str:
    """The key that signs tokens; made once and kept in ``var`` where none is given."""
    value = environment.get("SECRET_KEY", "")
    if value:
        if len(value) < 32:
            raise SettingsError("SECRET_KEY is too short: expected at least 32 characters")
        return value
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"secret_key.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(48))
        try:
            os.link(made, path)  # the first of several starting processes wins
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()


settings = read(os.environ)
