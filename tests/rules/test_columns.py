"""Columns of files: guessed rightly, read as written, and what is wrong is told by its cell."""

from __future__ import annotations

import resource
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.foundation.errors import InvalidInput
from sandbox.telemetry.rules import columns, guessing
from sandbox.telemetry.rules import delivery as rules
from sandbox.telemetry.rules.cells import Cell, moment, number
from sandbox.telemetry.rules.columns import Known, Map
from sandbox.telemetry.wire import sheets, workbook_process
from tests import workbooks

KL = "Asia/Kuala_Lumpur"
KNOWN = [
    Known(key="sensitivity", names=("Diagnostic sensitivity", "Kepekaan diagnostik"),
          slices=("site", "language")),
    Known(key="false_positives", names=("False positives",), slices=()),
]  # fmt: skip


def guessed(text: str, known: list[Known] = KNOWN) -> Map:
    """The guess for a CSV file."""
    sheet = sheets.read("f.csv", text.encode())
    return guessing.guess(sheet.heads, sheet.column, known, KL)


def read(text: str) -> tuple[list[tuple[str, str, str, float, int]], list[tuple[int, int]]]:
    """The figures that the guess reads, and the row and column of what is wrong."""
    sheet = sheets.read("f.csv", text.encode())
    of = guessing.guess(sheet.heads, sheet.column, KNOWN, KL)
    assert columns.problems(of, KNOWN) == {}
    found, wrong = columns.delivery(sheet.rows, of, KNOWN)
    figures = [
        (
            found.names[found.name[n]].metric,
            "|".join(":".join(pair) for pair in found.names[found.name[n]].attributes),
            rules.moment(found.at[n]).isoformat(), float(found.value[n]), int(found.n[n]),
        )
        for n in range(len(found))
    ]  # fmt: skip
    return figures, [(one.row, one.place) for one in wrong]


@pytest.mark.parametrize(
    ("text", "roles", "times", "decimal"),
    [
        ("metric,at,value,n,slice\nsensitivity,2026-11-01T00:00:00+08:00,0.9,5,site:Tawau\n",
         ["metric", "time", "value", "n", "slice"], "iso", "."),
        ("Tarikh;Kepekaan diagnostik;Bilangan\n23/11/2026;0,93;40\n",
         ["time", "figures:sensitivity", "n"], "dmy", ","),
        ("Day\tSensitivity\tFalse positives (%)\tSite\n11/23/2026\t0.9\t2\tTawau\n",
         ["time", "figures:sensitivity", "figures:false_positives", "part:site"], "mdy", "."),
        ("when was it,what,result\n2026-11-01,False positives,3\n2026-11-02,Sensitivity,0.9\n",
         ["time", "metric", "value"], "iso", "."),
        ("timestamp,sensitivity\n1793000000,0.9\n", ["time", "figures:sensitivity"], "epoch", "."),
        ("a,b\nx,y\n", ["", ""], "iso", "."),
    ],
)  # fmt: skip
def test_columns_are_guessed(text: str, roles: list[str], times: str, decimal: str) -> None:
    found = guessed(text)
    assert (found.roles, found.times, found.decimal) == (roles, times, decimal)


def test_one_metric_needs_no_name() -> None:
    assert guessed("date,result\n2026-11-01,0.9\n", KNOWN[:1]).roles == [
        "time", "figures:sensitivity",
    ]  # fmt: skip


def test_a_wide_file_is_read_with_what_is_wrong() -> None:
    figures, wrong = read(
        "Date,Site,Sensitivity,False positives\n"
        "01/11/2026,Tawau,0.93,2\n"
        "\n"
        "02/11/2026,,0.9,many\n"
        "someday,,0.9,1\n"
        "2/11/2026 3:30 pm,,,=1+1\n"
    )
    assert figures == [
        ("sensitivity", "site:Tawau", "2026-11-01T16:00:00+00:00", 0.93, 1),
        ("false_positives", "site:Tawau", "2026-11-01T16:00:00+00:00", 2.0, 1),
        ("sensitivity", "", "2026-11-02T16:00:00+00:00", 0.9, 1),
    ]
    assert wrong == [(4, 3), (5, 0), (6, 3)]


def test_a_long_file_is_read() -> None:
    figures, wrong = read(
        "metric,at,value,n,slice\n"
        "Diagnostic sensitivity,2026-11-01T10:00:00Z,0.9,12,site:Tawau\n"
        "other thing,2026-11-01T10:00:00Z,4,,\n"
        "sensitivity,2026-11-01T10:00:00Z,0.9,2.5,\n"
        "sensitivity,2026-11-01T10:00:00Z,0.9,1,Tawau\n"
        ",2026-11-01T10:00:00Z,0.9,1,\n"
    )
    assert figures == [
        ("sensitivity", "site:Tawau", "2026-11-01T10:00:00+00:00", 0.9, 12),
        ("other thing", "", "2026-11-01T10:00:00+00:00", 4.0, 1),
    ]
    assert wrong == [(4, 3), (5, 4), (6, 0)]


@pytest.mark.parametrize(
    ("cell", "times", "wanted"),
    [
        ("23/11/2026", "dmy", "2026-11-23T16:00:00+00:00"),
        ("23.11.26 09.30", "dmy", "2026-11-23T01:30:00+00:00"),
        ("11/23/2026 12:05 am", "mdy", "2026-11-22T16:05:00+00:00"),
        ("2026-11-23 15:00", "iso", "2026-11-23T07:00:00+00:00"),
        ("2026-11-23T15:00:00Z", "iso", "2026-11-23T15:00:00+00:00"),
        ("2026-11-23", "iso", "2026-11-23T16:00:00+00:00"),
        (46349.0, "days", "2026-11-23T16:00:00+00:00"),
        (46349.5, "days", "2026-11-23T04:00:00+00:00"),
        ("31/02/2026", "dmy", None),
        ("23/11/2026", "mdy", None),
        ("1e999", "epoch", None),
        ("", "iso", None),
    ],
)
def test_a_moment_is_read_as_it_is_written(cell: Cell, times: str, wanted: str | None) -> None:
    found = moment(cell, times, ZoneInfo(KL))
    assert (found.isoformat() if found else None) == wanted


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_what_is_written_in_iso_comes_back(at: datetime) -> None:
    assert moment(at.isoformat(" "), "iso", UTC) == at.replace(tzinfo=UTC)


@given(st.floats(-1e12, 1e12, allow_nan=False), st.sampled_from([".", ","]))
def test_a_number_comes_back(value: float, sign: str) -> None:
    assert number(repr(value).replace(".", sign), sign) == value


@given(st.text(max_size=20), st.sampled_from(list(columns.TIMES)))
def test_nothing_breaks_the_reading_of_a_cell(text: str, times: str) -> None:
    moment(text, times, UTC)
    number(text, ".")
    number(text, ",")


def test_grouped_thousands_are_numbers() -> None:
    assert number("1,250.5", ".") == number("1.250,5", ",") == 1250.5
    assert number("1.250,5", ".") is None
    assert number("NaN", ".") is None


def test_shares_are_percentages_where_that_is_said() -> None:
    known = [Known(key="rate", names=(), slices=(), percent=True),
             Known(key="cases", names=(), slices=())]  # fmt: skip
    sheet = sheets.read("f.csv", b"at,rate,cases\n2026-11-01,0.29,1\n2026-11-02,93%,0.5\n")
    of = guessing.guess(sheet.heads, sheet.column, known, KL)
    found, _wrong = columns.delivery(sheet.rows, of, known)
    assert found.value.tolist() == [0.29, 1, 93, 0.5]
    assert columns.like_shares(found, known) == []
    assert columns.like_shares(columns.only(found, slice(0, 2)), known) == ["rate"]
    said = columns.from_form({"role_0": "time", "role_1": "figures:rate", "role_2": "figures:cases",
                              "shares": "1"}, 3)  # fmt: skip
    found, _wrong = columns.delivery(sheet.rows, said, known)
    assert found.value.tolist() == [29, 1, 93, 0.5]


def test_problems_are_told_where_they_are() -> None:
    def told(*roles: str) -> set[str]:
        return set(columns.problems(Map(roles=list(roles)), KNOWN))

    assert told("time", "figures:sensitivity", "part:site") == set()
    assert told("figures:sensitivity") == {"role"}
    assert told("time", "value") == {"role"}
    assert told("time", "time", "figures:sensitivity") == {"role_1"}
    assert told("time", "figures:nonsense") == {"role_1", "role"} - {"role"}
    assert told("time", "metric", "value", "figures:sensitivity") == {"role"}
    assert told("time", "figures:sensitivity", "slice", "part:site") == {"role"}


# Workbooks ---------------------------------------------------------------------------------


def refused(content: bytes, name: str = "f.xlsx") -> str:
    """Why a file is refused."""
    with pytest.raises(InvalidInput) as caught:
        sheets.read(name, content)
    return caught.value.errors["file"]


def test_a_workbook_is_read() -> None:
    sheet = sheets.read(
        "f.xlsx", workbooks.workbook([["at", "sensitivity"], ["x", 0.5], [46349, 2]])
    )
    assert sheet.heads == ["at", "sensitivity"]
    assert sheet.rows == [(2, ["x", 0.5]), (3, [46349.0, 2.0])]
    assert sheet.name == "Figures"


def test_a_formula_is_the_value_saved_with_it() -> None:
    xml = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>at</t></is></c></row>'
        '<row r="2"><c r="A2"><f>WEBSERVICE("http://x.test")</f><v>3</v></c></row>'
    )
    assert sheets.read("f.xlsx", workbooks.workbook([], xml=xml)).rows == [(2, [3.0])]


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576", "XFD2"])
def test_a_cell_far_out_does_not_make_the_field_before_it(place: str) -> None:
    digits = "".join(sign for sign in place if sign.isdigit())
    xml = f"<row r='{digits}'><c  r = '{place}'><v>1</v></c></row>"
    assert "beyond" in refused(workbooks.workbook([], xml=xml))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = workbooks.packed({"xl/worksheets/sheet1.xml": b" " * (sheets.MOST_UNZIPPED + 1)})
    assert len(bomb) < 1_000_000
    assert "once it is unpacked" in refused(bomb)


def test_a_sentence_in_a_million_cells_is_not_a_million_sentences() -> None:
    """One shared string of 5 MB, meant by 50,000 cells: 250 GB."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 50_000))
    content = workbooks.packed(
        {
            "xl/worksheets/sheet1.xml": workbooks.sheet(cells),
            "xl/sharedStrings.xml": workbooks.strings("x" * 5_000_000),
        },
        shared=True,
    )
    assert refused(content)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert peak < 1.2 * workbook_process.MEMORY


def test_a_shared_string_is_read() -> None:
    """The bomb above is one for its size, not for its kind."""
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    content = workbooks.packed(
        {
            "xl/worksheets/sheet1.xml": workbooks.sheet(cells),
            "xl/sharedStrings.xml": workbooks.strings("at"),
        },
        shared=True,
    )
    assert sheets.read("f.xlsx", content).heads == ["at"]


def test_a_date_is_a_day_and_a_time_is_a_moment() -> None:
    rows = (
        '<row r="3"><c r="B3" t="inlineStr"><is><t>at</t></is></c></row>'
        '<row r="5"><c r="B5" t="d"><v>2026-11-23T15:30:00</v></c><c r="C5" t="b"><v>1</v></c>'
        '<c r="D5" t="e"><v>#DIV/0!</v></c></row>'
    )
    sheet = sheets.read("f.xlsx", workbooks.workbook([], xml=rows))
    ((number_, cells),) = sheet.rows
    assert (number_, len(cells)) == (5, 2)
    assert moment(cells[1], "iso", ZoneInfo(KL)) == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.xlsx", workbooks.packed({"xl/worksheets/sheet1.xml": b"<nonsense"})),
        ("f.xlsx", workbooks.workbook([["only heads"]])),
        ("f.csv", b"only,heads\n"),
        ("f.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n'),
        ("f.csv", b"a,b\n" + b"," * 200_000 + b"\n"),
        ("f.csv", b"a,b\n" + (b"," * 90_000 + b"\n") * 12),
        ("f.csv", ",".join(["c"] * 61).encode() + b"\n1\n"),
        ("f.csv", b"a\n" + b"1\n" * (sheets.MOST_ROWS + 1)),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(name: str, content: bytes) -> None:
    assert refused(content, name)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        sheets.read("f.xlsx", content)


def test_a_row_and_a_column_are_found_again() -> None:
    text = "at,sensitivity\n2026-11-01,0.9\n2026-11-02,0.8\n"
    sheet = sheets.read("f.csv", text.encode())
    of = guessing.guess(sheet.heads, sheet.column, KNOWN, KL)
    found, _wrong = columns.delivery(sheet.rows, of, KNOWN)
    assert [(columns.row_of(line), columns.place_of(line)) for line in found.line.tolist()] == [
        (2, 1), (3, 1),
    ]  # fmt: skip
    assert rules.moment(found.at[1]) - rules.moment(found.at[0]) == timedelta(days=1)
