"""The order by risk: what is graver comes first, however much there is of anything below it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.foundation import i18n
from sandbox.foundation.web.pagination import decode, encode
from sandbox.oversight.rules import risk
from sandbox.oversight.rules.risk import LADDER, Facts, Grade

COUNTED = [rung.field for rung in LADDER if rung.field != "ending"]
FACTS = st.builds(
    Facts,
    **{name: st.integers(0, 3) for name in COUNTED},
    days_left=st.one_of(st.none(), st.integers(-5, 400)),
)
SOON = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def place(facts: Facts, due: datetime | None = None, reference: str = "A") -> Any:
    return risk.place(risk.standing(facts), due, reference)


def test_the_ladder_goes_from_grave_to_light_and_counts_every_fact_once() -> None:
    grades = [rung.grade for rung in LADDER]
    assert grades == sorted(grades, reverse=True)
    fields = [rung.field for rung in LADDER]
    assert len(set(fields)) == len(fields)
    assert {*COUNTED, "days_left"} == set(Facts.__struct_fields__)


def test_one_thing_above_outweighs_any_number_of_things_below() -> None:
    for at, name in enumerate(COUNTED):
        below: dict[str, Any] = {**dict.fromkeys(COUNTED[at + 1 :], 99), "days_left": 0}
        assert place(Facts(**{name: 1})) < place(Facts(**below)), name


def test_of_two_with_the_same_thing_the_one_with_more_of_it_comes_first() -> None:
    assert place(Facts(breaches=2)) < place(Facts(breaches=1, silent=9))
    assert place(Facts(breaches=1, silent=1)) < place(Facts(breaches=1))


def test_where_all_is_the_same_the_nearer_limit_decides_and_then_the_reference() -> None:
    facts, later = Facts(reportable=1), SOON.replace(year=2027)
    assert place(facts, SOON, "B") < place(facts, later, "A") < place(facts, None, "A")
    assert place(facts, SOON, "A") < place(facts, SOON, "B")


@given(FACTS, FACTS)
def test_a_graver_grade_never_stands_below_a_lighter_one(one: Facts, other: Facts) -> None:
    first, second = risk.standing(one), risk.standing(other)
    if first.grade > second.grade:
        assert place(one) < place(other)


@given(FACTS, st.sampled_from(COUNTED))
def test_something_more_never_lowers_a_pilot(facts: Facts, name: str) -> None:
    fields = {field: getattr(facts, field) for field in Facts.__struct_fields__}
    assert place(Facts(**{**fields, name: fields[name] + 1})) < place(facts)


@given(FACTS)
def test_the_reasons_are_what_is_open_and_nothing_else(facts: Facts) -> None:
    found = risk.standing(facts)
    said = risk.reasons(facts)
    assert len(said) == len(found.rungs) == sum(bool(count) for count in found.counts)
    assert (found.grade is Grade.CALM) == (said == [])
    assert all("%(" not in words for words in said)


@given(FACTS)
def test_a_place_goes_into_a_cursor_and_comes_back(facts: Facts) -> None:
    assert decode(encode(place(facts, SOON))) == place(facts, SOON)


def test_the_end_of_testing_is_said_in_days() -> None:
    assert risk.reasons(Facts(days_left=31)) == []
    assert risk.reasons(Facts(days_left=30)) == ["Testing ends in 30 days"]
    assert risk.reasons(Facts(days_left=0)) == ["Testing ends today"]
    assert risk.reasons(Facts(days_left=-1)) == ["The last day of testing is over"]
    with i18n.use("ms"):
        assert risk.reasons(Facts(days_left=3)) == ["Ujian tamat dalam masa 3 hari"]
