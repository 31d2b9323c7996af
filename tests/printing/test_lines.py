"""How text is set: order, lines, sizes. What stands where on paper is seen in the tests of badges and letters."""

from datetime import date

import pytest

from forum.printing.fonts import choose_faces, printable
from forum.printing.lines import ELLIPSIS, LEADING, MM_PER_POINT, Paragraph, isolate, reads_right_to_left
from forum.printing.names import country_name, date_range, full_name

WIDE, HIGH = 93.0, 33.0
SCRIPTS = {
    "Latin": "Nguyễn-Đorđević Ñandúbúz ",
    "Cyrillic": "Константинопольская ",
    "Arabic": "عبد الرحمن المهاجر ",
    "Hebrew": "בן־גוריון ירושלמי ",
    "Chinese": "欧阳司马上官诸葛东方",
    "Ethiopic": "አበበ ቢቂላ ገብረ ሥላሴ ",
}


def shown(text: str, width_mm: float = 1000, is_rtl: bool | None = None) -> list[list[str]]:
    """The runs of each line, from left to right."""
    setting = Paragraph(text, is_rtl=is_rtl).fit(width_mm, 1000, (10, 5))
    return [[run.text for run in line] for line in setting.lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Amina أمينة 1234 العربية x", ["Amina ", " العربية", "1234", "أمينة ", " x"]),
        ("محمد (Ahmad 2023) من جنيف", [") من جنيف", "Ahmad 2023", "محمد ("]),
        ("דוד Ben 42", ["Ben 42", "דוד "]),
        ("Anna Иванова", ["Anna Иванова"]),
        (f"{isolate('Amina')} {isolate('الأحمد')}", ["Amina", " ", "الأحمد"]),
    ],
)
def test_directions_are_mixed_as_the_algorithm_says(text: str, expected: list[str]) -> None:
    assert shown(text) == [expected]


def test_isolated_names_keep_their_places_in_a_line_from_the_right() -> None:
    assert shown(f"{isolate('محمد')} {isolate('(Ahmad)')}", is_rtl=True) == [["(Ahmad)", " ", "محمد"]]


def test_direction_is_that_of_the_first_letter() -> None:
    assert [reads_right_to_left(text) for text in ("12 אב", "(Ali) علي", "علي (Ali)", "123", "")] == [
        True, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_long_text_stays_in_its_box_and_loses_no_letter(script: str) -> None:
    text = (SCRIPTS[script] * 20)[:120].strip()

    setting = Paragraph(text, "bold").fit(WIDE, HIGH, (32, 5))

    assert max(setting.width_mm(line) for line in setting.lines) <= WIDE
    assert len(setting.lines) * setting.points * MM_PER_POINT * LEADING <= HIGH
    assert sorted("".join(run.text for line in setting.lines for run in line).replace(" ", "")) == sorted(
        text.replace(" ", "")
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_one_endless_word_is_broken(script: str) -> None:
    text = (SCRIPTS[script].replace(" ", "") * 40)[:300]

    setting = Paragraph(text, "bold").fit(WIDE, HIGH, (32, 5))

    assert max(setting.width_mm(line) for line in setting.lines) <= WIDE
    assert setting.height_mm <= HIGH
    assert sum(len(run.text) for line in setting.lines for run in line) == 300


def test_what_fits_at_no_size_ends_with_an_ellipsis() -> None:
    setting = Paragraph("word " * 400).fit(40, 5, (9, 6))

    assert setting.height_mm <= 5
    assert setting.lines[-1][-1].text.endswith(ELLIPSIS)


def test_lines_break_where_readers_expect() -> None:
    assert [["".join(line)] for line in shown("北京，上海（中国）", width_mm=11)] == [
        ["北京，"],
        ["上海"],
        ["（中"],
        ["国）"],
    ]
    assert shown("Jean-Paul", width_mm=11) == [["Jean-"], ["Paul"]]
    assert shown("one two", width_mm=8) == [["one"], ["two"]]


def test_each_character_has_a_typeface_or_a_question_mark() -> None:
    every = "Ăđ Ωж عב 中文 한국 かな አ မ বা தமி ខ្មែរ ລາວ සිං Հայ ქართ ไทย हिन्दी"

    assert None not in choose_faces(every, "bold")
    assert printable("a\U0001f9ffb") == "a?b"


def test_marks_stay_with_their_letters_and_digits_with_their_word() -> None:
    names = [face.name if face else None for face in choose_faces("한1 a1", "regular")]

    assert names == ["noto-cjk", "noto-cjk", "noto-cjk", "firago-regular", "firago-regular"]


def test_names_of_people_follow_their_script() -> None:
    assert full_name("小明", "王") == ("王小明", False)
    assert full_name(None, "Nguyễn") == (isolate("Nguyễn"), False)
    assert full_name("محمد", "الأحمد") == (f"{isolate('محمد')} {isolate('الأحمد')}", True)
    assert full_name("Amina", "الأحمد")[1] is False


def test_countries_and_days_in_many_languages() -> None:
    first, last = date(2023, 12, 13), date(2023, 12, 15)
    assert [country_name("CH", language) for language in ("en", "fr-CH", "zh-Hant-TW", "ar", "tlh")] == [
        "Switzerland", "Suisse", "瑞士", "سويسرا", "Switzerland",
    ]  # fmt: skip
    assert country_name(None, "en") == ""
    assert (date_range(first, last, "fr"), date_range(first, first, "en")) == ("13–15 déc. 2023", "December 13, 2023")
