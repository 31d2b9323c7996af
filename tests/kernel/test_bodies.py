"""Bodies are read strictly: what is wrong is named, all of it, and what is right is taken as it was meant."""

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from forum.bodies import decode, merge
from forum.codes import Email, Instant, LanguageTag, Line, LinePatch, LocalizedLine, Money
from forum.errors import Fault, Invalid, Malformed


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """Something inside."""

    name: Line
    size: Annotated[int, Meta(ge=1, le=9)] = 1


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """Something to read."""

    title: LocalizedLine
    email: Email | None = None
    at: Instant | None = None
    parts: Annotated[list[Part], Meta(max_length=2)] = []
    tags: list[LanguageTag] = []
    part: Part | None = None
    price: Money | None = None
    id: UUID | None = None

    def faults(self) -> Iterator[Fault]:
        """A rule that spans fields."""
        if self.email and not self.at:
            yield Fault(pointer="/at", code="missing", detail="What has an email has a time.")


def faults(body: Any) -> set[tuple[str | None, str]]:
    """What is wrong with a body."""
    with pytest.raises(Invalid) as caught:
        decode(msgspec.json.encode(body), Body)
    return {(fault.pointer, fault.code) for fault in caught.value.errors}


def test_all_faults_are_told_at_once_with_their_places() -> None:
    body = {
        "title": {"en": "a\u0007b", "not a tag!": "x", "fr": ""},
        "email": 5,
        "at": "2023-12-13T09:00:00",
        "parts": [{"name": " ", "size": 0}, {"size": "1"}, {"name": "x", "color": "red", "a/b~c": 1}],
        "tags": ["en", 7, "english"],
        "part": {"name": None},
        "price": {"amount": "01.000", "currency": "XXY"},
        "id": "no id",
        "more": 1,
    }

    assert faults(body) == {
        ("/title/en", "control_character"),
        ("/title/not a tag!", "bad_format"),
        ("/title/fr", "too_short"),
        ("/email", "wrong_type"),
        ("/at", "timezone_missing"),
        ("/parts/0/name", "blank"),
        ("/parts/0/size", "too_small"),
        ("/parts/1/name", "missing"),
        ("/parts/1/size", "wrong_type"),
        ("/parts/2/color", "unknown_field"),
        ("/parts/2/a~1b~0c", "unknown_field"),
        ("/tags/1", "wrong_type"),
        ("/tags/2", "unknown_language"),
        ("/part/name", "wrong_type"),
        ("/price/amount", "bad_format"),
        ("/price/currency", "unknown_currency"),
        ("/id", "bad_format"),
        ("/more", "unknown_field"),
    }


def test_faults_of_checks_and_of_rules_are_told_together() -> None:
    assert faults({"title": {"en": "\u202eabc"}, "email": "a@b.example"}) == {
        ("/title/en", "control_character"),
        ("/at", "missing"),
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], {("", "wrong_type")}),
        (None, {("", "wrong_type")}),
        ({}, {("/title", "missing")}),
        ({"title": {}}, {("/title", "too_short")}),
        ({"title": {"en": "x"}, "parts": [{"name": "x"}] * 3}, {("/parts", "too_long")}),
        ({"title": {"en": "x"}, "part": {"name": "x", "size": True}}, {("/part/size", "wrong_type")}),
        ({"title": {"en": "x"}, "part": {"name": "x", "size": 2**70}}, {("/part/size", "too_large")}),
        ({"title": {"en": "x" * 301}}, {("/title/en", "too_long")}),
        ({"title": {"en": "x"}, "at": 0}, {("/at", "wrong_type")}),
        ({"title": {"en": "x"}, "at": "1800-01-01T00:00:00Z"}, {("/at", "out_of_range")}),
    ],
)
def test_each_wrong_body_is_refused_for_its_reason(body: Any, expected: set[tuple[str, str]]) -> None:
    assert faults(body) == expected


def test_text_is_in_normal_form_c_however_it_was_escaped() -> None:
    text, plain = "Ile\u0301 \u1e9b\u0323", "Il\u00e9 \u1e9b\u0323"

    for ascii_only in (True, False):
        read = decode(json.dumps({"title": {"en": text}}, ensure_ascii=ascii_only).encode(), Body)
        assert read.title == {"en": plain}
    assert decode(rb'{"title": {"en": "\"\\u00e9\\ \ud83d\ude00\/"}}', Body).title == {"en": '"\\u00e9\\ 😀/'}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"title": {"en": "x"',
        b'{"title": {"en": "x"}} x',
        b"\xff\xfe",
        b'{"title": {"en": "\xc3"}}',
        rb'{"title": {"en": "\ud800"}}',
        rb'{"title": {"en": "\u00"}}',
        b"[" * 100_000,
        b'{"title": {"en": "x"}, "title": {"en": "y"}}',
        b'{"title": {"en": "x", "en": "y"}}',
        rb'{"title": {"en": "x", "\u0065n": "y"}}',
        b'{"title": {"en": "x"}, "parts": [{"name": "a", "name": "b"}]}',
    ],
)
def test_body_that_cannot_be_read_in_one_way_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body, Body)


def test_hostile_strings_are_read_in_one_pass() -> None:
    started = time.perf_counter()

    for body in (b'"' + rb"\"" * 500_000, rb"\u0041" * 200_000, b'"' + rb"\u0041" * 200_000, b'{"a": "' * 100_000):
        with pytest.raises(Malformed):
            decode(body, Body)

    assert time.perf_counter() - started < 2


class BodyPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of it."""

    title: LinePatch | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    tags: list[LanguageTag] | UnsetType = UNSET
    part: "PartPatch | UnsetType | None" = UNSET


class PartPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a part."""

    name: Line | UnsetType = UNSET
    size: int | UnsetType = UNSET


def patched(text: bytes) -> Body:
    """A body after a merge patch."""
    before = Body(title={"en": "A", "fr": "B"}, email="a@b.example", tags=["en", "fr"], part=Part("p", 3))
    return merge(before, decode(text, BodyPatch))


def test_patch_keeps_what_is_absent_clears_with_null_and_replaces_lists() -> None:
    after = patched(b'{"email": null, "tags": ["ar"]}')

    assert after == Body(title={"en": "A", "fr": "B"}, tags=["ar"], part=Part("p", 3))
    assert patched(b"{}") == Body(
        title={"en": "A", "fr": "B"}, email="a@b.example", tags=["en", "fr"], part=Part("p", 3)
    )


def test_patch_reaches_into_what_is_nested() -> None:
    assert patched(b'{"part": {"size": 5}}').part == Part("p", 5)
    assert patched(b'{"part": null}').part is None
    assert patched(b'{"title": {"fr": "C", "ar": "D"}}').title == {"en": "A", "fr": "C", "ar": "D"}
    assert patched(b'{"title": {"fr": null}}').title == {"en": "A"}
    assert patched(b'{"title": {}}').title == {"en": "A", "fr": "B"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"title": {"en": null, "fr": null}}', ("/title", "too_short")),
        (b'{"title": null}', ("/title", "wrong_type")),
        (b'{"title": {"en": ""}}', ("/title/en", "too_short")),
        (b'{"part": {"name": null}}', ("/part/name", "wrong_type")),
        (json.dumps({"title": {f"en-x-v{n}": "x" for n in range(19)}}).encode(), ("/title", "too_long")),
    ],
)
def test_patch_that_leaves_something_wrong_is_refused(text: bytes, expected: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        patched(text)

    assert [(fault.pointer, fault.code) for fault in caught.value.errors] == [expected]
