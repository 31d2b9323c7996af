"""Pages stay right while rows come and go, and a cursor is what we made or nothing."""

import base64
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from forum.errors import Invalid
from forum.pagination import Paging
from tests.client import Client
from tests.factories import make_edition, make_room


def numbers(rows: list[int], limit: int, total: int | None = None) -> tuple[list[int], str | None, Any]:
    """A page of numbers."""
    page = Paging(limit=limit).page(rows, lambda row: row, total)
    return page.items, page.next_cursor, page.total


def test_page_leaves_out_the_row_that_only_tells_of_more() -> None:
    items, cursor, total = numbers([1, 2, 3], 2, 9)

    assert (items, total) == ([1, 2], 9)
    assert Paging(cursor=cursor).after(int) == 2
    assert numbers([1, 2], 2)[:2] == ([1, 2], None)
    assert numbers([], 2)[:2] == ([], None)


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        (7, int),
        ("äöü ü", str),
        (UUID(int=5), UUID),
        ((datetime(2023, 12, 13, 8, tzinfo=UTC), UUID(int=5)), tuple[datetime | None, UUID]),
        ((None, UUID(int=5)), tuple[datetime | None, UUID]),
    ],
)
def test_cursor_gives_back_the_key_of_the_last_row(key: Any, type_: Any) -> None:
    page = Paging(limit=1).page([key, key], lambda row: row)

    assert page.next_cursor is not None
    assert page.next_cursor.isascii()
    assert not set(page.next_cursor) & set("+/=&? ")
    assert Paging(cursor=page.next_cursor).after(type_) == key


@pytest.mark.parametrize("text", ["", "null", "[1]", '"1"', "{}", "1.5", "x", "1 2", "NaN"])
def test_cursor_of_another_kind_is_refused(text: str) -> None:
    for cursor in (base64.urlsafe_b64encode(text.encode()).decode(), text, "é", "\x00", "===="):
        with pytest.raises(Invalid) as caught:
            Paging(cursor=cursor).after(int)
        assert [(fault.parameter, fault.code) for fault in caught.value.errors] == [("cursor", "bad_cursor")]


async def test_no_row_is_told_twice_or_left_out_while_rows_come(client: Client) -> None:
    edition = await make_edition(client)
    manager = await client.as_role("programme_manager", edition["id"])
    for number in range(4):
        await make_room(manager, name=f"Room {number}")

    told, path = [], "/v1/editions/grf-2023/rooms?limit=2&count=true"
    while path:
        answer = await manager.get(path)
        page = answer.json()
        told += [room["name"] for room in page["items"]]
        if len(told) == 2:
            await make_room(manager, name="Room late")
        link = answer.headers.get("Link", "")
        assert (link != "") == (page["next_cursor"] is not None)
        path = link.partition("<")[2].partition(">")[0]

    assert told == ["Room 0", "Room 1", "Room 2", "Room 3", "Room late"]
    assert page["total"] == 5
