"""Reads request bodies strictly and names every fault at once.

msgspec decodes in one pass and stops at the first fault, which is right for good bodies; a bad one is then
walked field by field, so that the client reads all that is wrong with it. Structs add what spans fields in a
method `faults`. Merge patches (RFC 7396) are structs whose fields default to `UNSET`.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Protocol, TypeVar, get_args, get_origin, runtime_checkable

import msgspec
from msgspec import UNSET

from forum.checks import bare_type, complaints, escape, fields_of, is_struct
from forum.codes import MAX_LANGUAGES
from forum.errors import Fault, Invalid, Malformed
from forum.problems import Difference

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""Matches at every quote, closed or not: one pass over whatever is sent."""
_CODES = (
    (re.compile(r"length >= "), "too_short"),
    (re.compile(r"length <= "), "too_long"),
    (re.compile(r"matching regex|Invalid (UUID|RFC3339|date)"), "bad_format"),
    (re.compile(r"(`int`|`float`|Expected) >= | > "), "too_small"),
    (re.compile(r"(`int`|`float`|Expected) <= | < "), "too_large"),
    (re.compile(r"Invalid enum value"), "unknown_value"),
    (re.compile(r"timezone"), "timezone_missing"),
    (re.compile(r"Expected `"), "wrong_type"),
)


@runtime_checkable
class Ruled(Protocol):
    """A struct with rules that span fields."""

    def faults(self) -> Iterator[Fault]:
        """Every rule that is broken."""
        ...


def decode(body: bytes, type_: type[T]) -> T:
    """The body as `type_`; raises `Malformed` for what is no JSON and `Invalid` with all faults."""
    try:
        text = _normalized(body)
        value: T = _decoder(type_).decode(text)
        _refuse_repeated_names(text)
    except msgspec.ValidationError as error:
        raise Invalid(list(_faults(_parse(body), type_, "")) or [_fault(error, "")]) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _malformed(error) from error
    check(value, type_)
    return value


def check(value: Any, type_: Any) -> None:
    """Run the checks of every field and the rules of the struct; raises `Invalid` with all that fail."""
    faults = complaints(value, type_)
    if _is_ruled(type(value)):
        faults.extend(value.faults())
    if faults:
        raise Invalid(faults)


def find_faults(value: Any, type_: Any, pointer: str) -> list[Fault]:
    """Every fault of a JSON value that should be of a type which is known only now, with its place in the body."""
    return list(_faults(value, type_, pointer))


def _has_rules(type_: Any) -> bool:
    return issubclass(type_, Ruled)


_is_ruled: Callable[[Any], bool] = cache(_has_rules)
"""Kept: asking a protocol costs more than all checks of a small body."""


def merge(current: S, patch: msgspec.Struct) -> S:
    """`current` with the fields that `patch` sets, nested structs and texts by language merged likewise (RFC 7396).

    Raises `Invalid` when a text is left in no language, or in more than anybody may give.
    """
    changes: dict[str, Any] = {}
    for name in patch.__struct_fields__:
        value = getattr(patch, name)
        if value is UNSET:
            continue
        before = getattr(current, name)
        if isinstance(value, dict):
            changes[name] = _merge_texts(before or {}, value, f"/{name}")
        elif isinstance(value, msgspec.Struct) and isinstance(before, msgspec.Struct):
            changes[name] = merge(before, value)
        else:
            changes[name] = value
    return msgspec.structs.replace(current, **changes)


def differences(current: Any, patch: msgspec.Struct) -> dict[str, Difference]:
    """The fields that `patch` sets to something else than `current` has, with both."""
    sent = {name: value for name in patch.__struct_fields__ if (value := getattr(patch, name)) is not UNSET}
    return {
        name: Difference(yours, there)
        for name, yours in sent.items()
        if not _is_there(yours, there := getattr(current, name))
    }


def _is_there(yours: Any, there: Any) -> bool:
    """Whether merging would change nothing."""
    if isinstance(yours, dict):
        return all((there or {}).get(key) == value for key, value in yours.items())
    if isinstance(yours, msgspec.Struct) and isinstance(there, msgspec.Struct):
        return not differences(there, yours)
    return bool(yours == there)


def _merge_texts(before: dict[str, str], patch: dict[str, str | None], pointer: str) -> dict[str, str]:
    after = {language: text for language, text in (before | patch).items() if text is not None}
    if not after:
        raise Invalid.at(pointer, "too_short", "One language must be left.")
    if len(after) > MAX_LANGUAGES:
        raise Invalid.at(pointer, "too_long", f"Give at most {MAX_LANGUAGES} languages.")
    return after


def _make_decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type_, strict=True)


_decoder: Callable[[Any], msgspec.json.Decoder[Any]] = cache(_make_decoder)


def _normalized(body: bytes) -> bytes:
    """Text is kept in normal form C, so that equal names are equal bytes, however the client has escaped them."""
    if b"\\u" in body:
        body = _STRING.sub(_unescape, body)
    if body.isascii():
        return body
    text = body.decode("utf-8")
    return body if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text).encode("utf-8")


def _unescape(literal: re.Match[bytes]) -> bytes:
    """A string of JSON without needless escapes; one that is no string stays for the decoder to refuse."""
    if b"\\u" not in literal[0]:
        return literal[0]
    try:
        return msgspec.json.encode(msgspec.json.decode(literal[0], type=str))
    except msgspec.DecodeError:
        return literal[0]


def _refuse_repeated_names(body: bytes) -> None:
    """Which of two equal names counts is not told by RFC 8259: RFC 7493 section 2.3 forbids them, and so do we."""
    if body.count(b":") < 2:
        return
    _NAMES.decode(body.decode("utf-8"))


def _once(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        again = next(name for index, name in enumerate(names) if name in names[:index])
        raise Malformed(f"A name stands twice in one object: {again[:60]!r}.")


_NAMES = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str)


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(_normalized(body))
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _malformed(error: Exception) -> Malformed:
    words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return Malformed(f"The body is no valid JSON: {words}.")


def _faults(value: Any, type_: Any, pointer: str) -> Iterator[Fault]:
    """Every fault of a raw JSON value, structure first, then the checks of what is structurally right."""
    bare = bare_type(type_)
    if is_struct(bare) and isinstance(value, dict):
        yield from _struct_faults(value, bare, pointer)
        return
    if get_origin(bare) in (list, tuple) and isinstance(value, list):
        inner = [f for i, item in enumerate(value) for f in _faults(item, get_args(bare)[0], f"{pointer}/{i}")]
    elif get_origin(bare) is dict and isinstance(value, dict):
        key_type, item_type = get_args(bare)
        inner = [f for key in value for f in _faults(key, key_type, f"{pointer}/{escape(key)}")]
        inner += [f for key, item in value.items() for f in _faults(item, item_type, f"{pointer}/{escape(key)}")]
    else:
        inner = []
    if inner:
        yield from inner
        return
    try:
        converted = msgspec.convert(value, type_, strict=True)
    except msgspec.ValidationError as error:
        yield _fault(error, pointer)
        return
    yield from complaints(converted, type_, pointer)


def _struct_faults(value: dict[str, Any], struct: type[msgspec.Struct], pointer: str) -> Iterator[Fault]:
    fields = {field.encode_name: field for field in fields_of(struct)}
    for name in value:
        if name not in fields:
            yield Fault(pointer=f"{pointer}/{escape(name)}", code="unknown_field", detail="No such field.")
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], field.type, f"{pointer}/{name}")
        elif field.required:
            yield Fault(pointer=f"{pointer}/{name}", code="missing", detail="This field is required.")


def _fault(error: msgspec.ValidationError, pointer: str) -> Fault:
    words = re.sub(r" - at `[^`]*`$", "", str(error))
    code = next((code for pattern, code in _CODES if pattern.search(words)), "invalid")
    return Fault(pointer=pointer, code=code, detail=f"{words}.")
