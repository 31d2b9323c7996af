"""The HTTP side of entities and delegations."""

from datetime import datetime
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.entities import service
from forum.entities.types import Delegation, Entity, EntityFilter, EntityPatch, NewDelegation, NewEntity
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs


@get("/entities", opt=needs(Permission.PUBLIC), operation_id="list_entities", tags=["entities"])
async def list_entities(
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    category: FromQuery[str | None] = None,
    country: FromQuery[str | None] = None,
    name: FromQuery[str | None] = None,
) -> Page[Entity]:
    """Entities in the order in which they were made. `name` matches anywhere in the name."""
    return await service.list_entities(conn, EntityFilter(category, country, name), paging)


@post("/entities", opt=needs(Permission.ENTITIES_WRITE), operation_id="create_entity", tags=["entities"])
async def create_entity(
    data: JSONBody[NewEntity], conn: NamedDependency[Connection], now: NamedDependency[datetime]
) -> Entity:
    """Make an entity. Its name is unique in its category; 409 tells the id of the one that has it."""
    return await service.create_entity(conn, data, now)


@get("/entities/{entity_id:uuid}", opt=needs(Permission.PUBLIC), operation_id="get_entity", tags=["entities"])
async def get_entity(entity_id: FromPath[UUID], conn: NamedDependency[Connection]) -> Entity:
    """One entity, by its id."""
    return await service.find_entity(conn, entity_id)


@patch(
    "/entities/{entity_id:uuid}", opt=needs(Permission.ENTITIES_WRITE), operation_id="update_entity", tags=["entities"]
)
async def update_entity(
    entity_id: FromPath[UUID],
    data: JSONBody[EntityPatch],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> Entity:
    """Change an entity."""
    return await service.update_entity(conn, entity_id, data, if_match)


@get(
    "/editions/{edition:str}/delegations",
    opt=needs(Permission.REGISTRATIONS_CREATE),
    operation_id="list_delegations",
    tags=["entities"],
)
async def list_delegations(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    entity: FromQuery[UUID | None] = None,
) -> Page[Delegation]:
    """The delegations of an edition, of one entity or all."""
    return await service.list_delegations(conn, edition_id, entity, paging)


@post(
    "/editions/{edition:str}/delegations",
    opt=needs(Permission.REGISTRATIONS_WRITE),
    operation_id="create_delegation",
    tags=["entities"],
)
async def create_delegation(
    data: JSONBody[NewDelegation],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> Delegation:
    """Let an entity take part in an edition with a delegation."""
    return await service.create_delegation(conn, edition_id, data, now)


@get(
    "/editions/{edition:str}/delegations/{delegation_id:uuid}",
    opt=needs(Permission.REGISTRATIONS_CREATE),
    operation_id="get_delegation",
    tags=["entities"],
)
async def get_delegation(
    delegation_id: FromPath[UUID], edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]
) -> Delegation:
    """One delegation, with the name of its entity."""
    return await service.find_delegation(conn, edition_id, delegation_id)


HANDLERS = [
    list_entities,
    create_entity,
    get_entity,
    update_entity,
    list_delegations,
    create_delegation,
    get_delegation,
]
