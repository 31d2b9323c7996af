"""Runs the checks that field types carry in `Meta(extra={"check": ...})` on values that are structurally right.

What is inside a type is looked at once; after that a value costs its checks and little more.
"""

from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import FieldInfo

from forum.errors import Fault


def complaints(value: Any, type_: Any, pointer: str = "") -> list[Fault]:
    """What the checks of `type_`, and of all that is inside it, say of a value that stands at a pointer."""
    faults: list[Fault] = []
    if (complain := _checker(type_)) is not None:
        complain(value, pointer, faults)
    return faults


@cache
def fields_of(struct: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    """The fields of a struct, with their types."""
    return msgspec.structs.fields(struct)


@cache
def bare_type(type_: Any) -> Any:
    """`type_` without annotations, None and UNSET, when one type is left."""
    while get_origin(type_) is Annotated:
        type_ = get_args(type_)[0]
    if get_origin(type_) in (Union, UnionType):
        rest = [argument for argument in get_args(type_) if argument not in (NoneType, UnsetType)]
        return bare_type(rest[0]) if len(rest) == 1 else type_
    return type_


def is_struct(type_: Any) -> bool:
    """Whether a type is that of a struct."""
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def escape(key: str) -> str:
    """A key inside a JSON Pointer, RFC 6901 section 3."""
    return key.replace("~", "~0").replace("/", "~1")


@cache
def _checks(type_: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ()
    if get_origin(type_) is Annotated:
        inner, *metas = get_args(type_)
        found = tuple(meta.extra["check"] for meta in metas if getattr(meta, "extra", None) and "check" in meta.extra)
        return found + _checks(inner)
    if get_origin(type_) in (Union, UnionType):
        rest = [argument for argument in get_args(type_) if argument not in (NoneType, UnsetType)]
        return _checks(rest[0]) if len(rest) == 1 else ()
    return found


_Checker = Callable[[Any, str, list[Fault]], None]
"""Adds what the checks say of a converted value, which stands at a pointer."""


def _make_checker(type_: Any) -> _Checker | None:
    """The checks of `type_` and of all that is inside it, or None when nothing carries one."""
    checks, complain_inside = _checks(type_), _inner_checker(bare_type(type_))
    if not checks and complain_inside is None:
        return None

    def complain(value: Any, pointer: str, faults: list[Fault]) -> None:
        if value is None or value is UNSET:
            return
        for check in checks:
            if complaint := check(value):
                faults.append(Fault(pointer=pointer, code=complaint[0], detail=complaint[1]))
                return
        if complain_inside is not None:
            complain_inside(value, pointer, faults)

    return complain


_checker: Callable[[Any], _Checker | None] = cache(_make_checker)


def _inner_checker(bare: Any) -> _Checker | None:
    if is_struct(bare):
        return _struct_checker(bare)
    if get_origin(bare) is dict:
        return _dict_checker(*get_args(bare))
    return _list_checker(get_args(bare)[0]) if get_args(bare) else None


def _struct_checker(struct: type[msgspec.Struct]) -> _Checker | None:
    checked = [(field, _checker(field.type)) for field in fields_of(struct)]
    complaining = [(field.name, field.encode_name, complain) for field, complain in checked if complain is not None]

    def complain_of_fields(value: Any, pointer: str, faults: list[Fault]) -> None:
        for name, encode_name, complain in complaining:
            complain(getattr(value, name), f"{pointer}/{encode_name}", faults)

    return complain_of_fields if complaining else None


def _dict_checker(key_type: Any, item_type: Any) -> _Checker | None:
    both = [(index, complain) for index, type_ in enumerate((key_type, item_type)) if (complain := _checker(type_))]

    def complain_of_entries(value: Any, pointer: str, faults: list[Fault]) -> None:
        for entry in value.items():
            for index, complain in both:
                complain(entry[index], f"{pointer}/{escape(entry[0])}", faults)

    return complain_of_entries if both else None


def _list_checker(item_type: Any) -> _Checker | None:
    complain = _checker(item_type)
    if complain is None:
        return None

    def complain_of_items(value: Any, pointer: str, faults: list[Fault]) -> None:
        if isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                complain(item, f"{pointer}/{index}", faults)

    return complain_of_items
