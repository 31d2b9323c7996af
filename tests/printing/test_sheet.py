"""Sheets: what is set stands where it was to stand, and equal input is an equal file."""

from datetime import UTC, datetime

import pytest

from forum.printing.sheet import A6, Box, Sheets, Style
from tests.paper import Paper

MADE = datetime(2023, 11, 1, 9, tzinfo=UTC)
BOX = Box(10, 20, 80, 30)


def set_text(text: str, style: Style) -> bytes:
    """A sheet with nothing but a text in a box."""
    sheets = Sheets(A6, "Test", "en", MADE)
    sheets.add_sheet()
    sheets.write(text, BOX, style)
    return sheets.to_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "لا تُلزم هذه الرسالةُ المنظّمين بتحمّل أيّ تكاليف",
        "مُحَمَّد بن عَبدِ اللّٰه",
        "שָׁלוֹם דָּוִד",
        "Nguyễn Thị q\u0308uỳnh",
        "हिन्दी क्षत्रिय",
    ],
)
@pytest.mark.parametrize("align", ["left", "right"])
def test_letters_with_marks_join_and_stay_in_the_box(text: str, align: str) -> None:
    style = Style(points=(20, 20), align="left" if align == "left" else "right")

    ink = Paper(set_text(text, style)).ink_mm()

    left, right = min(box[0] for box in ink), max(box[2] for box in ink)
    assert BOX.x - 0.5 <= left
    assert right <= BOX.x + BOX.width + 0.5
    assert (left if align == "left" else BOX.x + BOX.width - right) < (BOX.x + 12 if align == "left" else 12)


def test_text_is_put_into_the_middle() -> None:
    ink = Paper(set_text("x", Style(points=(20, 20), align="center", valign="middle"))).ink_mm()

    (left, top, right, bottom) = ink[0]
    assert abs((left + right) / 2 - 50) < 0.5
    assert abs((top + bottom) / 2 - 35) < 2


def test_equal_input_is_an_equal_file() -> None:
    style = Style(points=(20, 10))

    assert set_text("Amina 王 محمد", style) == set_text("Amina 王 محمد", style)


@pytest.mark.parametrize("side", [12, 40])
def test_code_is_read_back_at_any_size(side: float) -> None:
    sheets = Sheets(A6, "Test", "en", MADE)
    for _ in range(2):
        sheets.add_sheet()
        sheets.draw_qr("https://forum.test/v1/letter-checks/abc", Box(20, 30, side, side))

    paper = Paper(sheets.to_bytes())

    assert [paper.code(page) for page in range(2)] == ["https://forum.test/v1/letter-checks/abc"] * 2
