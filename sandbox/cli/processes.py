"""The three kinds of process: web, worker, scheduler. Each ends cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket as sockets
import threading
from typing import Any

from sandbox.cli import ground
from sandbox.settings import settings

_GRACE = 5  # seconds for what is under way


def _set_up_logs() -> None:
    from sandbox.foundation.web import observability

    observability.set_up_logs()
    # Libraries write through Python's own logging; theirs is worth reading when it is bad.
    level = logging.DEBUG if settings.log_level == "debug" else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _pass(gate: int | None) -> None:
    """Wait until whoever holds the other end of ``gate`` lets all through by closing it."""
    if gate is not None:
        os.read(gate, 1)
    ground.need_database()


# Web -------------------------------------------------------------------------------------


def serve(socket: int | None, gate: int | None) -> None:
    """Serve on ``socket``, or on HOST and PORT with as many processes as WEB_WORKERS says."""
    import uvicorn

    _count_together()
    _set_up_logs()
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        "factory": True,
        "http": "httptools",
        "loop": "uvloop",
        "ws": "none",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # TRUSTED_PROXIES says whom to believe, and about what
        "timeout_graceful_shutdown": _GRACE,
    }
    if socket is None:
        _pass(gate)
        uvicorn.run("sandbox.app:create_app", workers=settings.web_workers, **options)
        return
    from sandbox.app import create_app

    app = create_app()
    _pass(gate)
    server = uvicorn.Server(uvicorn.Config(lambda: app, **options))
    server.run(sockets=[sockets.socket(fileno=socket)])


def _count_together() -> None:
    """Let all web processes of this machine keep their counters in one folder.

    The library takes it from the environment as it is imported, so this comes first. Where
    none of those who counted there is left, all begin anew.
    """
    folder = settings.var / "run" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    counted = list(folder.glob("*.db"))
    if not any(_lives(path.stem.rpartition("_")[2]) for path in counted):
        for path in counted:
            path.unlink(missing_ok=True)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


# Worker ----------------------------------------------------------------------------------


def worker(only: tuple[str, ...], but: tuple[str, ...], gate: int | None) -> None:
    """Do the jobs of the site's own actors until SIGTERM or SIGINT."""
    from sandbox.app import furnish

    _set_up_logs()
    furnish()
    _declare_actors()
    _pass(gate)
    work(only, but)


def work(only: tuple[str, ...] = (), but: tuple[str, ...] = ()) -> None:
    """Do the jobs of all declared actors until SIGTERM or SIGINT."""
    import dramatiq

    broker = dramatiq.get_broker()
    queues = (set(only) or broker.get_declared_queues()) - set(but)
    asked = _asked_to_stop()
    at_work = dramatiq.Worker(broker, queues=queues, worker_threads=settings.worker_threads)
    broker.emit_after("process_boot")
    _start(at_work)
    asked.wait()
    at_work.stop(timeout=_GRACE * 1000)
    broker.close()


def _declare_actors() -> None:
    """By name: the house does not know its workers, whoever starts it does."""
    from importlib import import_module

    import_module("workers")


def _start(at_work: Any) -> None:
    from sandbox.foundation.broker import NoDatabase

    try:
        at_work.start()
    except NoDatabase as error:
        # Threads of the half-started worker are running, so leave without waiting for them.
        logging.getLogger(__name__).error("The worker cannot start: %s", error)  # noqa: TRY400
        os._exit(1)


def _asked_to_stop() -> threading.Event:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: asked.set())
    return asked


# Scheduler -------------------------------------------------------------------------------


def scheduler(gate: int | None) -> None:
    """Relay jobs and ask for periodic ones until SIGTERM or SIGINT."""
    _set_up_logs()
    _pass(gate)
    asyncio.run(_schedule())


async def _schedule() -> None:
    from sandbox.foundation import broker, database
    from sandbox.foundation.outbox import Relay
    from sandbox.foundation.schedule import Schedule, collect

    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    carrier = broker.make()
    async with database.pool(size=4):
        tasks = [
            asyncio.create_task(Relay(carrier).run()),
            asyncio.create_task(Schedule(collect()).run()),
        ]
        await asked.wait()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    carrier.close()
