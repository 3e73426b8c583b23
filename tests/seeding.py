"""A live pilot in the data of a site that runs: ``python -m tests.seeding`` in its environment.

Prints who its people are and what it goes by, as JSON.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from sandbox.app import furnish
from sandbox.foundation.database import pool
from sandbox.pilots import commands
from tests import factories
from tests.system.test_pilots import TERMS, live


def _floor(metric: str, title: str, **threshold: Any) -> dict[str, Any]:
    """At least 0.9, averaged over a week."""
    floor = TERMS["conditions"][0]
    held = {**floor["threshold"], "metric": metric, **threshold}
    return {**floor, "template": f"{metric}_floor", "title": {"en": title}, "threshold": held}


CONDITIONS = [
    _floor("sensitivity", "Sensitivity", on_breach="incident"),
    _floor("specificity", "Specificity", on_breach="suspend"),
    TERMS["conditions"][1],
]


async def seed() -> dict[str, Any]:
    """One breach of it opens an incident, the other puts a suspension before a decision maker."""
    furnish()
    async with pool():
        people = {
            "founder": await factories.applicant("Cahaya Sdn Bhd", name="Aisyah Rahman"),
            "officer": await factories.officer(),
            "reviewer": await factories.reviewer(),
            "maker": await factories.decision_maker(),
        }
        pilot = await live(people, **{**TERMS, "conditions": CONDITIONS})
        key = await commands.issue_token(people["founder"], pilot.id, "Server")
    emails = {role: person.email for role, person in people.items()}
    return {"pilot": str(pilot.id), "key": key, "emails": emails}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(seed())))  # noqa: T201
