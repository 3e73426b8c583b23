"""Every knob of the system, typed, read once from the environment.

Nothing else reads ``os.environ``. A value that cannot be used stops the start with one
sentence (:class:`SettingsError`), before anything has been opened.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

_DATABASE_SCHEMES = ("postgresql", "postgres")
_BROKER_SCHEMES = ("redis", "rediss", "amqp", "amqps")
_HOSTLESS = ("file", "postgresql", "postgres")  # a folder, or a socket named in the query
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
    webhooks_to_loopback: bool
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
        web_workers=_number(environment, "WEB_WORKERS", _processes(), low=1, high=64),
        worker_threads=_number(environment, "WORKER_THREADS", 4, low=1, high=64),
        webhooks_to_loopback=_flag(environment, "WEBHOOKS_TO_LOOPBACK", default=False),
        log_level=_choice(environment, "LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
    )


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    value = environment.get(name, "").strip()
    if not value:
        return ""
    shown = repr(redacted(value))
    try:
        address = urlsplit(value)
        for host in _hosts(address):
            _port = urlsplit(f"//{host}").port  # read only now, and refused where it is no port
    except ValueError as error:
        raise SettingsError(f"{name} is {shown}: {error}") from None
    if address.scheme not in schemes:
        expected = ", ".join(f"{scheme}://" for scheme in schemes)
        raise SettingsError(f"{name} is {shown}: expected an address that starts with {expected}")
    if not address.hostname and address.scheme not in _HOSTLESS:
        raise SettingsError(f"{name} is {shown}: expected the name of a host after //")
    return value


def _hosts(address: SplitResult) -> list[str]:
    """The hosts of an address, with their ports: a primary and its standbys may be several."""
    hosts = address.netloc.rpartition("@")[2]
    return hosts.split(",") if address.scheme in _DATABASE_SCHEMES else [hosts]


def redacted(address: str) -> str:
    """``address`` without what in it may be secret: user, password, query."""
    return re.sub(r"//.*@", "//…@", address.partition("?")[0])


def _processes() -> int:
    """Web processes where nothing is said: as many as there are processors, up to four."""
    return min(len(os.sched_getaffinity(0)), 4)


def _number(environment: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isdecimal() or len(value) > 9 or not low <= int(value) <= high:
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
        _check_key("SECRET_KEY", value)
        return value
    path = var / "secret_key"
    try:
        kept = _kept_key(path)
    except OSError as error:
        raise SettingsError(f"VAR is {str(var)!r}: {path} cannot be used ({error})") from None
    _check_key(str(path), kept)
    return kept


def _check_key(name: str, key: str) -> None:
    if len(key.strip()) < 32 or len(set(key)) < 8:
        raise SettingsError(
            f"{name} is too short or too simple: expected at least 32 characters of chance"
        )


def _kept_key(path: Path) -> str:
    if not path.exists():
        var = path.parent
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
