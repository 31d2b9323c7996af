"""Workbooks, read back with nothing but a ZIP and an XML reader."""

import io
import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from forum.sheets import Workbook
from forum.tables import Cell

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_workbook(data: bytes) -> list[list[str | int | None]]:
    """The cells of the only sheet; checks that every part is typed and every relation leads somewhere."""
    with ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    typed = {part.get("PartName") for part in parts["[Content_Types].xml"] if part.get("PartName")}
    assert typed == {f"/{name}" for name in parts if not name.endswith(".rels") and name != "[Content_Types].xml"}
    (workbook,), (sheet,) = parts["_rels/.rels"], parts["xl/_rels/workbook.xml.rels"]
    assert workbook.get("Target") == "xl/workbook.xml"
    rows = parts[f"xl/{sheet.get('Target')}"].findall(f"{MAIN}sheetData/{MAIN}row")
    return [[_value(cell) for cell in row.findall(f"{MAIN}c")] for row in rows]


def _value(cell: ElementTree.Element) -> str | int | None:
    assert cell.find(f"{MAIN}f") is None
    if (number := cell.find(f"{MAIN}v")) is not None:
        return int(number.text or "")
    if (text := cell.find(f"{MAIN}is/{MAIN}t")) is None:
        return None
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text.text or "")


def write(rows: list[list[Cell]]) -> bytes:
    """A workbook with the header `name`."""
    workbook = Workbook(["name"])
    workbook.write(rows)
    workbook.close()
    return workbook.take()


def test_workbook_is_read_back() -> None:
    rows: list[list[Cell]] = [["a", -3, None, "", date(2023, 12, 13), datetime(2023, 12, 13, 8, tzinfo=UTC)], []]

    assert read_workbook(write(rows)) == [["name"], ["a", -3, None, None, "2023-12-13", "2023-12-13T08:00:00Z"], []]


@pytest.mark.parametrize(
    "text", ["=1+1", "@SUM(A1)", "<&>\"'", " x ", "a\nb\tc", "أمينة 田中 😀", "_x0041_", "_x", "00123"]
)
def test_text_stays_text(text: str) -> None:
    assert read_workbook(write([[text]])) == [["name"], [text]]


def test_characters_that_xml_does_not_know_are_left_out() -> None:
    assert read_workbook(write([["a\x00b\x1fc\ufffed\ud800e"]])) == [["name"], ["abcde"]]


def test_workbook_is_sent_while_it_is_written_and_the_same_each_time() -> None:
    def parts() -> list[bytes]:
        workbook = Workbook(["name"])
        sent = [workbook.take()]
        for page in range(3):
            workbook.write([[f"{n * 7919 % 1009} {page}"] for n in range(20_000)])
            sent.append(workbook.take())
        workbook.close()
        return [*sent, workbook.take(), workbook.take()]

    sent = parts()

    assert len(read_workbook(b"".join(sent))) == 60_001
    assert [part > b"" for part in sent] == [True] * 5 + [False]
    assert max(map(len, sent)) < len(b"".join(sent)) / 2
    assert parts() == sent
