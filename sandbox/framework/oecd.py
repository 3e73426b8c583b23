"""The OECD's common reporting framework for AI incidents: its criteria, and where answers are.

Source: OECD, *Towards a common reporting framework for AI incidents* (OECD Artificial
Intelligence Papers, No. 34, February 2025): 29 criteria in eight groups, of which seven are
mandatory. Names are those of the framework, in English, so that reports of many countries can
be laid side by side; numbers follow its order.
"""

from __future__ import annotations

import msgspec

from sandbox.framework.struct import Key, Part

NAME = "Common reporting framework for AI incidents"
PUBLISHER = "OECD"
SOURCE = (
    "https://www.oecd.org/en/publications/"
    "towards-a-common-reporting-framework-for-ai-incidents_f326d4ac-en.html"
)


class Criterion(msgspec.Struct, frozen=True):
    """One of the 29."""

    number: int
    key: str
    name: str
    mandatory: bool = False


CRITERIA = (
    Criterion(1, "title", "Title", mandatory=True),
    Criterion(2, "description", "Description of the incident", mandatory=True),
    Criterion(3, "ai_relation", "How the AI system relates to the incident", mandatory=True),
    Criterion(4, "submitter", "Submitter and relation to the incident", mandatory=True),
    Criterion(5, "first_known", "Date of first known occurrence"),
    Criterion(6, "countries", "Countries where it occurred"),
    Criterion(7, "supporting_material", "Supporting material", mandatory=True),
    Criterion(8, "system", "AI system and version"),
    Criterion(9, "actors", "Developers and deployers of the AI system"),
    Criterion(10, "severity", "Severity", mandatory=True),
    Criterion(11, "harm_type", "Harm type", mandatory=True),
    Criterion(12, "quantification", "Quantification of harm"),
    Criterion(13, "unintended_use", "Unintended or wrongful use"),
    Criterion(14, "stakeholders", "Affected stakeholders"),
    Criterion(15, "rights_impact", "Impact on human rights"),
    Criterion(16, "principles", "AI principles concerned"),
    Criterion(17, "industry", "Industry"),
    Criterion(18, "business_function", "Business function"),
    Criterion(19, "critical_infrastructure", "Critical infrastructure"),
    Criterion(20, "breadth", "Breadth of deployment"),
    Criterion(21, "training_data", "Link to training data"),
    Criterion(22, "model", "Link to the AI model"),
    Criterion(23, "usage_rights", "Rights of use"),
    Criterion(24, "multi_system", "Interaction of several AI systems"),
    Criterion(25, "task", "Task of the AI system"),
    Criterion(26, "autonomy", "Level of autonomy"),
    Criterion(27, "actions", "Actions taken"),
    Criterion(28, "reproduction", "Steps to reproduce"),
    Criterion(29, "other", "Other information"),
)
KEYS = tuple(one.key for one in CRITERIA)


class Exchange(Part, frozen=True, kw_only=True):
    """Which answers say what a criterion asks: key of a criterion -> keys of questions.

    ``form``: of the application; ``told``: of the pack's questions about incidents.
    """

    form: dict[Key, tuple[Key, ...]] = msgspec.field(default_factory=dict)
    told: dict[Key, tuple[Key, ...]] = msgspec.field(default_factory=dict)
