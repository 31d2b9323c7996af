"""Rows of pledges: from what public pages give to what the API takes.

An import announces nothing: an announcement is made in a session, at its instant. It submits and verifies where the row
says so, and never takes a status back. The partners of a verified row are named by its source, so they have accepted.
"""

import re
from collections import Counter
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from forum import bodies
from forum.editions import service as editions
from forum.entities import service as entities
from forum.errors import Invalid
from forum.http import IfMatch
from forum.imports.desk import Book, Desk
from forum.imports.texts import as_in_row, changes, given, texts
from forum.imports.types import Outcome, PledgeRow, QuantityRow
from forum.pledges import service
from forum.pledges.types import NewPledge, Pledge, PledgePatch

_NAMES: Final = {"lead_entity": "lead", "source_url": "source", "external_id": "id"}
_MOVES: Final[dict[str, service.Move]] = {"submitted": "submit", "verified": "verify"}
"""The statuses that come after `draft`, in their order, each with the move that leads there."""


def name_pledges(rows: list[Any]) -> list[Any]:
    """Raw rows, those without an id called by edition and lead, the second of a lead with 2 and so on."""
    seen: Counter[str] = Counter()
    named = []
    for raw in rows:
        if isinstance(raw, dict) and isinstance(raw.get("lead"), str) and isinstance(raw.get("edition"), str):
            name = re.sub(r"[^a-z0-9]+", "-", f"{raw['edition']} {raw['lead']}".lower()).strip("-")
            seen[name] += 1
            raw = {"id": (name if seen[name] == 1 else f"{name}-{seen[name]}")[:100]} | raw
        named.append(raw)
    return named


async def import_pledge(desk: Desk, row: PledgeRow) -> Outcome:
    """Make or change a pledge, and move it on; raises `Invalid` with every fault."""
    book = await desk.book(row.edition)
    try:
        pledge, outcome = await _upsert(desk, book, await _fields(desk, book, row))
    except Invalid as error:
        plain = [name for name in ("title", "description") if not isinstance(getattr(row, name), dict)]
        raise as_in_row(error, _NAMES, [*plain, "amount"]) from error
    changed = [await _accept(desk, book, pledge, row), await _move(desk, book, pledge, row)]
    if row.announced_in or row.announced_by or row.announced_on:
        detail = "An import announces nothing: announce it in its session."
        desk.ledger.remark("pledge", row.id, "/announced_in", "not_announced", detail)
    return "updated" if outcome == "unchanged" and any(changed) else outcome


async def _fields(desk: Desk, book: Book, row: PledgeRow) -> dict[str, Any]:
    """The pledge as the API takes it, without what is not known."""
    lead = await _lead(desk, book, row)
    partners = [await desk.entity(n, "pledge", row.id, f"/partners/{i}") for i, n in enumerate(row.partners or ())]
    money, title = _money(row), texts(row.title or _title(row)) or {}
    fields = {
        "title": title,
        "description": texts(row.description or _describe(row)),
        "original_language": row.original_language or ("en" if "en" in title else next(iter(title), "en")),
        "lead_entity": lead,
        "partners": partners or None,
        "contribution_kinds": row.contribution_kinds or (["financial"] if money else None),
        "objectives": row.objectives,
        "focus_areas": row.focus_areas,
        "multistakeholder_pledges": [_term(name) for name in row.multistakeholder_pledges or ()] or None,
        "countries": row.countries,
        "amount": money,
        "quantities": [_quantity(q) for q in row.quantities or ()] or None,
        "usd_rate": row.usd_rate,
        "usd_rate_on": row.usd_rate_on,
        "starts_on": row.start,
        "ends_on": row.end,
        "need": row.need,
        "stage": row.stage,
        "source_url": row.source if row.source and row.source.startswith("http") else None,
        "external_id": row.id,
    }
    known: dict[str, Any] = msgspec.to_builtins(given(fields))
    return known


def _money(row: PledgeRow) -> dict[str, str] | None:
    """The amount with two decimals, as it is answered; raises `Invalid` for half of it."""
    if (row.amount is None) != (row.currency is None):
        pointer = "/amount" if row.amount is None else "/currency"
        raise Invalid.at(pointer, "missing", "An amount needs both a number and a currency.")
    return {"amount": f"{Decimal(row.amount):.2f}", "currency": row.currency} if row.amount and row.currency else None


async def _lead(desk: Desk, book: Book, row: PledgeRow) -> UUID:
    """The entity that pledges: the one of this name, made in the row's category when there is none."""
    if row.category not in await editions.list_terms(desk.conn, book.edition.id, "stakeholder_category"):
        raise Invalid.at("/category", "unknown_value", "The series has no such stakeholder category.")
    if known := await entities.find_named(desk.conn, row.lead):
        return known.id
    return await entities.ensure_entity(desk.conn, row.lead, row.category, None, desk.ledger.now)


def _title(row: PledgeRow) -> str:
    """A title for a pledge that has none: what it is about, or at least whose it is."""
    return f"{row.lead}: {row.topic}" if row.topic else f"Pledge of {row.lead}"


def _describe(row: PledgeRow) -> str | None:
    """In English what the row says and the API has no field for, unless the row has a description of its own."""
    told = [
        f"{row.topic}." if row.topic else None,
        f"Over {row.years} years." if row.years else None,
        f"Joined by {row.partners_count} others." if row.partners_count else None,
        *(f"Delivered in {q.delivered_in}: {q.delivered} {q.unit}." for q in row.quantities or () if q.delivered_in),
    ]
    return " ".join(words for words in told if words) or None


def _quantity(quantity: QuantityRow) -> dict[str, Any]:
    """A quantity as the API takes it: numbers as decimal strings."""
    delivered = None if quantity.delivered is None else _decimal(quantity.delivered)
    return {
        "value": _decimal(quantity.value),
        "unit": quantity.unit,
        "at_least": quantity.at_least,
        "delivered": delivered,
    }


def _decimal(number: int | float | str) -> str:
    return number if isinstance(number, str) else f"{Decimal(str(number)):f}"


def _term(name: str) -> str:
    """The value of a vocabulary under its English name: small letters and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60] or "_"


async def _upsert(desk: Desk, book: Book, fields: dict[str, Any]) -> tuple[Pledge, Outcome]:
    conn, edition_id = desk.conn, book.edition.id
    present = await service.find_external_pledge(conn, edition_id, fields["external_id"])
    if present is None:
        new = bodies.decode(msgspec.json.encode(fields), NewPledge)
        return await service.create_pledge(conn, None, edition_id, new, desk.ledger.now), "created"
    changed = changes(msgspec.to_builtins(present), {name: fields[name] for name in fields if name != "stage"})
    if not changed:
        return present, "unchanged"
    patch = bodies.decode(msgspec.json.encode(changed), PledgePatch)
    return await service.update_pledge(conn, None, edition_id, present.id, patch, IfMatch(None)), "updated"


async def _accept(desk: Desk, book: Book, pledge: Pledge, row: PledgeRow) -> bool:
    """Accept for the partners of a verified row; whether there were any who had not."""
    pending = pledge.pending_partners if row.status == "verified" else []
    for partner in pending:
        await service.accept_partner(desk.conn, None, book.edition.id, pledge.id, partner, desk.ledger.now)
    return bool(pending)


async def _move(desk: Desk, book: Book, pledge: Pledge, row: PledgeRow) -> bool:
    """Move a pledge on to the status that the row tells, `submitted` where it tells none; never back."""
    order = ["draft", *_MOVES]
    wanted = order.index(row.status or "submitted")
    if pledge.status not in order or order.index(pledge.status) >= wanted:
        return False
    for status in order[order.index(pledge.status) + 1 : wanted + 1]:
        await service.move_pledge(desk.conn, None, book.edition.id, pledge.id, _MOVES[status], desk.ledger.now)
    return True
