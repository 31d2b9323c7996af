"""The HTTP side of entities."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from forum.db import Connection
from forum.entities import service
from forum.entities.delegation_routes import HANDLERS as DELEGATIONS
from forum.entities.types import Entity, EntityFilter, EntityMerge, EntityPatch, MergeFilter, Merging, NewEntity
from forum.http import ForumResponse, IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal, needs

PUBLIC, WRITE, MERGE = needs(Permission.PUBLIC), needs(Permission.ENTITIES_WRITE), needs(Permission.ENTITIES_MERGE)
TAGS = ["entities"]
MOVED = {308: ResponseSpec(Entity, description="It was merged into another: this one, whose address is in `Location`.")}


@get("/entities", opt=PUBLIC, operation_id="list_entities", tags=TAGS)
async def list_entities(
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    category: FromQuery[str | None] = None,
    country: FromQuery[str | None] = None,
    name: FromQuery[str | None] = None,
    q: Annotated[
        str | None,
        QueryParameter(
            min_length=1,
            max_length=200,
            pattern=r"\S",
            description="Parts that one of its names, alternative ones included, must have, whatever case and accents.",
        ),
    ] = None,
) -> Page[Entity]:
    """Entities in the order in which they were made. `name` matches anywhere in the main name, `q` in any name."""
    return await service.list_entities(conn, EntityFilter(category, country, name, q), paging)


@post("/entities", opt=WRITE, operation_id="create_entity", tags=TAGS)
async def create_entity(
    data: JSONBody[NewEntity], conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> Entity:
    """Make an entity. Case and accents aside, each of its names is unique in its category; 409 tells whose it is."""
    return await service.create_entity(conn, data, now)


@get("/entities/{entity_id:uuid}", opt=PUBLIC, operation_id="get_entity", tags=TAGS, responses=MOVED)
async def get_entity(entity_id: FromPath[UUID], conn: NamedDependency[Connection]) -> ForumResponse[Entity]:
    """One entity, by its id. The id of one that was merged into another answers 308 with that other's address."""
    entity = await service.find_entity(conn, entity_id)
    if entity.id == entity_id:
        return ForumResponse(entity)
    return ForumResponse(entity, status_code=308, headers={"Location": f"/v1/entities/{entity.id}"})


@patch("/entities/{entity_id:uuid}", opt=WRITE, operation_id="update_entity", tags=TAGS)
async def update_entity(
    entity_id: FromPath[UUID],
    data: JSONBody[EntityPatch],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> Entity:
    """Change an entity. 409 `entity_merged` names the one that it was merged into."""
    return await service.update_entity(conn, entity_id, data, if_match)


@post("/entities/{entity_id:uuid}/merge", opt=MERGE, status_code=200, operation_id="merge_entity", tags=TAGS)
async def merge_entity(
    data: JSONBody[Merging],
    entity_id: FromPath[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> Entity:
    """This entity turned out to be another one: all that names it names the other from now on, which also goes by its
    names. Where both have a delegation in an edition, people and focal points move to the other's. Nothing new can
    name the one that is gone. 409 for entities of different categories, for one inside this one, and for one merged
    before (`id` tells into which).
    """
    return await service.merge_entity(conn, principal, entity_id, data, now)


@get("/entity-merges", opt=WRITE, operation_id="list_entity_merges", tags=TAGS)
async def list_entity_merges(
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    entity: FromQuery[UUID | None] = None,
    into: FromQuery[UUID | None] = None,
    by_token: FromQuery[UUID | None] = None,
) -> Page[EntityMerge]:
    """Which entities were merged into which, when, by which token and why, oldest first. `entity` is on either side."""
    return await service.list_entity_merges(conn, MergeFilter(entity, into, by_token), paging)


HANDLERS = [
    list_entities,
    create_entity,
    get_entity,
    update_entity,
    merge_entity,
    list_entity_merges,
    *DELEGATIONS,
]
