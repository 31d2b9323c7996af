"""The errors that a client can meet, and how each becomes a problem document (RFC 9457).

Every error is a class: its docstring's first line is the `title`, its `code` is stable. A constraint of the
database that protects a rule names its error with `constraint=`, so that a race lost in PostgreSQL reads the
same as a rule checked in Python. Nothing of the inside (SQL, paths, stack traces) leaves through here.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

import asyncpg
import msgspec

from forum.problems import Clash, Difference


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a request: where it stands, a stable code, and words."""

    pointer: str | None = None
    """JSON Pointer (RFC 6901) into the request body."""
    parameter: str | None = None
    """The query or header parameter, when the fault is not in the body."""
    code: str
    detail: str

    def inside(self, pointer: str) -> "Fault":
        """The same fault, of what stands at a pointer of a larger body."""
        return msgspec.structs.replace(self, pointer=f"{pointer}{self.pointer or ''}")


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document, RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[Fault] = []
    allowed: list[str] = []
    """For a refused change of state: the states that can be reached from the present one."""
    id: UUID | None = None
    """The thing that stands in the way, when the caller may know it."""
    conflicts: list[Clash] = []
    """For a refused change of the programme: all that stands in its way, not only what `code` and `id` name."""
    version: int | None = None
    """For 412: the version that is there now."""
    changes: dict[str, Difference] = {}
    """For 412: the fields that you sent and that differ from what is there, with both versions."""


class ForumError(Exception):
    """Something went wrong"""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    keeps_changes: ClassVar[bool] = False
    """Whether what was written before the error is kept (a failed attempt that must stay counted)."""
    by_constraint: ClassVar[dict[str, type["ForumError"]]] = {}

    def __init_subclass__(cls, constraint: str | None = None) -> None:
        cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        if constraint:
            ForumError.by_constraint[constraint] = cls

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Fault] = (),
        allowed: Sequence[str] = (),
        id: UUID | None = None,
        conflicts: Sequence[Clash] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail or f"{self.title}."
        self.errors = list(errors)
        self.allowed = list(allowed)
        self.id = id
        self.conflicts = list(conflicts)
        self.headers = headers or {}

    @property
    def title(self) -> str:
        """The first line of the class's docstring."""
        return (type(self).__doc__ or "").strip().splitlines()[0]

    def problem(self) -> Problem:
        """The document that the client reads."""
        return Problem(
            type=f"urn:forum:problem:{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=self.errors,
            allowed=self.allowed,
            id=self.id,
            conflicts=self.conflicts,
        )


class Malformed(ForumError):
    """The request cannot be read"""

    status = 400


class Unauthenticated(ForumError):
    """A valid token is needed"""

    status = 401

    def __init__(self, detail: str = "Send `Authorization: Bearer <token>` with a token that is valid.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="forum"'})


class Forbidden(ForumError):
    """Your roles do not allow this"""

    status = 403


class NotFound(ForumError):
    """There is no such thing, or it is not visible to you"""

    status = 404


class MethodNotAllowed(ForumError):
    """This resource does not know that method"""

    status = 405


class Conflict(ForumError):
    """The state of things does not allow this"""

    status = 409


class ExternalIdTaken(Conflict):
    """Something else here has this external_id"""


class Stale(ForumError):
    """Somebody changed it since you read it"""

    status = 412

    def __init__(self, version: int, changes: Mapping[str, Difference] = MappingProxyType({})) -> None:
        told = "; `changes` has both versions of what you sent" if changes else ""
        super().__init__(
            f"It is at version {version} now{told}; read it again, and send If-Match with its new ETag.",
            headers={"ETag": f'"{version}"'},
        )
        self.version = version
        self.changes = dict(changes)

    def problem(self) -> Problem:
        """The document, with what has become of the fields that the client sent."""
        return msgspec.structs.replace(super().problem(), version=self.version, changes=self.changes)


class TooLarge(ForumError):
    """The request is too large"""

    status = 413


class UnsupportedMediaType(ForumError):
    """The body is of a type that is not taken here"""

    status = 415


class Invalid(ForumError):
    """The request is well formed but wrong"""

    status = 422

    def __init__(self, errors: Sequence[Fault]) -> None:
        count = len(errors)
        super().__init__(f"{count} fault{'s' if count != 1 else ''}: see `errors`.", errors=errors)

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """One fault in the body."""
        return cls([Fault(pointer=pointer, code=code, detail=detail)])


class PreconditionRequired(ForumError):
    """If-Match is needed"""

    status = 428

    def __init__(self) -> None:
        super().__init__("Send If-Match with the ETag of the version that you read, or `*` for whatever is there.")


class TooManyRequests(ForumError):
    """Too fast"""

    status = 429

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class InternalError(ForumError):
    """Something went wrong on our side"""


class Unavailable(ForumError):
    """The service cannot answer just now"""

    status = 503

    def __init__(self, detail: str = "A part that it depends on does not answer. Try again shortly.") -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
    OSError,
)
"""What is raised while PostgreSQL is away, or too busy: nobody's fault, and over in a while."""


DEADLOCK = asyncpg.DeadlockDetectedError
"""Two transactions waited for each other, and PostgreSQL ended this one: it can be tried again."""


def from_exception(exc: BaseException) -> ForumError:
    """The error that a client should read for any exception; `InternalError` for what nobody foresaw."""
    if isinstance(exc, ForumError):
        return exc
    if isinstance(exc, asyncpg.IntegrityConstraintViolationError):
        return _from_constraint(exc)
    if isinstance(exc, (asyncpg.DataError, UnicodeError)):
        return Invalid([Fault(code="out_of_range", detail="A value cannot be stored: too large, or not text.")])
    if isinstance(exc, DATABASE_AWAY):
        return Unavailable()
    return InternalError("It was logged under the request id of this answer.")


def _from_constraint(exc: asyncpg.IntegrityConstraintViolationError) -> ForumError:
    """Constraint names are sentences: one without an error of its own still says what it protects."""
    name: str = exc.as_dict().get("constraint_name") or "a rule of the database"
    if error := ForumError.by_constraint.get(name):
        return error()
    if name.endswith("_one_per_external_id"):
        return ExternalIdTaken()
    sentence = name.replace("_", " ")
    if isinstance(exc, asyncpg.ForeignKeyViolationError):
        table = exc.as_dict().get("table_name") or ""
        field = name.removeprefix(f"{table}_").removesuffix("_exists")
        return Invalid.at(f"/{field}", "unknown_reference", f"No such thing here: {sentence}.")
    if isinstance(exc, (asyncpg.CheckViolationError, asyncpg.NotNullViolationError)):
        return Invalid([Fault(code="rule_broken", detail=f"This must hold: {sentence}.")])
    return Conflict(f"This must hold: {sentence}.")


def encode_problem(error: ForumError) -> bytes:
    """The problem document's bytes."""
    return msgspec.json.encode(error.problem())
