"""A broken pack is refused, and the message names file, field and what was expected."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from sandbox.framework import library
from sandbox.framework.errors import PackError

VERIDIA = Path(__file__).parent.parent / "packs" / "veridia"

# What is broken: file, words replaced, by which; then what the error must name.
BROKEN = {
    "a criterion that the OECD does not know": (
        "incidents.yaml", "form: {system: [title]", "form: {hull: [title]",
        "incidents.yaml", "exchange.form", "a key of a criterion of the OECD",
    ),
    "a criterion answered by no question": (
        "incidents.yaml", "told: {rights_impact: [sunk]}", "told: {rights_impact: [burnt]}",
        "incidents.yaml", "exchange.told.rights_impact", "a key of a question",
    ),
    "unknown key": (
        "pack.yaml", "reference: TIDE", "reference: TIDE\nmotto: Ahoy",
        "pack.yaml", "", "unknown field `motto`",
    ),
    "missing key": (
        "terms", "testing_months: 6, ", "",
        "pack.yaml", "terms", "missing required field `testing_months`",
    ),
    "wrong type": (
        "terms", "testing_months: 6", "testing_months: six",
        "pack.yaml", "terms.testing_months", "Expected `int`, got `str`",
    ),
    "below the least": (
        "terms", "testing_months: 6", "testing_months: 0",
        "pack.yaml", "terms.testing_months", "Expected `int` >= 1",
    ),
    "not a choice": (
        "clocks.yaml", "unit: months}", "unit: moons}",
        "clocks.yaml", "[4 “decision”].limit.unit", "Invalid enum value 'moons'",
    ),
    "a badly made key": (
        "taxonomy.yaml", "key: weather", "key: Bad Weather",
        "taxonomy.yaml", "themes[0 “Bad Weather”].key", "matching regex",
    ),
    "a number for a version": (
        "pack.yaml", 'version: "1"', "version: 1",
        "pack.yaml", "version", "Expected `str`, got `int`",
    ),
    "a text without languages": (
        "pack.yaml", "title: {en: Veridian Tide Sandbox}", "title: Veridian Tide Sandbox",
        "pack.yaml", "title", "a text in each language",
    ),
    "a text in a language too few": (
        "pack.yaml", "languages: [{code: en, name: English}]",
        "languages: [{code: en, name: English}, {code: is, name: Íslenska}]",
        "pack.yaml", "title.is", "Expected words in `is`",
    ),
    "a text in a language too many": (
        "sectors.yaml", "{en: Boats and nets.}", "{en: Boats and nets., fr: Bateaux.}",
        "sectors.yaml", "[0 “fishing”].description.fr", "only the pack's languages (en)",
    ),
    "an empty text": (
        "sectors.yaml", "{en: Boats and nets.}", '{en: ""}',
        "sectors.yaml", "[0 “fishing”].description.en", "words in `en`",
    ),
    "a key twice in a list": (
        "sectors.yaml", "key: navigation", "key: fishing",
        "sectors.yaml", "", "each key once, got `fishing` 2 times",
    ),
    "a key twice in a mapping": (
        "pack.yaml", "reference: TIDE", "reference: TIDE\nreference: TIDES",
        "pack.yaml", "line ", "`reference` comes twice",
    ),
    "no YAML": (
        "pack.yaml", "reference: TIDE", "reference: [TIDE",
        "pack.yaml", "line ", "valid YAML",
    ),
    "an unknown sector": (
        "conditions.yaml", "sectors: [fishing]", "sectors: [farming]",
        "conditions.yaml", "[0 “enough_fish”].sectors", "(fishing, navigation), got `farming`",
    ),
    "a sector that nobody leads": (
        "authorities.yaml", "leads: [fishing, navigation]", "leads: [fishing]",
        "authorities.yaml", "", "exactly one authority that leads `navigation`, got 0",
    ),
    "no central office": (
        "authorities.yaml", "kind: central", "kind: crosscutting",
        "authorities.yaml", "", "exactly one authority of the kind `central`, got 0",
    ),
    "an unknown metric": (
        "conditions.yaml", "metric: catch", "metric: haul",
        "conditions.yaml", "[0 “enough_fish”].threshold.metric", "a metric (catch), got `haul`",
    ),
    "another unit than the metric's": (
        "conditions.yaml", "unit: fish", "unit: tonnes",
        "conditions.yaml", "[0 “enough_fish”].threshold.unit", "the metric's unit `fish`",
    ),
    "a slice that the metric has not": (
        "conditions.yaml", "unit: fish", "unit: fish, slice: {dimension: moon}",
        "conditions.yaml", "[0 “enough_fish”].threshold.slice.dimension", "got `moon`",
    ),
    "a cap of a metric that is none": (
        "conditions.yaml", "metric: catch, aggregate: sum, on", "metric: moon, aggregate: sum, on",
        "conditions.yaml", "[2 “catch_cap”].cap.metric", "got `moon`",
    ),
    "a cap that is averaged": (
        "conditions.yaml", "aggregate: sum, on_breach", "aggregate: mean, on_breach",
        "conditions.yaml", "[2 “catch_cap”].cap", "what is used up is",
    ),
    "a threshold condition without one": (
        "conditions.yaml", "kind: duty", "kind: threshold",
        "conditions.yaml", "[1 “lantern”]", "`threshold` is needed for",
    ),
    "an impossible window": (
        "conditions.yaml", "unit: week}", "unit: hour}",
        "conditions.yaml", "[0 “enough_fish”].threshold.window", "a calendar window is one",
    ),
    "an unknown unit of a metric": (
        "metrics.yaml", "unit: fish", "unit: whales",
        "metrics.yaml", "metrics[0 “catch”].unit", "a unit (fish), got `whales`",
    ),
    "a condition on an unknown question": (
        "form.yaml", "{fact: crew, is: true}", "{fact: sailors, is: true}",
        "form.yaml", "sections[0 “vessel”].questions[5 “crew_names”].shown_when", "a question",
    ),
    "a comparison with nothing": (
        "form.yaml", "{fact: crew, is: true}", "{fact: crew}",
        "form.yaml", "sections[0 “vessel”].questions[5 “crew_names”].shown_when", "`fact` with",
    ),
    "a choice question without choices": (
        "form.yaml", "choices_from: sectors, ", "",
        "form.yaml", "sections[0 “vessel”].questions[2 “lead_sector”].choices", "Expected choices",
    ),
    "a table that lacks a column of its feed": (
        "form.yaml", "{key: target,", "{key: goal,",
        "form.yaml", "sections[1 “voyage”].questions[1 “metrics”].columns", "the column `target`",
    ),
    "a question key twice in the form": (
        "form.yaml", "key: months, kind", "key: net_size, kind",
        "form.yaml", "sections[1 “voyage”].questions[0 “net_size”].key", "each question's key once",
    ),
    "a feed that is missing": (
        "form.yaml", "feeds: title, ", "",
        "form.yaml", "sections", "one question that feeds `title`",
    ),
    "a self-check without a last word": (
        "self_check.yaml", "result: apply,", "result: apply, when: {fact: at_sea, is: true},",
        "self_check.yaml", "outcomes", "a last outcome without `when`",
    ),
    "a checklist line on an unknown question": (
        "assessment.yaml", "questions: [summary]", "questions: [hull]",
        "assessment.yaml", "screening[0 “floats”].questions", "got `hull`",
    ),
    "too few anchors": (
        "assessment.yaml", "{en: Some}, ", "",
        "assessment.yaml", "rubric.criteria[0 “use”].anchors", "3 anchors, for 0 to 2",
    ),
    "a reason on an unknown criterion": (
        "assessment.yaml", "criterion: use", "criterion: beauty",
        "assessment.yaml", "reasons[0 “useful”].criterion", "a criterion (use), got `beauty`",
    ),
    "a clock that the system needs": (
        "clocks.yaml", "key: decision", "key: verdict",
        "clocks.yaml", "", "the clock `decision`",
    ),
    "an event that never happens": (
        "clocks.yaml", "starts: application.submitted", "starts: application.sumbitted",
        "clocks.yaml", "[0 “acknowledgement”].starts", "got `application.sumbitted`",
    ),
    "a state that stops nothing": (
        "clocks.yaml", "stops: [returned]", "stops: [retuned]",
        "clocks.yaml", "[2 “screening”].stops", "got `retuned`",
    ),
    "an unknown unit of a question": (
        "form.yaml", "minimum: 1, label", "minimum: 1, unit: moons, label",
        "form.yaml", "sections[0 “vessel”].questions[3 “net_size”].unit", "got `moons`",
    ),
    "a test longer than the terms": (
        "form.yaml", "maximum: 6", "maximum: 36",
        "form.yaml", "sections[1 “voyage”].questions[0 “months”].maximum", "at most 6",
    ),
    "a test without a longest": (
        "form.yaml", ", maximum: 6", "",
        "form.yaml", "sections[1 “voyage”].questions[0 “months”].maximum", "at most 6",
    ),
    "a milestone after the longest test": (
        "milestones.yaml", "month: 1", "month: 13",
        "milestones.yaml", "[0 “first_tide”].month", "the longest test (12), got 13",
    ),
    "two severities at one level": (
        "incidents.yaml", "level: 1", "level: 0",
        "incidents.yaml", "severities", "each level once, got 0 2 times",
    ),
    "a week without a working day": (
        "pack.yaml", "weekend: [sunday]",
        "weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]",
        "pack.yaml", "jurisdiction.weekend", "at least one day of the week that is worked",
    ),
    "a state without a working day": (
        "pack.yaml", "weekend: [thursday]",
        "weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]",
        "pack.yaml", "jurisdiction.subdivisions[1 “south”].weekend", "at least one day",
    ),
    "money that no country has": (
        "pack.yaml", "code: XTS", "code: ZZZ",
        "pack.yaml", "jurisdiction.currency.code", "a currency's ISO 4217 code",
    ),
    "an authority in no subdivision": (
        "authorities.yaml", "subdivision: north", "subdivision: east",
        "authorities.yaml", "[1 “harbour_board”].subdivision", "got `east`",
    ),
    "an unknown incident fact": (
        "incidents.yaml", "{fact: sunk, is: true}", "{fact: drowned, is: true}",
        "incidents.yaml", "severities[1 “wreck”].when.fact", "got `drowned`",
    ),
    "no severity for the rest": (
        "incidents.yaml", "{en: Carry on.}", "{en: Carry on.}, when: {fact: sunk, is: false}",
        "incidents.yaml", "severities", "one severity without `when`",
    ),
    "an unknown authority": (
        "incidents.yaml", "authority: lead", "authority: coastguard",
        "incidents.yaml", "regimes[0 “wreck_report”].authority", "got `coastguard`",
    ),
    "an unknown severity": (
        "incidents.yaml", "is: wreck", "is: storm",
        "incidents.yaml", "regimes[0 “wreck_report”].when", "got `storm`",
    ),
    "no such time zone": (
        "pack.yaml", "Atlantic/Azores", "Atlantic/Veridia",
        "pack.yaml", "jurisdiction.timezone", "a time zone's IANA name",
    ),
    "no such default subdivision": (
        "pack.yaml", "default_subdivision: south", "default_subdivision: east",
        "pack.yaml", "jurisdiction.default_subdivision", "a subdivision (north, south), got `east`",
    ),
    "no such country of holidays": (
        "pack.yaml", "  holidays:\n", "  holidays:\n    country: XX\n",
        "pack.yaml", "jurisdiction.holidays.country", "a country code",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_pack_is_refused(
    tmp_path: Path, case: tuple[str, str, str, str, str, str]
) -> None:
    broken, old, new, file, field, expected = case
    pack = shutil.copytree(VERIDIA, tmp_path / "broken")
    path = pack / (broken if broken.endswith(".yaml") else "pack.yaml")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(PackError) as caught:
        library.load(pack)

    assert caught.value.file == file
    assert caught.value.field.startswith(field) if field == "line " else caught.value.field == field
    assert expected in caught.value.expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    pack = shutil.copytree(VERIDIA, tmp_path / "broken")
    (pack / "clocks.yaml").unlink()

    with pytest.raises(PackError, match=r"clocks\.yaml: Expected a readable file"):
        library.load(pack)


def test_a_stray_file_is_named(tmp_path: Path) -> None:
    pack = shutil.copytree(VERIDIA, tmp_path / "broken")
    (pack / "fees.yaml").write_text("[]")

    with pytest.raises(PackError, match=r"fees\.yaml: Expected only pack\.yaml"):
        library.load(pack)


def test_a_file_in_a_folder_is_named_with_it(tmp_path: Path) -> None:
    pack = shutil.copytree(VERIDIA, tmp_path / "broken")
    (pack / "conditions").mkdir()
    (pack / "conditions" / "more.yaml").write_text("- {key: oar, kind: duty}")

    with pytest.raises(PackError) as caught:
        library.load(pack)

    assert caught.value.file == "conditions/more.yaml"
    assert caught.value.field == "[0 “oar”]"
    assert "missing required field" in caught.value.expected


def test_a_pack_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = msgspec.structs.replace(library.settings, pack="atlantis")
    monkeypatch.setattr(library, "settings", elsewhere)

    with pytest.raises(PackError, match="PACK: atlantis: Expected a folder with a pack, or one of"):
        library.home()
