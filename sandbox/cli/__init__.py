"""The ``sandbox`` command. Its help is its manual; heavy parts are imported where used."""

from __future__ import annotations

from typing import Any

import click

from sandbox.cli import ground

_ORDER = ("up", "demo", "person", "doctor", "audit", "serve", "worker", "scheduler", "migrate")


class _Manual(click.Group):
    """Lists the commands in the order a person meets them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for name in _ORDER if name in self.commands]


@click.group(cls=_Manual, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Rintis, a regulatory sandbox.

    For one machine, `sandbox up` is all you need: it runs the database, the web site, the
    worker and the scheduler, and keeps them running. On several machines run `sandbox
    serve`, `sandbox worker` and `sandbox scheduler` as services of their own, and `sandbox
    migrate` before each new version.

    Settings come from the environment: DATABASE_URL, BROKER_URL, STORAGE_URL, SMTP_URL,
    SECRET_KEY, BASE_URL, PACK, DEMO, VAR, HOST, PORT, WEB_WORKERS, WORKER_THREADS,
    TRUSTED_PROXIES and LOG_LEVEL. Without any, everything lies in ./var.
    """


@main.command()
def up() -> None:
    """Run the whole site on this machine.

    Starts the database (its own, unless DATABASE_URL names one), brings its schema up to
    date, and runs web site, worker and scheduler. What dies is started again. Ctrl-C stops
    everything in order; all data stays in VAR. With DEMO=1 the first start plays a
    believable year of cases.
    """
    from sandbox.cli import site

    ground.need_pack()
    site.up()


@main.command()
@click.option("--socket", type=int, hidden=True, help="A listening socket, by its number.")
@click.option("--gate", type=int, hidden=True, help="Wait for the end of this file.")
def serve(socket: int | None, gate: int | None) -> None:
    """Serve the web site on HOST and PORT.

    Runs WEB_WORKERS processes. Behind a proxy, set BASE_URL to the address that people use
    and TRUSTED_PROXIES to the number of proxies that add X-Forwarded-For. SIGTERM finishes
    the requests under way.
    """
    from sandbox.cli import processes

    ground.need_pack()
    processes.serve(socket, gate)


@main.command()
@click.option("--only", multiple=True, metavar="QUEUE", help="Work on this queue; repeatable.")
@click.option("--but", multiple=True, metavar="QUEUE", help="Leave this queue; repeatable.")
@click.option("--gate", type=int, hidden=True, help="Wait for the end of this file.")
def worker(only: tuple[str, ...], but: tuple[str, ...], gate: int | None) -> None:
    """Do the jobs that the site asks for: mail, documents, deadlines.

    Works on all queues with WORKER_THREADS threads. Documents take long and much memory, so
    `sandbox up` runs `sandbox worker --only documents` beside `sandbox worker --but
    documents`. SIGTERM finishes the jobs under way; what was not begun others do.
    """
    from sandbox.cli import processes

    ground.need_pack()
    processes.worker(only, but, gate)


@main.command()
@click.option("--gate", type=int, hidden=True, help="Wait for the end of this file.")
def scheduler(gate: int | None) -> None:
    """Hand jobs to the workers, and ask for the periodic ones.

    At least one must run; several may, and each job is still asked for once.
    """
    from sandbox.cli import processes

    ground.need_pack()
    processes.scheduler(gate)


@main.command()
def migrate() -> None:
    """Bring the database to the schema of this version.

    Run it before the other processes of a new version start; `sandbox up` does so itself.
    Harmless when there is nothing to do, or when several machines run it at once.
    """
    from sandbox.cli import site

    ground.need_pack()
    ground.need_database()
    site.migrate()
    click.echo("The database is up to date.")


@main.command()
def demo() -> None:
    """Play a believable year of cases, for people to look around in.

    Makes invented organisations, people, applications, pilots, incidents, lessons and
    reports by the same commands that people use. Meant for an empty database; does nothing
    where the year has been played. One that was interrupted is cleared and played anew, unless
    other people have accounts beside it. Takes up to two minutes, in which no jobs are done.
    """
    from sandbox.cli import playing

    ground.need_pack()
    ground.need_database()
    playing.play()


@main.command()
def doctor() -> None:
    """Check every part, and say what to do about what is wrong.

    Looks at settings, database, schema, broker, file storage, mail, the libraries for PDFs,
    the built styles and the pack. Ends with status 1 when something must be mended.
    """
    from sandbox.cli import checks

    raise SystemExit(checks.examine())


@main.command()
@click.argument("email")
@click.option("--name", required=True, help="As others will read it.")
@click.option("--role", "roles", multiple=True, help="A role to hold; repeatable.")
@click.option("--authority", default="", help="The authority of the pack that they work for.")
@click.option("--sector", "sectors", multiple=True, help="A sector they work in; repeatable.")
@click.option("--language", default="en", show_default=True, help="The language they read.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def person(password_stdin: bool, **words: Any) -> None:  # noqa: FBT001
    """Make an account for EMAIL, with its roles.

    Roles: officer, reviewer, decision_maker, central, policymaker, auditor, administrator.
    An officer, reviewer or decision maker needs --authority and works in its sectors,
    unless --sector says which. Asks for the password, unless --password-stdin is given.

    The first administrator of a new site:

        sandbox person you@example.org --name "Your Name" --role administrator
    """
    from sandbox.cli import people

    people.make(people.NewPerson(**words), from_stdin=password_stdin)


@main.group()
def audit() -> None:
    """Read and verify the audit trail.

    Every change to a case is an event in that case's chain of hashes; seals over all chains
    follow each other once a minute. A seal that you keep elsewhere proves all before it.
    """


@audit.command()
@click.option("--case", "case", type=click.UUID, help="Verify the chain of this case only.")
@click.option("--seal", default="", metavar="HASH", help="Find this seal, kept elsewhere.")
def verify(case: object, seal: str) -> None:
    """Check that nothing was changed, removed, inserted or reordered.

    Checks every link, every chain's end and every seal in one snapshot. Ends with status 1
    and names each place when something does not fit. Whoever may write everything in the
    database can make the whole trail anew; that is found only with --seal, by the hash of a
    seal that was kept where they could not reach it (`sandbox audit seals` lists them).
    """
    from sandbox.cli import trail

    raise SystemExit(trail.verify(case, seal))  # type: ignore[arg-type]


@audit.command()
@click.option("--last", default=20, show_default=True, help="How many of the newest.")
def seals(last: int) -> None:
    """List the newest seals, to publish or to keep elsewhere."""
    from sandbox.cli import trail

    trail.seals(last)
