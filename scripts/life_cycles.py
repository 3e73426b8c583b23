"""Draw docs/life-cycles.md from the rules: `make life-cycles`. A test holds it against them."""

from __future__ import annotations

from pathlib import Path

from sandbox.applications.rules import LIFE as APPLICATION
from sandbox.foundation.lifecycle import LifeCycle
from sandbox.incidents.public_rules import LIFE as PUBLIC_REPORT
from sandbox.incidents.rules import LIFE as INCIDENT
from sandbox.lessons.rules import LIFE as LESSON
from sandbox.pilots.rules import CONDITION, EXIT_REPORT, MILESTONE, PILOT, SUSPENSION
from sandbox.reports.rules import LIFE as REPORT

PAGE = Path(__file__).parents[1] / "docs" / "life-cycles.md"
CYCLES = (
    APPLICATION, PILOT, CONDITION, SUSPENSION, MILESTONE, EXIT_REPORT, INCIDENT, PUBLIC_REPORT,
    LESSON, REPORT,
)  # fmt: skip


def page() -> str:
    """The whole page: a diagram of each life, and who may take each step on what terms."""
    head = "# Life cycles\n\nDrawn from each slice's `rules.py` by `make life-cycles`.\n"
    return "\n".join([head, *(_part(cycle) for cycle in CYCLES)])


def _part(cycle: LifeCycle) -> str:
    rows = [
        f"| {step.event} | {', '.join(step.sources)} | {step.target} | "
        f"{', '.join(sorted(step.who))} | {step.precondition} |"
        for step in cycle.transitions
    ]
    return "\n".join(
        [
            f"## {cycle.name.replace('_', ' ').capitalize()}", "", "```mermaid",
            cycle.mermaid(), "```", "", "| event | from | to | who | only when |",
            "|---|---|---|---|---|", *rows, "",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    PAGE.write_text(page())
