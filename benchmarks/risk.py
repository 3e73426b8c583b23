"""What the portfolio by risk costs, and the limits and how near they came, with many pilots.

Each pilot has its conditions, milestones and an incident; the pages are asked of the application
in this process, database time included. They stand beside the page that says "live".
"""

from __future__ import annotations

from uuid import UUID

from benchmarks import ground

PILOTS = 500


async def _multiply(pilot: UUID, number: int) -> None:
    """So many pilots like this one, with all that belongs to it."""
    from sandbox.foundation.database import fetch
    from sandbox.incidents.tables import Incident
    from sandbox.pilots.tables import Condition, Metric, Milestone, Pilot

    await fetch(
        "CREATE TABLE made AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, $1::int) n",
        number,
    )
    for table in (Pilot, Condition, Metric, Milestone, Incident):
        names = [column._meta.name for column in table._meta.columns]
        given = {
            "id": "m.id" if table is Pilot else "gen_random_uuid()", "case": "m.id",
            "pilot": "m.id", "breach": "NULL",
            "reference": f"'{table._meta.tablename}-' || lpad(m.n::text, 5, '0')",
        }  # fmt: skip
        values = ", ".join(given.get(name, f't."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        of = "t.id = $1" if table is Pilot else "t.pilot = $1"
        await fetch(
            f"INSERT INTO {table._meta.tablename} ({columns}) "
            f"SELECT {values} FROM {table._meta.tablename} t, made m WHERE {of}",
            pilot,
        )
    await fetch("DROP TABLE made")


async def main() -> None:
    from sandbox.app import create_app
    from tests import factories
    from tests.harness import Visitor
    from tests.system.test_consequences import breached

    people = {
        "founder": await factories.applicant(), "officer": await factories.officer(),
        "reviewer": await factories.reviewer(), "maker": await factories.decision_maker(),
    }  # fmt: skip
    pilot, _breach = await breached(people)
    await _multiply(pilot.id, PILOTS - 1)
    app = create_app()
    async with Visitor(app) as desk:
        await desk.sign_in(people["officer"])

        figures = await ground.pages(
            desk,
            {
                "live": "/health/live",
                "newest first": "/pilots",
                "by risk": "/pilots/risk",
                "by risk, as CSV": "/pilots/risk.csv",
                "limits": "/pilots/limits",
            },
            rounds=20,
        )
    ground.tell(f"Pages over {PILOTS} pilots (medians)", figures, "live", pilots=PILOTS)


if __name__ == "__main__":
    ground.run(main)
