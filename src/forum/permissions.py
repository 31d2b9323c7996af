"""Who may do what: permissions, what each role grants, and the guard that stands before every route.

A permission is named beside its route with `opt=needs(...)`. The guard finds the principal by the token's
SHA-256 in one statement and asks whether a grant covers the edition in the path. What one may not see is 404:
an edition that is still a draft does not exist for a stranger.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler

from forum.db import Connection, find, value
from forum.errors import Forbidden, NotFound, Unauthenticated
from forum.sqlfiles import load_statements
from forum.transactions import header_of, unit_of

_SQL = load_statements("permissions")


class Permission(StrEnum):
    """What can be allowed, as `resource:action`."""

    PUBLIC = "public"
    """Anyone, with or without a token."""
    SIGNED_IN = "signed_in"
    """Any principal; the statement behind the route decides by object."""
    REGISTRATIONS_OWN = "registrations:own"
    """The same, and open to whoever came by the link of one registration, for that one alone."""
    SPEAKERS_OWN = "speakers:own"  # for who looks after speakers, and by the link of one
    EDITIONS_CREATE = "editions:create"
    EDITIONS_WRITE = "editions:write"
    GRANTS_WRITE = "grants:write"
    TOKENS_WRITE = "tokens:write"
    PROGRAMME_READ = "programme:read"
    PROGRAMME_WRITE = "programme:write"
    PROGRAMME_PUBLISH = "programme:publish"
    PROGRAMME_OVERRIDE = "programme:override"
    ENTITIES_WRITE = "entities:write"
    ENTITIES_MERGE = "entities:merge"
    DELEGATIONS_READ = "delegations:read"
    DELEGATIONS_MANAGE = "delegations:manage"
    """People of one's own delegations, and of all for who may read or write all registrations: see `reach`."""
    REGISTRATIONS_CREATE = "registrations:create"
    REGISTRATIONS_READ = "registrations:read"
    REGISTRATIONS_WRITE = "registrations:write"
    REGISTRATIONS_ERASE = "registrations:erase"
    BOOKINGS_CREATE = "bookings:create"
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    SCANS_RECORD = "scans:record"
    PLEDGES_SUBMIT = "pledges:submit"
    PLEDGES_READ = "pledges:read"
    PLEDGES_WRITE = "pledges:write"
    STATISTICS_READ = "statistics:read"
    MESSAGES_READ = "messages:read"
    INBOX_WRITE = "inbox:write"
    MESSAGES_WRITE = "messages:write"
    MESSAGES_REPORT = "messages:report"
    """Say that a mail came back, or was unwelcome: for the provider that delivers it."""


Role = Literal[
    "admin", "organizer", "programme_manager", "registrar", "checkin_staff", "pledge_officer", "analyst", "focal_point"
]

_P = Permission
_PROGRAMME: Final = frozenset({_P.PROGRAMME_READ, _P.PROGRAMME_WRITE, _P.PROGRAMME_PUBLISH, _P.SPEAKERS_OWN})
_FOCAL_POINT: Final = frozenset({_P.DELEGATIONS_READ, _P.DELEGATIONS_MANAGE})
_REGISTRAR: Final = _FOCAL_POINT | {
    _P.ENTITIES_WRITE, _P.REGISTRATIONS_CREATE, _P.REGISTRATIONS_READ, _P.REGISTRATIONS_WRITE, _P.BOOKINGS_CREATE,
    _P.BOOKINGS_READ, _P.BOOKINGS_WRITE, _P.MESSAGES_READ, _P.MESSAGES_WRITE, _P.PROGRAMME_READ,
}  # fmt: skip
_PLEDGES: Final = frozenset({_P.PLEDGES_SUBMIT, _P.PLEDGES_READ, _P.PLEDGES_WRITE, _P.ENTITIES_WRITE})
_ORGANIZER: Final = frozenset(Permission) - {_P.EDITIONS_CREATE}
GRANTS_OF: Final[Mapping[Role, frozenset[Permission]]] = {
    "admin": frozenset(Permission),
    "organizer": _ORGANIZER,
    "programme_manager": _PROGRAMME,
    "registrar": _REGISTRAR,
    "checkin_staff": frozenset({_P.SCANS_RECORD}),
    "pledge_officer": _PLEDGES,
    "analyst": frozenset({_P.STATISTICS_READ, _P.PROGRAMME_READ}),
    "focal_point": _FOCAL_POINT,
}
"""What a role may do; `admin` on the platform, `focal_point` on one delegation, the others on one edition."""

ClientScope = Literal[
    "registrations:create", "bookings:create", "pledges:submit", "scans:record", "statistics:read", "programme:read",
    "inbox:write",
    "messages:report",
]  # fmt: skip
"""What a client token or a device may be given: never lists of people."""
_SCOPE_FOR: Final = {_P.DELEGATIONS_READ: _P.REGISTRATIONS_CREATE}
"""Who may register people for a delegation may know which there are."""


class Grant(msgspec.Struct, frozen=True):
    """A role of a person, on one delegation (a focal point's), on one edition or (None) on the platform."""

    role: Role
    edition_id: UUID | None
    edition_slug: str | None
    delegation_id: UUID | None = None


_OF_ANY_PRINCIPAL: Final = frozenset({_P.PUBLIC, _P.SIGNED_IN, _P.REGISTRATIONS_OWN})
_OF_A_LINK: Final = {"registration": {_P.PUBLIC, _P.REGISTRATIONS_OWN}, "speaker": {_P.PUBLIC, _P.SPEAKERS_OWN}}


class Principal(msgspec.Struct, frozen=True):
    """Who sent the request. A person has grants; a client or a device has scopes on one edition.

    Who came by the link of a registration is its person there, or by that of a speaker the speaker; and nobody else.
    """

    token_id: UUID
    kind: Literal["person", "client", "device", "registration", "speaker"]
    person_id: UUID | None
    edition_id: UUID | None
    edition_slug: str | None
    scopes: list[str]
    grants: list[Grant]
    expires_at: datetime | None = None
    """When the token ends, if it does."""
    registration_id: UUID | None = None
    speaker_id: UUID | None = None
    """The one registration, or the one speaker, that a token which came by a link is good for."""

    def require_person(self, why: str = "This is for people, about themselves.") -> UUID:
        """The person who asks; raises `Forbidden`, with these words, for a machine."""
        if self.person_id is None:
            raise Forbidden(why)
        return self.person_id

    def may(self, permission: Permission, edition: UUID | str | None = None) -> bool:
        """Whether a grant or scope covers `permission` on the edition (its id or slug; None: on any).

        A focal point's grant covers `delegations:read` and `delegations:manage`; `reach` tells how far they go.
        """
        if (allowed := _OF_A_LINK.get(self.kind)) is not None:
            return permission in allowed
        if permission in _OF_ANY_PRINCIPAL:
            return True
        if self.kind != "person":
            here = edition is None or str(edition) in (str(self.edition_id), self.edition_slug)
            return here and _SCOPE_FOR.get(permission, permission) in self.scopes
        return any(permission in GRANTS_OF[grant.role] and _covers(grant, edition) for grant in self.grants)

    def reach(self, permission: Permission, edition_id: UUID) -> list[UUID] | None:
        """Of which delegations the principal may do it: None for whoever and whatever is in the edition.

        For who has no such permission, those whose focal point they are; a statement takes both as one parameter.
        """
        if self.may(permission, edition_id):
            return None
        return [grant.delegation_id for grant in self.grants if grant.edition_id == edition_id and grant.delegation_id]

    def reaches(self, registration_id: UUID) -> bool:
        """Whether the token is not bound to another registration; whose this one is, is for the statement to say."""
        return self.registration_id in (None, registration_id)


def _covers(grant: Grant, edition: UUID | str | None) -> bool:
    return edition is None or grant.edition_id is None or str(edition) in (str(grant.edition_id), grant.edition_slug)


PLATFORM: Final = UUID(int=0)
"""Asked for in place of an edition: only a grant on the platform covers it. No edition has this id or slug."""

NOBODY: Final = Principal(UUID(int=0), "client", None, None, None, [], [])
"""The principal of a request without a token, on a public route."""


def needs(permission: Permission) -> dict[str, Any]:
    """The `opt` of a route: the permission that its guard demands."""
    return {"permission": permission}


def token_sha256(token: str) -> bytes:
    """All that the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8")).digest()


async def find_principal(conn: Connection, sha256: bytes, now: datetime) -> Principal | None:
    """The principal of a token that is neither expired nor revoked, or None."""
    return await find(conn, _SQL["find_principal"], Principal, sha256, now)


async def is_edition_visible(conn: Connection, edition: str) -> bool:
    """Whether an edition of that id or slug exists and is no draft."""
    return bool(await value(conn, _SQL["is_edition_visible"], edition))


async def authorize(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard: put the principal into the request's state, or raise 401, 403 or 404."""
    if connection.scope["method"] == HttpMethod.OPTIONS:  # type: ignore[typeddict-item]
        return
    permission: Permission | None = handler.opt.get("permission")
    if permission is None:
        raise RuntimeError(f"{handler} names no permission")
    header = header_of(connection.scope, b"authorization")
    if header is None:
        connection.scope["state"]["principal"] = NOBODY
        if permission is Permission.PUBLIC:
            return
        raise Unauthenticated
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated
    unit, state = unit_of(connection.scope), connection.app.state
    principal = await state.seen_tokens.find_principal(unit, token_sha256(token.strip()), state.clock())
    if principal is None:
        raise Unauthenticated
    connection.scope["state"]["principal"] = principal
    edition = connection.path_params.get("edition")
    if not principal.may(permission, edition):
        if edition is not None and not await is_edition_visible(await unit.reading(), str(edition)):
            raise NotFound
        raise Forbidden
    if principal.kind in _OF_A_LINK:
        connection.scope["state"]["principal"] = _confine(principal, permission, connection.path_params)


def _confine(principal: Principal, permission: Permission, path: Mapping[str, Any]) -> Principal:
    """Who came by a link, on a route that they may use: nobody in particular where it is open to everybody.

    Raises `NotFound` for every registration or speaker, and every edition, but their own.
    """
    edition, named = path.get("edition"), path.get(f"{principal.kind}_id")
    is_here = edition is None or str(edition) in (str(principal.edition_id), principal.edition_slug)
    if permission is Permission.PUBLIC:
        return principal if is_here and named is not None and named == principal.speaker_id else NOBODY
    if not (is_here and named in (principal.registration_id, principal.speaker_id)):
        raise NotFound
    return principal
