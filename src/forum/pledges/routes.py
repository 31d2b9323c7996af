"""The HTTP side of pledges."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs
from forum.pledges import announcement_routes, service
from forum.pledges.types import NewPledge, Pledge, PledgeFilter, PledgePatch, PledgeStatus, Stage, Summary

PUBLIC, SUBMIT, WRITE = (
    needs(Permission.PUBLIC),
    needs(Permission.PLEDGES_SUBMIT),
    needs(Permission.PLEDGES_WRITE),
)
TAGS = ["pledges"]
PLEDGES = "/editions/{edition:str}/pledges"


@get(PLEDGES, opt=PUBLIC, operation_id="list_pledges", tags=TAGS)
async def list_pledges(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    paging: NamedDependency[Paging],
    status: FromQuery[PledgeStatus | None] = None,
    stage: FromQuery[Stage | None] = None,
    lead_entity: FromQuery[UUID | None] = None,
    partner: FromQuery[UUID | None] = None,
    objective: FromQuery[str | None] = None,
    focus_area: FromQuery[str | None] = None,
    contribution_kind: FromQuery[str | None] = None,
    multistakeholder_pledge: FromQuery[str | None] = None,
    country: FromQuery[str | None] = None,
    external_id: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Page[Pledge]:
    """Verified and announced pledges by number; one's own, and for pledge officers all, from the first draft.

    Withdrawn ones are listed only with `status=withdrawn`. `q` matches anywhere in a title, in any language.
    """
    wanted = PledgeFilter(
        status=status, stage=stage, lead_entity=lead_entity, partner=partner, objective=objective,
        focus_area=focus_area, contribution_kind=contribution_kind, multistakeholder_pledge=multistakeholder_pledge,
        country=country, external_id=external_id, q=q,
    )  # fmt: skip
    return await service.list_pledges(conn, principal, edition_id, wanted, paging)


@post(PLEDGES, opt=SUBMIT, operation_id="create_pledge", tags=TAGS)
async def create_pledge(
    data: JSONBody[NewPledge],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Pledge:
    """Make a pledge, as a draft with a reference of its own. Rate and stage are set by pledge officers only."""
    return await service.create_pledge(conn, principal, edition_id, data, now)


@get(f"{PLEDGES}/summary", opt=PUBLIC, operation_id="get_pledge_summary", tags=TAGS)
async def get_pledge_summary(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Summary:
    """What the verified and announced pledges come to, each counted once, in all and by each vocabulary.

    Sums are of what is known in US dollars, at the rates of the day that each pledge tells; null where nothing is.
    """
    return await service.summarize_pledges(conn, principal, edition_id, now)


@get(f"{PLEDGES}/{{pledge_id:uuid}}", opt=PUBLIC, operation_id="get_pledge", tags=TAGS)
async def get_pledge(
    pledge_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Pledge:
    """One pledge as it is today. One that was public and is withdrawn stays here, marked by its status."""
    return await service.find_pledge(conn, principal, edition_id, pledge_id)


@patch(f"{PLEDGES}/{{pledge_id:uuid}}", opt=SUBMIT, operation_id="update_pledge", tags=TAGS)
async def update_pledge(
    data: JSONBody[PledgePatch],
    pledge_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> Pledge:
    """Change a pledge: its owner while it is a draft, pledge officers also later. What was announced stays as it was.

    With another currency, the rate is gone unless a new one is given.
    """
    return await service.update_pledge(conn, principal, edition_id, pledge_id, data, if_match)


@post(
    f"{PLEDGES}/{{pledge_id:uuid}}/partners/{{entity_id:uuid}}/accept",
    opt=WRITE,
    status_code=200,
    operation_id="accept_pledge_partner",
    tags=TAGS,
)
async def accept_pledge_partner(
    pledge_id: FromPath[UUID],
    entity_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Pledge:
    """A partner has agreed to join the pledge: it is named in public from now on. Saying so twice changes nothing."""
    return await service.accept_partner(conn, principal, edition_id, pledge_id, entity_id, now)


def _move_route(move: service.Move, permission: Permission, description: str) -> HTTPRouteHandler:
    async def move_pledge(
        pledge_id: FromPath[UUID],
        edition_id: NamedDependency[UUID],
        conn: NamedDependency[Connection],
        principal: NamedDependency[Principal],
        now: NamedDependency[datetime],
    ) -> Pledge:
        return await service.move_pledge(conn, principal, edition_id, pledge_id, move, now)

    return HTTPRouteHandler(
        f"{PLEDGES}/{{pledge_id:uuid}}/{move}",
        http_method=HttpMethod.POST,
        opt=needs(permission),
        status_code=200,
        operation_id=f"{move}_pledge",
        description=description,
        tags=TAGS,
    )(move_pledge)


HANDLERS = [
    list_pledges,
    create_pledge,
    get_pledge_summary,
    get_pledge,
    update_pledge,
    accept_pledge_partner,
    _move_route("submit", Permission.PLEDGES_SUBMIT, "Hand a draft to the pledge officers, who change it from now on."),
    _move_route("verify", Permission.PLEDGES_WRITE, "The pledge is what it should be: it is public from now on."),
    _move_route(
        "withdraw",
        Permission.PLEDGES_SUBMIT,
        "Take a pledge back. One that was public stays addressable, marked, and leaves the totals at once.",
    ),
    *announcement_routes.HANDLERS,
]
