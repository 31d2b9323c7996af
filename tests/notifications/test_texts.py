"""The words of mails: the same phrases, with the same parts, in six languages."""

import string
from datetime import UTC, date, datetime
from importlib.resources import files

import msgspec
import pytest

from forum.notifications import texts

TEXTS = msgspec.json.decode(
    files("forum.notifications").joinpath("texts.json").read_bytes(), type=dict[str, dict[str, str]]
)
PARTS = {"title": "Opening", "edition": "GRF", "reference": "GRF-2023-000001"}


def placeholders(phrase: str) -> set[str | None]:
    """The parts that a phrase takes."""
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def test_six_languages_have_the_same_phrases_with_the_same_parts() -> None:
    assert sorted(TEXTS) == ["ar", "en", "es", "fr", "ru", "zh"]
    wanted = {key: placeholders(phrase) for key, phrase in TEXTS["en"].items()}
    assert set().union(*wanted.values()) == set(PARTS)
    for phrases in TEXTS.values():
        assert {key: placeholders(phrase) for key, phrase in phrases.items()} == wanted


def test_no_phrase_was_left_in_english() -> None:
    for language, phrases in TEXTS.items():
        same = [key for key, phrase in phrases.items() if language != "en" and phrase == TEXTS["en"][key]]
        assert same == []


@pytest.mark.parametrize(
    ("asked", "known", "direction"),
    [
        ("fr-CH", "fr", "ltr"),
        ("ZH-hant", "zh", "ltr"),
        ("ar-EG", "ar", "rtl"),
        ("de", "en", "ltr"),
        ("fa", "en", "ltr"),
    ],
)
def test_language_of_a_mail_is_the_nearest_that_is_written(asked: str, known: str, direction: str) -> None:
    assert (texts.known_language(asked), texts.direction(asked)) == (known, direction)


def test_parts_are_isolated_where_text_runs_to_the_left() -> None:
    for language in ("ar", "ar-EG"):
        assert texts.phrase(language, "update", title="Opening {x}") == "تم التغيير: \u2068Opening {x}\u2069"
    assert texts.phrase("en", "update", title="{title}") == "Changed: {title}"


def test_times_are_told_by_the_clocks_of_a_zone_over_midnight_and_over_a_change_of_clocks() -> None:
    evening, night = datetime(2023, 12, 13, 22, tzinfo=UTC), datetime(2023, 12, 14, 1, tzinfo=UTC)
    change = (datetime(2023, 3, 26, 0, 30, tzinfo=UTC), datetime(2023, 3, 26, 1, 30, tzinfo=UTC))

    assert texts.moment("fr", evening, None, "Europe/Zurich") == "mercredi 13 décembre 2023, 23:00 (Europe/Zurich)"
    assert texts.moment("fr", evening, night, "Europe/Zurich") == (
        "mercredi 13 décembre 2023, 23:00 – jeudi 14 décembre 2023, 02:00 (Europe/Zurich)"
    )
    assert texts.moment("ru", evening, night, "Asia/Kathmandu") == (
        "четверг, 14 декабря 2023\u202fг., 03:45 – 06:45 (Asia/Kathmandu)"
    )
    assert texts.moment("es", *change, "Europe/Zurich") == "domingo, 26 de marzo de 2023, 1:30 – 3:30 (Europe/Zurich)"
    assert texts.day("zh-Hans", date(2023, 12, 13)) == "2023年12月13日星期三"
