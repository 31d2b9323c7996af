"""Reads a file to import: all of it or, with words, nothing."""

from collections.abc import Collection
from typing import Any, Final

from forum import bodies
from forum.errors import ForumError, Invalid, Malformed

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_WIDE_MARKS: Final = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_MARK: Final = b"\xef\xbb\xbf"


class UnreadableFile(ForumError):
    """The file cannot be imported"""

    status = 422


def read_sections(data: bytes, sections: Collection[str], notes: Collection[str] = ()) -> dict[str, list[Any]]:
    """The lists of rows that a file holds; raises `UnreadableFile`. What stands in `notes` is for people.

    The file is one JSON object in UTF-8 (a byte order mark is passed over) with at least one of the sections.
    """
    document = _document(data)
    if not isinstance(document, dict):
        raise UnreadableFile(f"It must hold one JSON object with {_or(sections)}, not {_name(document)}.")
    for name, rows in document.items():
        if name in sections and not isinstance(rows, list):
            raise UnreadableFile(f"{name!r} must be a list of rows, not {_name(rows)}.")
        if name not in sections and name not in notes:
            raise UnreadableFile(f"There is no section {name[:60]!r}; known are {', '.join(sections)}.")
    found = {name: document[name] for name in sections if name in document}
    if not found:
        raise UnreadableFile(f"It holds none of the sections {', '.join(sections)}.")
    return found


def _document(data: bytes) -> Any:
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableFile(f"It has {len(data)} bytes; at most {MAX_FILE_BYTES} are read.")
    if wide := _WIDE_MARKS.get(data[:2]):
        raise UnreadableFile(f"It is in {wide}; save it as UTF-8.")
    body = data.removeprefix(_MARK)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"It is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8.") from error
    try:
        return bodies.decode(body, Any)
    except (Malformed, Invalid) as error:
        raise UnreadableFile(error.detail.replace("The body", "It")) from error


def _name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _or(names: Collection[str]) -> str:
    return " or ".join(repr(name) for name in names)
