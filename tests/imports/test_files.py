"""Files that are none: clear words, and nothing is written."""

import pytest

from forum.db import Connection
from forum.imports.files import UnreadableFile, read_sections
from tests.imports.conftest import Load, document, edition, session

SECTIONS = ("editions", "sessions")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "It is no valid JSON: Input data was truncated."),
        (b"id,title\n1,Plenary\n", "It is no valid JSON: JSON is malformed: invalid character (byte 0)."),
        (b'{"sessions": [}', "It is no valid JSON: JSON is malformed: invalid character (byte 14)."),
        ('{"sessions": []}'.encode("utf-16"), "It is in UTF-16; save it as UTF-8."),
        ('{"sessions": ["Séance"]}'.encode("latin-1"), "It is not UTF-8: byte 16 cannot be read. Save it as UTF-8."),
        (b"[" * 200_000, "It is no valid JSON: nested too deeply."),
        (b"[]", "It must hold one JSON object with 'editions' or 'sessions', not a list."),
        (b"7", "It must hold one JSON object with 'editions' or 'sessions', not a number."),
        (b'{"about": "x"}', "It holds none of the sections editions, sessions."),
        (b'{"sessions": {}}', "'sessions' must be a list of rows, not an object."),
        (b'{"sesions": []}', "There is no section 'sesions'; known are editions, sessions."),
    ],
    ids=range(11),
)
def test_unreadable_file_is_refused_with_words(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_sections(data, SECTIONS, ("about",))

    assert refused.value.detail == words


async def test_unreadable_file_changes_nothing(load: Load, conn: Connection) -> None:
    with pytest.raises(UnreadableFile):
        await load({"editions": [edition()], "sessions": None})

    assert await conn.fetchval("SELECT count(*) FROM series") == 0


async def test_byte_order_mark_is_passed_over(load: Load) -> None:
    report = await load(b'\xef\xbb\xbf{"sessions": []}')

    assert (report.refused, report.tallies) == (0, {})


async def test_fault_that_is_not_a_rows_own_undoes_the_whole_file(load: Load, conn: Connection) -> None:
    """The database away in the middle is no reason to refuse rows."""
    await conn.execute("ALTER TABLE sessions RENAME TO sessions_elsewhere")

    with pytest.raises(Exception, match="sessions"):
        await load(document(session()))

    assert await conn.fetchval("SELECT count(*) FROM editions") == 0
