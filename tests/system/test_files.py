"""Files: judged by their content, kept in storage, given back as downloads."""

from __future__ import annotations

import hashlib
import io
import zipfile
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.response import Stream

from sandbox.foundation import files, storage
from sandbox.foundation.database import fetch
from sandbox.foundation.errors import InvalidInput, NotFound, RuleBroken
from sandbox.foundation.files import checked
from sandbox.foundation.tables import StoredFile
from sandbox.foundation.work import work_of
from sandbox.people.person import SYSTEM

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def _zipped(*members: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for member in members:
            archive.writestr(member, "<x/>")
    return body.getvalue()


# Judging ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("plan.pdf", PDF, "application/pdf"),
        ("Screen.PNG", PNG, "image/png"),
        ("points.csv", b"series,value\na,1\n", "text/csv"),
        ("notes.txt", "Ujian – semak".encode(), "text/plain"),
        (
            "model.docx",
            _zipped("word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "table.xlsx",
            _zipped("xl/workbook.xml"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ],
)
def test_a_file_that_is_what_its_name_says_is_taken(
    name: str, content: bytes, media_type: str
) -> None:
    file = checked(name, content)
    assert (file.name, file.media_type, file.content) == (name, media_type, content)
    assert file.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.pdf", b"", "This file is empty"),
        ("page.pdf", b"<html><script>alert(1)</script>", "The content is not what the name says"),
        ("picture.png", PDF, "The content is not what the name says"),
        ("table.csv", PNG, "The content is not what the name says"),
        ("text.docx", _zipped("anything"), "The content is not what the name says"),
        (
            "macros.docx",
            _zipped("word/document.xml", "word/vbaProject.bin"),
            "The content is not what the name says",
        ),
        ("broken.xlsx", b"PK\x03\x04 not a zip", "The content is not what the name says"),
        ("page.html", b"<html>", "Choose a file of one of these kinds"),
        ("drawing.svg", b"<svg/>", "Choose a file of one of these kinds"),
        ("program.exe", b"MZ", "Choose a file of one of these kinds"),
        ("nothing", PDF, "Choose a file of one of these kinds"),
    ],
)
def test_anything_else_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        checked(name, content, "plan")
    assert refusal.value.errors["plan"].startswith(words)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 10)
    with pytest.raises(InvalidInput, match="larger"):
        checked("notes.txt", b"01234567890")


@given(st.text(max_size=300))
def test_no_name_leads_out_of_its_place(name: str) -> None:
    safe = files._safe_name(name)
    assert 0 < len(safe) <= 200
    assert not {"/", "\\", "\0", "\n"} & set(safe)
    assert safe not in {".", ".."}


# Keeping and giving ----------------------------------------------------------------------


async def _kept(name: str = "Résumé of results.csv", content: bytes = b"a,b\n1,2\n") -> StoredFile:
    async with work_of(SYSTEM) as work:
        return await files.store(
            work, checked(name, content), case=uuid4(), kind="upload", made_by=None
        )


@pytest.mark.usefixtures("database")
async def test_a_kept_file_is_read_back_whole() -> None:
    content = b"x" * (3 * storage.CHUNK + 7)
    stored = await _kept("long.txt", content)
    (row,) = await fetch("SELECT * FROM stored_file")
    assert (row["id"], row["size"], row["sha256"]) == (
        stored.id,
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    assert await storage.get(row["path"]) == content
    assert b"".join([piece async for piece in storage.stream(row["path"])]) == content


@pytest.mark.usefixtures("database")
async def test_an_upload_comes_back_as_a_download_that_no_browser_runs() -> None:
    response = await files.response_for(await _kept())
    assert isinstance(response, Stream)
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''R%C3%A9sum%C3%A9%20of%20results.csv"
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.usefixtures("database")
async def test_only_a_pdf_of_ours_opens_in_the_browser() -> None:
    async with work_of(SYSTEM) as work:
        letter = await files.keep(
            work, name="letter.pdf", content=PDF, media_type="application/pdf", kind="letter"
        )
    upload = await _kept("plan.pdf", PDF)
    ours, theirs = [await files.response_for(file) for file in (letter, upload)]
    assert ours.headers["Content-Disposition"].startswith("inline")
    assert theirs.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.usefixtures("database")
async def test_a_work_that_fails_leaves_no_row() -> None:
    async def fail() -> None:
        async with work_of(SYSTEM) as work:
            await files.keep(work, name="x.csv", content=b"a", media_type="text/csv", kind="data")
            raise RuleBroken("test", "no")

    with pytest.raises(RuleBroken):
        await fail()
    assert await fetch("SELECT FROM stored_file") == []


async def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        await storage.get("upload/none")
    with pytest.raises(NotFound):
        async for _piece in storage.stream("upload/none"):
            pass


async def test_the_storage_checks_itself_and_leaves_nothing() -> None:
    await storage.check()
    with pytest.raises(NotFound):
        await storage.get("check/written")
