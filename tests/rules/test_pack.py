"""Packs: the bundled one is whole, a foreign one loads, cases keep the version they began under."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from sandbox.foundation import clock, i18n
from sandbox.framework import library
from sandbox.framework.calendars import holidays_of
from sandbox.framework.clocks import ClockName
from sandbox.framework.conditions import ConditionKind
from sandbox.framework.errors import PackError
from sandbox.framework.pack import Pack
from sandbox.framework.queries import holiday_years
from sandbox.framework.questions import Feed
from sandbox.framework.thresholds import OnBreach, Threshold, Window, threshold_of
from sandbox.framework.when import When, holds

MALAYSIA = library.BUNDLED / "malaysia"
VERIDIA = Path(__file__).parent.parent / "packs" / "veridia"


@pytest.fixture(scope="module")
def malaysia() -> Pack:
    return library.load(MALAYSIA)


@pytest.fixture(scope="module")
def veridia() -> Pack:
    return library.load(VERIDIA)


class TestMalaysia:
    def test_names_its_sectors_with_one_lead_each(self, malaysia: Pack) -> None:
        leads = {sector.key: malaysia.lead_of(sector.key).key for sector in malaysia.sectors}

        assert leads == {
            "healthcare": "moh",
            "finance": "bnm",
            "education": "moe",
            "agriculture": "mafs",
            "public_administration": "jdn",
            "communications_media": "mcmc",
        }
        assert malaysia.central.key == "naio"

    def test_holds_seven_principles(self, malaysia: Pack) -> None:
        assert len(malaysia.principles) == 7

    def test_asks_each_applicant_about_a_hundred_questions(self, malaysia: Pack) -> None:
        answers = {"lead_sector": "finance"}
        asked = [q for _section, questions in malaysia.form.asked(answers) for q in questions]

        assert len(malaysia.form.sections) == 13
        assert 70 <= len(asked) <= 110

    def test_offers_conditions_and_thresholds_in_every_sector(self, malaysia: Pack) -> None:
        kinds = Counter(template.kind for template in malaysia.conditions)

        assert len(malaysia.conditions) >= 34
        assert kinds[ConditionKind.THRESHOLD] >= 16
        assert set(kinds) == set(ConditionKind)
        for sector in malaysia.sectors:
            own = [c for c in malaysia.conditions if sector.key in c.sectors]
            assert sum(c.threshold is not None for c in own) >= 3, sector.key
            assert any(m for m in malaysia.milestones if sector.key in m.sectors), sector.key

    def test_speaks_malay_where_it_speaks_english(self, malaysia: Pack) -> None:
        section = malaysia.form.sections[0]

        assert section.title.in_("ms") == "Organisasi anda"
        with i18n.use("ms"):
            assert str(section.title) == "Organisasi anda"
        assert str(section.title) == "Your organisation"

    def test_knows_the_holidays_of_states_in_malay(self, malaysia: Pack) -> None:
        names = dict(holidays_of(malaysia.jurisdiction, 2026, "sabah", "ms"))

        assert names[date(2026, 8, 31)] == "Hari Kebangsaan"
        assert any("Kaamatan" in name for name in names.values())

    def test_names_every_holiday_in_malay(self, malaysia: Pack) -> None:
        (year,) = holiday_years(malaysia, "ms", 2026, 1)
        sarawak = next(place for place in year.places if place.name == "Sarawak")

        assert (date(2026, 8, 31), "Hari Kebangsaan") in year.everywhere
        assert (date(2026, 4, 3), "Jumaat Agung") in sarawak.own
        assert not any("Friday" in name for place in year.places for _day, name in place.own)

    def test_works_on_sunday_where_the_weekend_is_friday(self, malaysia: Pack) -> None:
        sunday = date(2026, 11, 15)

        assert malaysia.jurisdiction.calendar("kelantan").works_on(sunday)
        assert not malaysia.jurisdiction.calendar("johor").works_on(sunday)

    def test_suggests_conditions_from_the_answers(self, malaysia: Pack) -> None:
        answers = {"lead_sector": "finance", "islamic_finance": True, "insurance": "covered"}

        assert [c.key for c in malaysia.suggested(answers)] == ["shariah_confirmation"]

    def test_asks_only_the_questions_of_the_sectors_named(self, malaysia: Pack) -> None:
        answers = {"lead_sector": "education", "other_sectors": ["finance"]}
        asked = {q.key for _section, questions in malaysia.form.asked(answers) for q in questions}

        assert {"learner_age", "exposure_limit"} <= asked
        assert not {"medical_device", "season", "shariah_attestation"} & asked

    @pytest.mark.parametrize(
        ("answers", "result"),
        [
            ({"uses_ai": "no_ai"}, "not_needed"),
            ({"uses_ai": "yes_ai", "in_malaysia": "not_here"}, "not_needed"),
            ({"uses_ai": "yes_ai", "rule": "none"}, "not_needed"),
            ({"uses_ai": "yes_ai", "ready": "idea", "rule": "named"}, "ask"),
            ({}, "ask"),
            (
                {
                    "uses_ai": "yes_ai", "in_malaysia": "here", "sector": "finance",
                    "new": "is_new", "benefit": "clear", "rule": "named", "ready": "works",
                },
                "apply",
            ),
        ],
    )  # fmt: skip
    def test_self_check_advises(self, malaysia: Pack, answers: dict[str, str], result: str) -> None:
        assert malaysia.self_check.outcome_of(answers).result == result

    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            ({}, "issue"),
            ({"harms_potential": ["physical"]}, "near_miss"),
            ({"harms_actual": ["financial"], "people_affected": 3}, "limited"),
            ({"breach": True}, "limited"),
            ({"personal_data": True, "data_subjects": 12}, "substantial"),
            ({"personal_data": True, "data_subjects": 1001}, "serious"),
            ({"death": True}, "serious"),
            ({"death": True, "widespread": True}, "widespread"),
        ],
    )
    def test_severity_follows_the_facts(
        self, malaysia: Pack, facts: dict[str, object], severity: str
    ) -> None:
        assert malaysia.incidents.severity_of(facts).key == severity

    def test_one_event_starts_the_clocks_of_several_regimes(self, malaysia: Pack) -> None:
        facts = {
            "sectors": ["healthcare"], "medical_device": True, "death": True,
            "harms_actual": ["physical"], "personal_data": True, "significant_harm": True,
            "severity": "serious",
        }  # fmt: skip
        started = {
            regime.key: [(r.stage, r.limit.amount, r.limit.unit.value) for r in reports]
            for regime, reports in malaysia.incidents.regimes_of(facts)
        }

        assert started == {
            "sandbox": [("initial", 10, "days"), ("final", 30, "days")],
            "personal_data_breach": [("initial", 72, "hours"), ("supplementary", 7, "days")],
            "medical_device": [("initial", 10, "days"), ("final", 30, "days")],
        }

    def test_an_exercise_starts_no_clock(self, malaysia: Pack) -> None:
        facts = {"death": True, "severity": "serious", "drill": True}

        assert malaysia.incidents.regimes_of(facts) == []

    @pytest.mark.parametrize(
        ("facts", "hours"),
        [
            ({"cyber_attack": True, "critical_infrastructure": True}, 6),
            ({"medical_device": True, "public_health_threat": True}, 48),
            ({"personal_data": True, "data_subjects": 5000}, 72),
        ],
    )
    def test_limits_in_hours_are_those_of_the_law(
        self, malaysia: Pack, facts: dict[str, object], hours: int
    ) -> None:
        found = [
            report.limit.amount
            for _regime, reports in malaysia.incidents.regimes_of(facts)
            for report in reports
            if report.limit.unit == "hours"
        ]

        assert found == [hours]

    def test_rubric_weighs_and_has_floors(self, malaysia: Pack) -> None:
        best = {criterion.key: 4 for criterion in malaysia.rubric.criteria}

        assert malaysia.rubric.percent(best) == 100
        assert malaysia.rubric.passes(best)
        assert not malaysia.rubric.passes(best | {"need": 1})
        assert malaysia.rubric.percent({"need": 4}) is None

    def test_every_outcome_has_its_reasons(self, malaysia: Pack) -> None:
        for outcome in (
            "admitted",
            "admitted_with_conditions",
            "refused",
            "redirected",
            "returned",
        ):
            assert malaysia.reasons_for(outcome), outcome  # type: ignore[arg-type]


class TestForeignPack:
    def test_loads_though_it_knows_one_language(self, veridia: Pack) -> None:
        assert veridia.languages == ("en",)
        assert veridia.lead_of("fishing").key == "harbour_board"
        assert veridia.form.sectors({"lead_sector": "navigation"}) == ("navigation",)
        with i18n.use("ms"):
            assert str(veridia.sectors[0].name) == "Deep-sea fishing"

    def test_has_its_own_weekends_and_holidays(self, veridia: Pack) -> None:
        south, north = (veridia.jurisdiction.calendar(key) for key in ("", "north"))

        assert not south.works_on(date(2026, 3, 2))  # Day of the Tide
        assert south.works_on(date(2026, 3, 4))
        assert not north.works_on(date(2026, 3, 4))  # Northern Regatta
        assert not south.works_on(date(2026, 3, 5))  # a Thursday
        assert north.works_on(date(2026, 3, 5))

    def test_is_in_force_where_the_setting_names_its_folder(self) -> None:
        with library.using(VERIDIA):
            assert library.current().name == "veridia"


class TestVersions:
    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        shutil.copytree(VERIDIA, tmp_path / "veridia")
        shutil.copytree(VERIDIA, tmp_path / "veridia" / "versions" / "1")
        _edit(tmp_path / "veridia" / "pack.yaml", 'version: "1"', 'version: "2"')
        _edit(tmp_path / "veridia" / "pack.yaml", "2024-01-01", "2026-07-01")
        _edit(tmp_path / "veridia" / "metrics.yaml", "Fish landed.", "Fish landed alive.")
        return tmp_path / "veridia"

    @pytest.mark.parametrize(
        ("day", "version"), [((2026, 6, 30), "1"), ((2026, 7, 2), "2"), ((2020, 1, 1), "1")]
    )
    def test_the_one_in_force_is_current(
        self, home: Path, day: tuple[int, int, int], version: str
    ) -> None:
        with library.using(home), clock.at(datetime(*day, 12, tzinfo=UTC)):
            assert library.current().version == version

    def test_a_case_keeps_the_one_it_began_under(self, home: Path) -> None:
        with library.using(home):
            before, after = library.pack_of("1"), library.pack_of("2")

        assert str(before.metric("catch").description) == "Fish landed."
        assert str(after.metric("catch").description) == "Fish landed alive."

    def test_an_unknown_one_is_refused(self, home: Path) -> None:
        with (
            library.using(home),
            pytest.raises(PackError, match="version 3: Expected one of: 1, 2"),
        ):
            library.pack_of("3")

    def test_two_of_the_same_name_are_refused(self, home: Path) -> None:
        _edit(home / "pack.yaml", 'version: "2"', 'version: "1"')

        with library.using(home), pytest.raises(PackError, match="a different one in each"):
            library.versions()


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, (path.name, old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


class TestThreshold:
    def test_survives_its_way_through_json(self, malaysia: Pack) -> None:
        for template in malaysia.conditions:
            stored = msgspec.json.decode(msgspec.json.encode(template.threshold))
            assert threshold_of(stored) == template.threshold

    @pytest.mark.parametrize(
        ("comparator", "value", "kept"),
        [(">=", 5, True), (">=", 4.9, False), ("<=", 5, True), ("<", 5, False), (">", 5.1, True),
         ("==", 5, True), ("==", 5.1, False)],
    )  # fmt: skip
    def test_is_kept_or_not(self, comparator: str, value: float, *, kept: bool) -> None:
        threshold = msgspec.convert(
            {
                "metric": "m",
                "aggregate": "mean",
                "window": {},
                "comparator": comparator,
                "limit": 5,
            },
            Threshold,
        )

        assert threshold.satisfied(value) is kept

    @pytest.mark.parametrize(
        "window",
        [
            {"kind": "calendar", "unit": "hour"},
            {"kind": "calendar", "length": 2},
            {"unit": "month"},
        ],
    )
    def test_refuses_a_window_that_means_nothing(self, window: dict[str, object]) -> None:
        with pytest.raises(msgspec.ValidationError, match="window"):
            msgspec.convert(window, Window)

    def test_is_said_in_plain_words(self, malaysia: Pack) -> None:
        threshold = malaysia.condition("sensitivity_floor").threshold
        assert threshold

        assert malaysia.say(threshold, "en") == (
            "Diagnostic sensitivity, averaged over any 7 days, must be at least 0.92 "
            "(once there are at least 200 samples). A breach opens an incident. "
            "Missing data counts as a breach."
        )
        assert malaysia.say(threshold, "ms").startswith("Kepekaan diagnostik")

    def test_written_by_hand_is_said_by_its_own_name(self, malaysia: Pack) -> None:
        threshold = msgspec.convert(
            {
                "metric": "waiting_time", "aggregate": "p95", "comparator": "<=", "limit": 2.5,
                "window": {"kind": "calendar", "unit": "day"}, "unit": "hours",
                "on_breach": "suspend",
            },
            Threshold,
        )  # fmt: skip

        assert threshold.on_breach == OnBreach.SUSPEND
        assert malaysia.say(threshold, "en", metric="Waiting time", short=True) == (
            "Waiting time, at the 95th percentile in each calendar day, "
            "must be at most 2.5\xa0hours."
        )


class TestWhen:
    @pytest.mark.parametrize(
        ("when", "answers", "expected"),
        [
            ({"fact": "a", "is": True}, {"a": True}, True),
            ({"fact": "a", "is": False}, {"a": False}, True),
            ({"fact": "a", "is": False}, {}, False),
            ({"fact": "a", "in": ["x", "y"]}, {"a": "y"}, True),
            ({"fact": "a", "has": ["x"]}, {"a": ["z", "x"]}, True),
            ({"fact": "a", "has": ["x"]}, {"a": []}, False),
            ({"fact": "a", "at_least": 2}, {"a": "3"}, True),
            ({"fact": "a", "at_least": 2}, {"a": "many"}, False),
            ({"fact": "a", "at_least": 0}, {"a": 0}, True),
            ({"fact": "a", "at_least": 2, "at_most": 4}, {"a": 5}, False),
            ({"fact": "a", "answered": True}, {"a": 0}, True),
            ({"fact": "a", "answered": False}, {"a": ""}, True),
            ({"fact": "a", "answered": False}, {"a": "x"}, False),
            ({"not": {"fact": "a", "is": 1}}, {}, True),
            ({"all": [{"fact": "a", "is": 1}, {"fact": "b", "is": 2}]}, {"a": 1}, False),
            ({"any": [{"fact": "a", "is": 1}, {"fact": "b", "is": 2}]}, {"b": 2}, True),
        ],
    )
    def test_holds(
        self, when: dict[str, object], answers: dict[str, object], *, expected: bool
    ) -> None:
        assert holds(msgspec.convert(when, When), answers) is expected

    def test_none_always_holds(self) -> None:
        assert holds(None, {})


def test_feeds_find_their_answers(malaysia: Pack) -> None:
    answers = {"title": "X-rays", "months": 6, "lead_sector": "healthcare"}

    assert malaysia.form.answer(Feed.TITLE, answers) == "X-rays"
    assert malaysia.form.answer(Feed.MONTHS, answers) == 6
    assert malaysia.form.answer(Feed.METRICS, answers) is None


ROOT = Path(__file__).parents[2]
STARTED = re.compile(
    r"\bClockName\.([A-Z_]+)|\bdue\((?:common\.)?pack\w*(?:\(pilot\))?, \"([a-z_]+)\""
)


def test_every_clock_the_code_starts_is_demanded_and_no_other() -> None:
    texts = [path.read_text() for path in (ROOT / "sandbox").rglob("*.py")]
    started = {(name.lower() or word) for text in texts for name, word in STARTED.findall(text)}

    assert started == set(ClockName)


def test_a_desk_keeps_the_holidays_of_its_place(veridia: Pack) -> None:
    regatta = date(2026, 3, 4)

    assert not veridia.calendar_of("harbour_board").works_on(regatta)
    assert veridia.calendar_of("moot").works_on(regatta)


def test_a_relief_names_its_clause_with_its_rule(malaysia: Pack) -> None:
    rows = [{"rule": "Medical Device Act 2012", "clause": "section 5"}, {"rule": "Child Act 2001"}]

    said = [row["rule"] for row in malaysia.form.reliefs({"reliefs": rows})]

    assert said == ["Medical Device Act 2012, section 5", "Child Act 2001"]
