"""The way to PostgreSQL: the pool, the codecs and five fetch helpers.

Connections carry no state from one user to the next, so the pool skips asyncpg's reset round trip (the largest
single cost of a keyed read): use `SET LOCAL` and transaction-level advisory locks only, and give LISTEN a
connection of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from forum.errors import NotFound

T = TypeVar("T")
if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes take type arguments only in its stubs, and a pooled connection is a proxy
    Connection = Any
    Pool = Any

ACQUIRE_TIMEOUT_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 5.0
COMMAND_TIMEOUT_SECONDS = 30.0
_JSONB_VERSION = b"\x01"


class StatelessConnection(asyncpg.Connection):
    """A connection whose return to the pool costs no statement."""

    def get_reset_query(self) -> str:
        """Nothing to reset: see the module's first lines."""
        return ""


async def prepare_connection(connection: Connection) -> None:
    """Teach a new connection to speak jsonb as Python values, in asyncpg's binary format."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _JSONB_VERSION + msgspec.json.encode(value),
        decoder=lambda data: msgspec.json.decode(data[1:]),
        format="binary",
    )


FRESH_PLANS: Final = {"plan_cache_mode": "force_custom_plan"}
"""For connections that run few statements on many rows: a plan that was kept from when a table was small, or made for
one row and for thousands alike, can take a hundred times as long."""
FIRST_OF_MANY: Final = FRESH_PLANS | {"enable_sort": "off"}
"""For the relay, which takes the first of what is due by an index: before there are statistics, sorting all that is due
looks as cheap."""


async def open_pool(database_url: str, size: int = 16, settings: Mapping[str, str] | None = None) -> Pool:
    """A pool of at most `size` connections; more than 16 on one hot row is a lock convoy.

    Connections are made when they are needed, so a process starts, and recovers, without a database. `settings` are
    PostgreSQL's, for each connection.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=size,
        init=prepare_connection,
        connection_class=StatelessConnection,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings={"application_name": "forum", "timezone": "UTC", "jit": "off"} | dict(settings or {}),
    )


async def open_connection(
    database_url: str, settings: Mapping[str, str] | None = None
) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection outside the pool, for LISTEN."""
    return await asyncpg.connect(
        database_url,
        timeout=CONNECT_TIMEOUT_SECONDS,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings={"application_name": "forum listener", "timezone": "UTC"} | dict(settings or {}),
    )


async def read_clock(connection: Connection) -> datetime:
    """What time it is by the database."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def ping(connection: Connection) -> None:
    """Raise unless the connection still answers."""
    await connection.execute("SELECT")


def _make_maker(type_: Any) -> Callable[[asyncpg.Record], Any]:
    """Rows become structs by position; a struct that holds structs is converted field by field."""
    if not (isinstance(type_, type) and issubclass(type_, msgspec.Struct)):
        return lambda record: record[0]
    if any(_holds_struct(hint) for hint in get_type_hints(type_).values()):
        return lambda record: msgspec.convert(dict(record), type_)
    return lambda record: type_(*record)


_maker: Callable[[Any], Callable[[asyncpg.Record], Any]] = cache(_make_maker)


def _holds_struct(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return True
    return any(_holds_struct(argument) for argument in getattr(hint, "__args__", ()))


async def get(connection: Connection, sql: str, type_: type[T], *arguments: Any) -> T:
    """The one row as `type_`; raises `NotFound` when there is none."""
    row = await connection.fetchrow(sql, *arguments)
    if row is None:
        raise NotFound
    made: T = _maker(type_)(row)
    return made


async def find(connection: Connection, sql: str, type_: type[T], *arguments: Any) -> T | None:
    """The row as `type_`, or None. A scalar type gives the first column."""
    row = await connection.fetchrow(sql, *arguments)
    return None if row is None else _maker(type_)(row)


async def fetch_all(connection: Connection, sql: str, type_: type[T], *arguments: Any) -> list[T]:
    """All rows as `type_`, in the statement's order."""
    make = _maker(type_)
    return [make(row) for row in await connection.fetch(sql, *arguments)]


async def fetch_each(connection: Connection, sql: str, type_: type[T], rows: Iterable[Sequence[Any]]) -> list[T]:
    """A statement that answers one row, run for each row of parameters in one round trip; all of them or none."""
    make = _maker(type_)
    return [make(row) for row in await connection.fetchmany(sql, rows)]


async def value(connection: Connection, sql: str, *arguments: Any) -> Any:
    """The first column of the first row, or None."""
    return await connection.fetchval(sql, *arguments)


async def execute(connection: Connection, sql: str, *arguments: Any) -> int:
    """The number of rows that the statement touched."""
    status: str = await connection.execute(sql, *arguments)
    return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0


def columns(row: msgspec.Struct) -> tuple[Any, ...]:
    """A struct's values in field order, as a statement's parameters; nested structs become jsonb."""
    return tuple(_parameter(getattr(row, name)) for name in row.__struct_fields__)


def _parameter(item: Any) -> Any:
    if isinstance(item, msgspec.Struct):
        return msgspec.to_builtins(item)
    if isinstance(item, (list, tuple)) and any(isinstance(element, msgspec.Struct) for element in item):
        return msgspec.to_builtins(item)
    return item


def rows_of(rows: Iterable[msgspec.Struct]) -> list[Any]:
    """Structs as one jsonb parameter for a set-based statement (`jsonb_to_recordset`)."""
    return [msgspec.to_builtins(row) for row in rows]
