"""The HTTP side of badges, and of what scanners need to check them without the server."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from forum.db import Connection
from forum.http import INSTANT_PATTERN, ForumRequest, ForumResponse, instant_of, next_link
from forum.kept import PUBLIC_CACHING, KeptBytes, KeptResponse
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.printing.press import Press
from forum.printing.sheet import PDF_TYPE
from forum.registrations import badges
from forum.registrations.badge_pdf import draw_badges
from forum.registrations.badge_types import Badge, BadgeFilter, PublicBadgeKey, RevokedBadge
from forum.registrations.qr import draw_png, draw_svg
from forum.registrations.types import RegistrationStatus
from forum.transactions import unit_of

PUBLIC, OWN = needs(Permission.PUBLIC), needs(Permission.REGISTRATIONS_OWN)
READ = needs(Permission.REGISTRATIONS_READ)
TAGS = ["registrations"]
BADGES = "/editions/{edition:str}/badges"
MAX_KEYS: Final = 200
"""As many as a page can have; more can be read page by page at `/v1/badge-keys`."""


@get(BADGES, opt=OWN, operation_id="list_badges", tags=TAGS)
async def list_badges(
    registration: FromQuery[UUID],
    state: State,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
) -> Page[Badge]:
    """The badges of a registration, your own or any as a registrar: at most one of them is live."""
    return await badges.list_badges(conn, principal, edition_id, registration, state.key_ring, paging)


@get(
    f"{BADGES}/{{badge_id:uuid}}/qr.svg",
    opt=OWN,
    media_type="image/svg+xml",
    operation_id="get_badge_svg",
    tags=TAGS,
)
async def get_badge_svg(
    badge_id: FromPath[UUID],
    state: State,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> bytes:
    """The token of your own badge, or of any as a registrar, as a QR code in SVG, which can be printed at any size.

    409 `badge_revoked` for one that no gate accepts any more.
    """
    return await badges.draw_badge(conn, principal, edition_id, badge_id, state.key_ring, draw_svg)


@get(f"{BADGES}/{{badge_id:uuid}}/qr.png", opt=OWN, media_type="image/png", operation_id="get_badge_png", tags=TAGS)
async def get_badge_png(
    badge_id: FromPath[UUID],
    state: State,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> bytes:
    """The token of your own badge, or of any as a registrar, as a QR code in PNG, eight pixels a module.

    409 `badge_revoked` for one that no gate accepts any more.
    """
    return await badges.draw_badge(conn, principal, edition_id, badge_id, state.key_ring, draw_png)


@get(
    f"{BADGES}/{{badge_id:uuid}}/badge.pdf",
    opt=OWN,
    media_type=PDF_TYPE,
    operation_id="get_badge_pdf",
    tags=TAGS,
)
async def get_badge_pdf(
    badge_id: FromPath[UUID],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> bytes:
    """Your own badge, or any as a registrar, to print: a page of A6 with names in their own scripts and the QR code.

    409 `badge_revoked` for one that no gate accepts any more.
    """
    state = request.app.state
    prints = await badges.read_print(conn, principal, edition_id, badge_id, state.key_ring)
    await unit_of(request.scope).close()  # nothing is held while it is drawn
    press: Press = state.press
    return await press.render(draw_badges, prints)


@get(f"{BADGES}.pdf", opt=READ, media_type=PDF_TYPE, operation_id="print_badges", tags=TAGS)
async def print_badges(
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    limit: Annotated[int, QueryParameter(ge=1, le=200, description="How many badges the file has.")] = 50,
    cursor: Annotated[
        str | None, QueryParameter(max_length=500, description="From the `Link` of the file before.")
    ] = None,
    status: FromQuery[RegistrationStatus | None] = None,
    category: FromQuery[str | None] = None,
    country: FromQuery[str | None] = None,
    delegation: FromQuery[UUID | None] = None,
    entity: FromQuery[UUID | None] = None,
) -> ForumResponse[bytes]:
    """The live badges of an edition to print, a page of A6 each, in the order of their serials.

    `Link: rel="next"` leads to the file with the badges that follow; badges that are made meanwhile come last. 404
    `no_badge` when there is none.
    """
    wanted = BadgeFilter(status, category, country, delegation, entity)
    page = await badges.read_prints(conn, edition_id, wanted, request.app.state.key_ring, Paging(limit, cursor))
    await unit_of(request.scope).close()  # nothing is held while they are drawn
    body = await request.app.state.press.render(draw_badges, page.items)
    return ForumResponse(body, media_type=PDF_TYPE, headers=next_link(request, page))


@get(f"{BADGES}/revoked", opt=needs(Permission.SCANS_RECORD), operation_id="list_revoked_badges", tags=TAGS)
async def list_revoked_badges(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    since: Annotated[
        str | None,
        QueryParameter(pattern=INSTANT_PATTERN, description="`revoked_at` of the last badge that you have, RFC 3339."),
    ] = None,
) -> Page[RevokedBadge]:
    """The ids of the badges of an edition that were revoked, for scanners that work offline; oldest revocation first.

    The id of a badge stands in its token, after the version and the key id. Read all pages once; later, ask with
    `since` for what came in the meantime: badges that you know already can be among them.
    """
    return await badges.list_revoked_badges(conn, edition_id, instant_of(since, "since"), paging)


@get("/badge-keys", opt=PUBLIC, operation_id="list_badge_keys", tags=TAGS)
async def list_badge_keys(
    conn: NamedDependency[Connection], paging: NamedDependency[Paging]
) -> ForumResponse[Page[PublicBadgeKey]]:
    """The public keys with which a scanner verifies badges without the server, oldest first; the newest signs."""
    return ForumResponse(await badges.list_public_keys(conn, paging), headers={"Cache-Control": PUBLIC_CACHING})


@get("/.well-known/forum-badge-keys", opt=PUBLIC, operation_id="get_well_known_badge_keys", tags=TAGS)
async def get_well_known_badge_keys(
    request: Request[Any, Any, Any], conn: NamedDependency[Connection]
) -> KeptResponse[Page[PublicBadgeKey]]:
    """The same keys at an address that needs no knowledge of this API (RFC 8615)."""
    body = msgspec.json.encode(await badges.list_public_keys(conn, Paging(MAX_KEYS)))
    return KeptResponse(KeptBytes(body, "application/json", "badge-keys"), request)


HANDLERS = [
    list_badges,
    get_badge_svg,
    get_badge_png,
    get_badge_pdf,
    print_badges,
    list_revoked_badges,
    list_badge_keys,
]
WELL_KNOWN = [get_well_known_badge_keys]
"""What stands outside of `/v1`."""
