"""The words of mails: complete catalogues in six languages, with the same parts; and times as people write them."""

import re
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from forum.notifications import texts
from forum.notifications.texts import LANGUAGES, PLACEHOLDER, Wording

LOCALES = files("forum.notifications").joinpath("locales")


def catalogue(language: str) -> Catalog:
    """The catalogue of a language, as it stands in its file."""
    with LOCALES.joinpath(language, "LC_MESSAGES", "forum.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


CATALOGUES = {language: catalogue(language) for language in LANGUAGES}


def messages(language: str) -> dict[str, Message]:
    """The messages of a language by key."""
    return {one.id if isinstance(one.id, str) else one.id[0]: one for one in CATALOGUES[language] if one.id}


def forms(message: Message) -> list[str]:
    """What a message says: one text, or one for each form of the plural."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def test_six_catalogues_are_complete_with_the_same_parts() -> None:
    assert sorted(path.name for path in LOCALES.iterdir()) == list(LANGUAGES)
    wanted = {key: set(PLACEHOLDER.findall("".join(forms(one)))) for key, one in messages("en").items()}
    assert set().union(*wanted.values()) == {"title", "edition", "reference", "time", "count"}
    for language in LANGUAGES:
        found = messages(language)
        assert sorted(found) == sorted(wanted), language
        for key, message in found.items():
            assert not message.fuzzy, (language, key)
            assert all(form.strip() for form in forms(message)), (language, key)
            assert set(PLACEHOLDER.findall("".join(forms(message)))) == wanted[key], (language, key)
            assert not re.search(r"[{}]", PLACEHOLDER.sub("", "".join(forms(message)))), (language, key)
            if message.pluralizable:
                assert len(forms(message)) == CATALOGUES[language].num_plurals
                assert PLACEHOLDER.findall(forms(message)[-1]) == ["count"]


def test_catalogues_name_their_language_and_its_plural() -> None:
    for language, found in CATALOGUES.items():
        assert str(found.locale) == language
        assert (found.num_plurals, found.plural_expr) == (
            Catalog(locale=language).num_plurals,
            Catalog(locale=language).plural_expr,
        )


def test_no_phrase_was_left_in_english() -> None:
    english = messages("en")
    for language in set(LANGUAGES) - {"en"}:
        assert [key for key, one in messages(language).items() if forms(one) == forms(english[key])] == []


def test_numbers_are_told_in_the_form_that_the_language_has_for_them() -> None:
    told = {language: [texts.STANDARD.counted(language, "line_ahead", n) for n in (1, 2, 5)] for language in LANGUAGES}

    assert told["en"] == ["One person is before you.", "2 people are before you.", "5 people are before you."]
    assert told["ru"] == ["Перед вами 1 человек.", "Перед вами 2 человека.", "Перед вами 5 человек."]
    assert told["ar"] == ["قبلكم شخص واحد.", "قبلكم شخصان.", "قبلكم \u20685\u2069 أشخاص."]
    assert len(set(told["zh"])) == 3


def test_how_long_it_is_until_then_is_told_exactly_when_it_is_soon() -> None:
    ahead = [texts.in_future("en", minutes) for minutes in (1, 59, 60, 90, 120, 150, 1413, 1440, 1500, 2880, 10080)]

    assert ahead == [
        "in 1 minute", "in 59 minutes", "in 1 hour", "in 90 minutes", "in 2 hours", "in 2 hours", "in 24 hours",
        "in 1 day", "in 25 hours", "in 2 days", "in 7 days",
    ]  # fmt: skip


def test_own_words_take_the_place_of_the_catalogue_in_their_language_only() -> None:
    update, note = {"fr": "{title} a bougé {title}"}, {"en": "Bring {edition}", "ar": "أ"}
    own = Wording({"update": update, "note_letter": note})

    assert own.phrase("fr-CH", "update", title="{x}") == "{x} a bougé {x}"
    assert own.phrase("en", "update", title="{x}") == "Changed: {x}"
    assert own.note("fr", "letter", "{edition}") == [("", "Bring {edition}")]
    assert own.note("ar", "letter", "GRF") == [("", "أ")]
    assert own.note("en", "speaker", "GRF") == []
    assert own.key != Wording().key
    assert own.key == Wording({"note_letter": dict(reversed(note.items())), "update": update}).key


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
