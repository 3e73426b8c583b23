"""Files of figures in a browser: brought, understood, looked at, taken or left, never lost."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import httpx
import pytest

from sandbox.foundation import clock
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import NotFound
from sandbox.foundation.storage import get
from sandbox.people.person import Person
from sandbox.pilots.tables import Pilot
from sandbox.telemetry import commands
from tests import workbooks
from tests.harness import Visitor, words
from tests.system.test_collectors import pilot, stored
from tests.system.test_pilots import people

__all__ = ["people", "pilot"]  # the fixtures

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
async def firm(client: Visitor, people: dict[str, Person]) -> Visitor:
    """The founder's browser."""
    return await client.sign_in(people["founder"])


def day(ago: int) -> datetime:
    """Noon so many days ago, on the clock of the pilot."""
    return clock.now().replace(hour=4, minute=0, second=0, microsecond=0) - timedelta(days=ago)


def lines(*rows: str, head: str = "Tarikh;Kepekaan diagnostik;Bilangan") -> bytes:
    """A file as a firm has it: not in our words and not in our order."""
    return "\n".join([head, *rows, ""]).encode()


async def bring(
    firm: Visitor, pilot: Pilot, content: bytes, name: str = "figures.csv"
) -> httpx.Response:
    """Choose a file and press the button."""
    kind = XLSX if name.endswith(".xlsx") else "text/csv"
    return await firm.submit(f"/pilots/{pilot.id}/telemetry", files={"file": (name, content, kind)})


async def brought(
    firm: Visitor, pilot: Pilot, content: bytes, name: str = "figures.csv"
) -> tuple[str, str]:
    """The address of a file that waits, and what its page says."""
    answer = await bring(firm, pilot, content, name)
    assert answer.status_code == 303, words(answer.text)
    path = answer.headers["location"]
    return path, await firm.text(path)


async def press(firm: Visitor, path: str, do: str, **fields: str) -> str:
    """What the page says once a button of it was pressed."""
    answer = await firm.submit(path, {"do": do, **fields}, follow_redirects=True)
    assert answer.status_code == 200, words(answer.text)
    return words(answer.text)


async def told(firm: Visitor, path: str) -> list[list[str]]:
    """The rows of the file of what is not taken, without its head."""
    answer = await firm.get(f"{path}/errors.csv")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.text)))[1:]


async def test_a_file_is_understood_looked_at_and_taken(firm: Visitor, pilot: Pilot) -> None:
    on = [f"{day(ago):%d/%m/%Y}" for ago in (3, 2, 1)]
    content = lines(f"{on[0]};0,93;40", f"{on[1]};0,95;50", f"{on[2]};=1+1;9", "kelmarin;1;1")
    path, page = await brought(firm, pilot, content)
    assert "4 rows were read." in page
    assert "Take 2 figures" in page
    assert "This is not a number" in page
    assert await stored() == []
    assert await told(firm, path) == [
        ["4", "Kepekaan diagnostik", "'=1+1", "This is not a number"],
        ["5", "Tarikh", "kelmarin", "The time cannot be read so"],
    ]
    assert "figures.csv" in await firm.text(f"/pilots/{pilot.id}/telemetry")
    page = await press(firm, path, "take")
    assert "2 cells were not taken" in page
    assert await stored() == [("sensitivity", "", 0.93), ("sensitivity", "", 0.95)]
    assert [row["n"] for row in await fetch("SELECT n FROM point ORDER BY at")] == [40, 50]
    assert len(await told(firm, path)) == 2
    assert "CSV, 2 points" in await firm.text(f"/pilots/{pilot.id}/telemetry")
    with pytest.raises(NotFound):  # the file may have held more than was meant
        await get((await fetch("SELECT path FROM figure_upload"))[0]["path"])


async def test_a_file_brought_again_changes_nothing_and_says_so(
    firm: Visitor, pilot: Pilot
) -> None:
    row = f"{day(2):%d/%m/%Y};0,93;40"
    content = lines(row, row, f"{day(2):%d/%m/%Y};0,5;40")  # the first counts, whenever it comes
    for number in range(2):
        path, page = await brought(firm, pilot, content)
        assert [one[0] for one in await told(firm, path)] == ["4"]
        assert ("Nothing would change" in page) is (number == 1)
        page = await press(firm, path, "take")
        assert await stored() == [("sensitivity", "", 0.93)]
        assert await fetch("SELECT 1 FROM replaced_point") == []
    path, page = await brought(firm, pilot, lines(row))
    assert "Nothing has changed" in await press(firm, path, "take")
    path, page = await brought(firm, pilot, lines(row.replace("0,93", "0,94")))
    assert "the old one is kept beside it" in page
    await press(firm, path, "take")
    assert await stored() == [("sensitivity", "", 0.94)]


async def test_columns_that_are_not_guessed_are_said(firm: Visitor, pilot: Pilot) -> None:
    at = f"{day(2):%m/%d/%Y}"  # nobody can guess that the month comes first
    path, page = await brought(firm, pilot, lines(f"{at},0.9", head="x,y"))
    assert "Not everything could be guessed" in page
    assert "Take" not in page.replace("Take nothing", "")
    wrong = {"role_0": "", "role_1": "time", "times": "iso", "zone": "UTC", "decimal": "."}
    answer = await firm.submit(path, {"do": "look", **wrong})
    assert answer.status_code == 422
    assert "Say which columns hold figures" in answer.text
    right = {**wrong, "role_0": "time", "role_1": "figures:sensitivity", "times": "mdy"}
    # What was changed is looked at before it is taken.
    assert "look at what will be taken" in await press(firm, path, "take", **right)
    assert await stored() == []
    assert "All figures are in" in await press(firm, path, "take", **right)
    assert [value for _m, _s, value in await stored()] == [0.9]
    (row,) = await fetch("SELECT at FROM point")
    assert row["at"].hour == 0, "the day's end in the zone that was chosen"


async def test_a_workbook_is_taken_as_a_file_is(firm: Visitor, pilot: Pilot) -> None:
    serial = (day(2).replace(tzinfo=None) - datetime(1899, 12, 30)).days  # noqa: DTZ001
    content = workbooks.workbook([["Day", "Sensitivity"], [serial, 0.91], ["?", 1]])
    path, page = await brought(firm, pilot, content, "Figures.XLSX")
    assert "The sheet “Figures” is used." in page
    page = await press(firm, path, "take")
    assert "1 cell was not taken" in page
    assert await stored() == [("sensitivity", "", 0.91)]
    assert "XLSX, 1 point" in await firm.text(f"/pilots/{pilot.id}/telemetry")


async def test_a_file_that_is_left_is_forgotten(firm: Visitor, pilot: Pilot) -> None:
    path, _page = await brought(firm, pilot, lines(f"{day(2):%d/%m/%Y};0,93;40"))
    await press(firm, path, "leave")
    assert "Nothing was taken" in await firm.text(path)
    assert await stored() == []
    answer = await firm.submit(path, {"do": "leave"}, follow_redirects=True)
    assert "taken or discarded before" in words(answer.text)
    waits, _page = await brought(firm, pilot, lines(f"{day(1):%d/%m/%Y};0,93;40"))
    assert await commands.forget_files() == 0
    with clock.at(clock.now() + timedelta(days=15)):
        assert await commands.forget_files() == 1
        assert await commands.forget_files() == 0
    assert "Nothing was taken" in await firm.text(waits)
    for row in await fetch("SELECT path FROM figure_upload"):
        with pytest.raises(NotFound):
            await get(row["path"])


async def test_more_figures_than_one_delivery_holds_are_taken_in_parts(
    firm: Visitor, pilot: Pilot
) -> None:
    begin = day(8)
    times = [begin + timedelta(seconds=30 * number) for number in range(12_000)]
    before = [begin - timedelta(days=30, seconds=number) for number in range(1_500)]
    rows = [f"{at.isoformat()},0.9" for at in times + before]
    path, page = await brought(firm, pilot, lines(*rows, head="time,sensitivity"))
    assert "Take 12,000 figures" in page
    refused = [int(line) for line, *_rest in await told(firm, path)]
    assert refused == list(range(12_002, 13_502)), "every one, by its line"
    assert "The first 50 are listed." in page
    assert "1,500 cells were not taken" in await press(firm, path, "take")
    (row,) = await fetch("SELECT count(*) AS points FROM point")
    assert row["points"] == 12_000


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("f.csv", b"only heads\n", "needs a line that names the columns"),
        ("f.pdf", b"%PDF-1.7\n", "of one of these kinds: CSV, XLSX"),
        ("f.xlsx", b"not a workbook", "not what the name says"),
        ("f.xlsx", workbooks.packed({"xl/worksheets/sheet1.xml": b"<nonsense"}), "cannot be read"),
    ],
)
async def test_what_cannot_be_used_is_refused_beside_the_field(
    firm: Visitor, pilot: Pilot, name: str, content: bytes, said: str
) -> None:
    answer = await bring(firm, pilot, content, name)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert await fetch("SELECT 1 FROM figure_upload") == []
    nothing = await firm.submit(f"/pilots/{pilot.id}/telemetry")
    assert "Choose a file" in words(nothing.text)


async def test_only_so_many_files_wait(firm: Visitor, pilot: Pilot) -> None:
    for _ in range(10):
        await brought(firm, pilot, lines("x;1;1"))
    answer = await bring(firm, pilot, lines("x;1;1"))
    assert answer.status_code == 422
    assert "10 files wait already" in words(answer.text)


async def test_shares_of_one_are_asked_about_where_percent_are_meant(
    firm: Visitor, pilot: Pilot
) -> None:
    await fetch("UPDATE metric SET unit = 'percent' WHERE key = 'sensitivity'")
    path, page = await brought(firm, pilot, lines(f"{day(2):%d/%m/%Y};0,93;40"))
    assert "no value is above 1" in page
    assert "0.93%" in page
    fields = {
        "role_0": "time", "role_1": "figures:sensitivity", "role_2": "n", "times": "dmy",
        "zone": "UTC", "decimal": ",", "shares": "1",
    }  # fmt: skip
    page = await press(firm, path, "look", **fields)
    assert "no value is above 1" not in page
    assert " 93% " in page
    await press(firm, path, "take")
    assert await stored() == [("sensitivity", "", 93.0)]
