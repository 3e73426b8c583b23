"""How grave an incident is: more harm never weighs less, and whoever must be told of it matters."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.foundation.errors import InvalidInput
from sandbox.framework import library
from sandbox.framework.questions import QuestionKind
from sandbox.incidents import facts, rules
from sandbox.incidents.tables import Assessment

PACK = library.load(library.BUNDLED / "malaysia")
RULES = PACK.incidents
HARMS = [harm.key for harm in RULES.harms]
YES_NO = [q.key for q in RULES.questions if q.kind is QuestionKind.YES_NO]

some_harms = st.lists(st.sampled_from(HARMS), unique=True)
any_facts = st.fixed_dictionaries(
    {
        **{key: st.booleans() for key in YES_NO},
        "data_subjects": st.integers(0, 3000),
        "people_affected": st.integers(0, 3000),
        "harms_actual": some_harms,
        "harms_potential": some_harms,
        "breach": st.booleans(),
        "condition_breached": st.booleans(),
        "sectors": st.lists(st.sampled_from([s.key for s in PACK.sectors]), unique=True),
    }
)


def level(told: dict[str, Any]) -> int:
    """How grave it is by the rules."""
    return int(RULES.severity_of(told).level)


def worse(told: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """``told`` with whatever ``more`` adds to it."""
    joined = dict(told)
    for key, value in more.items():
        if isinstance(value, bool):
            joined[key] = told[key] or value
        elif isinstance(value, int):
            joined[key] = told[key] + value
        else:
            joined[key] = sorted({*told[key], *value})
    return joined


@given(told=any_facts, more=any_facts)
@settings(max_examples=400, deadline=None)
def test_more_harm_never_weighs_less(told: dict[str, Any], more: dict[str, Any]) -> None:
    assert level(worse(told, more)) >= level(told)


@given(told=any_facts, more=any_facts)
@settings(max_examples=300, deadline=None)
def test_more_harm_never_frees_from_a_regime(told: dict[str, Any], more: dict[str, Any]) -> None:
    before, after = told, worse(told, more)
    triggered = [
        {r.key for r, _ in RULES.regimes_of({**f, "severity": RULES.severity_of(f).key})}
        for f in (before, after)
    ]
    assert triggered[0] <= triggered[1]


@given(told=any_facts)
@settings(max_examples=400, deadline=None)
def test_what_somebody_must_be_told_of_is_limited_at_least(told: dict[str, Any]) -> None:
    asked = facts.kept(PACK, told) | {
        key: told[key] for key in told if key not in {q.key for q in RULES.questions}
    }
    severity = RULES.severity_of(asked)
    if RULES.regimes_of({**asked, "severity": severity.key}):
        assert severity.level >= RULES.severity("limited").level


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        ({"medical_device": True, "public_health_threat": True}, "serious"),
        ({"serious_property_harm": True}, "serious"),
        ({"personal_data": True, "significant_harm": True}, "serious"),
        ({"medical_device": True, "harms_potential": ["physical"]}, "limited"),
        ({"breach": True, "condition_breached": True}, "limited"),
        ({"condition_breached": True, "harms_actual": ["financial"]}, "substantial"),
    ],
)
def test_severity_by_the_rules(told: dict[str, Any], severity: str) -> None:
    assert RULES.severity_of(told).key == severity


def test_a_threshold_passed_alone_is_reported_to_nobody_in_finance() -> None:
    told = {"breach": True, "condition_breached": True, "sectors": ["finance"]}
    assert RULES.regimes_of({**told, "severity": RULES.severity_of(told).key}) == []


class TestDecide:
    def before(self, **told: Any) -> Assessment:
        decision = rules.decide(RULES, told, rules.Verdict(), None, firm=False)
        return Assessment(
            case=uuid4(), incident=uuid4(), facts=told, derived=decision.derived,
            severity=decision.severity, regimes_derived=decision.regimes_derived,
            regimes=decision.regimes,
        )  # fmt: skip

    def test_up_needs_only_a_reason(self) -> None:
        told = {"harms_potential": ["physical"]}
        up = rules.Verdict(severity="serious")
        with pytest.raises(InvalidInput) as refused:
            rules.decide(RULES, told, up, self.before(**told), firm=False)
        assert set(refused.value.errors) == {"reason"}
        up = rules.Verdict(severity="serious", reason="It spreads")
        decided = rules.decide(RULES, told, up, self.before(**told), firm=False)
        assert (decided.derived, decided.severity) == ("near_miss", "serious")
        assert decided.regimes == ["sandbox"]

    @pytest.mark.parametrize("verdict", [{"severity": "limited"}, {"reporting": "none"}])
    def test_down_needs_a_reason_and_evidence(self, verdict: dict[str, str]) -> None:
        told = {"rights_breach": True}
        report = uuid4()
        for given_, missing in (
            ({}, {"reason", "file"}),
            ({"reason": "A mistake"}, {"file"}),
            ({"report": report}, {"reason"}),
        ):
            with pytest.raises(InvalidInput) as refused:
                rules.decide(
                    RULES, told, rules.Verdict(**verdict, **given_), self.before(**told), firm=False
                )
            assert set(refused.value.errors) == missing
        whole = rules.Verdict(**verdict, reason="A mistake", report=report)
        decided = rules.decide(RULES, told, whole, self.before(**told), firm=False)
        assert decided.regimes == []

    def test_answers_that_weigh_less_than_before_need_evidence_too(self) -> None:
        with pytest.raises(InvalidInput):
            rules.decide(RULES, {}, rules.Verdict(), self.before(death=True), firm=False)

    def test_more_regimes_than_derived_need_a_reason(self) -> None:
        more = rules.Verdict(reporting="more", regimes=["cyber_security"])
        with pytest.raises(InvalidInput):
            rules.decide(RULES, {}, more, self.before(), firm=False)
        more = rules.Verdict(reporting="more", regimes=["cyber_security"], reason="To be sure")
        decided = rules.decide(RULES, {}, more, self.before(), firm=False)
        assert (decided.regimes_derived, decided.regimes) == ([], ["cyber_security"])

    @pytest.mark.parametrize("regimes", [[], ["nothing"]])
    def test_more_regimes_are_those_of_the_pack(self, regimes: list[str]) -> None:
        more = rules.Verdict(reporting="more", regimes=regimes, reason="To be sure")
        with pytest.raises(InvalidInput) as refused:
            rules.decide(RULES, {}, more, self.before(), firm=False)
        assert set(refused.value.errors) == {"regimes"}

    def test_a_drill_is_reported_to_nobody(self) -> None:
        more = rules.Verdict(reporting="more", regimes=["sandbox"], reason="Practice")
        with pytest.raises(InvalidInput) as refused:
            rules.decide(RULES, {"drill": True}, more, self.before(drill=True), firm=False)
        assert set(refused.value.errors) == {"reporting"}

    def test_the_firm_adds_but_never_takes_away(self) -> None:
        before = self.before(rights_breach=True)
        worse_now = rules.decide(
            RULES, {"rights_breach": True, "death": True, "widespread": True}, rules.Verdict(),
            before, firm=True,
        )  # fmt: skip
        assert worse_now.severity == "widespread"
        with pytest.raises(InvalidInput):
            rules.decide(RULES, {"harms_actual": ["rights"]}, rules.Verdict(), before, firm=True)

    def test_new_facts_of_the_firm_end_the_word_that_nobody_is_told(self) -> None:
        before = self.before(rights_breach=True)
        before.regimes = []
        decided = rules.decide(
            RULES, {"rights_breach": True, "death": True}, rules.Verdict(), before, firm=True
        )
        assert decided.regimes == ["sandbox"]

    def test_the_officers_graver_word_outlives_the_firms_facts(self) -> None:
        before = self.before(harms_actual=["financial"])
        before.severity = "serious"
        told = {"harms_actual": ["financial"], "people_affected": 60}
        decided = rules.decide(RULES, told, rules.Verdict(), before, firm=True)
        assert (decided.derived, decided.severity) == ("substantial", "serious")
