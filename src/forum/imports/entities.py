"""Rows of entities: what the names in the other rows stand for."""

from collections.abc import Collection

from forum.entities import service
from forum.entities.types import EntityPatch
from forum.errors import Invalid
from forum.http import IfMatch
from forum.imports.desk import Desk
from forum.imports.texts import changes, given
from forum.imports.types import EntityRow, Outcome


async def import_entity(desk: Desk, row: EntityRow, categories: Collection[str]) -> Outcome:
    """Make an entity, or bring the one of this name in line; raises `Invalid` for a category that no series knows."""
    if row.category not in categories:
        raise Invalid.at("/category", "unknown_value", "No series has such a stakeholder category.")
    present = await service.find_named(desk.conn, row.name)
    if present is None:
        await service.ensure_entity(desk.conn, row.name, row.category, row.country, desk.ledger.now)
        return "created"
    wanted = given({"category": row.category, "country": row.country})
    changed = changes({name: getattr(present, name) for name in wanted}, wanted)
    if not changed:
        return "unchanged"
    await service.update_entity(desk.conn, present.id, EntityPatch(**changed), IfMatch(None))
    return "updated"
