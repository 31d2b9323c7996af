"""An accepted proposal becomes a session of the programme: a draft, with its speakers invited."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection
from forum.errors import Invalid
from forum.permissions import Principal
from forum.programme import service as programme
from forum.programme.types import NewSession, SessionLanguages
from forum.proposals import call_queries, queries
from forum.proposals.moves import require_move
from forum.proposals.news import tell
from forum.proposals.proposals import view_of
from forum.proposals.types import PreferredSlot, Proposal
from forum.speakers import service as speakers
from forum.speakers.appearance_types import NewAppearance
from forum.speakers.types import NewSpeaker


async def accept_proposal(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    proposal_id: UUID,
    slot: int | None,
    reason: str | None,
    now: datetime,
) -> Proposal:
    """Make a draft session of a proposal, invite its speakers, and tell its contact, all in one transaction.

    Raises `AlreadyAccepted` with the session, `WrongStatus`, and `Invalid` for a slot that it cannot have.
    """
    viewer = view_of(principal, edition_id)
    require_move(await queries.lock_proposal(conn, edition_id, proposal_id, viewer), "accept", True)
    proposal = await queries.find_proposal(conn, edition_id, proposal_id, viewer)
    chosen = await _choose_slot(conn, edition_id, proposal, slot)
    session = await programme.create_session(conn, edition_id, _session(proposal, chosen), now)
    await _invite_speakers(conn, principal, edition_id, session.id, proposal, now)
    row = (None, session.id, None, now, reason, principal.token_id)
    await queries.move_proposal(conn, edition_id, proposal_id, "accepted", *row)
    await tell(conn, edition_id, proposal_id, "accepted", now)
    return await queries.find_proposal(conn, edition_id, proposal_id, viewer)


async def _choose_slot(
    conn: Connection, edition_id: UUID, proposal: Proposal, slot: int | None
) -> PreferredSlot | None:
    """The slot of that number; an edition may have been moved since it was asked for."""
    if slot is None:
        return None
    if slot >= len(proposal.preferred_slots):
        raise Invalid.at("/slot", "unknown_value", f"It has {len(proposal.preferred_slots)} slots, counted from 0.")
    chosen = proposal.preferred_slots[slot]
    found = await call_queries.get_proposal_references(conn, edition_id, [], [chosen], proposal.lead_entity, None, [])
    if found.outside_slots and proposal.type not in programme.OUTSIDE_TYPES:
        raise Invalid.at("/slot", "outside_edition", "That slot lies outside the edition's days by now.")
    return chosen


def _session(proposal: Proposal, slot: PreferredSlot | None) -> NewSession:
    """The session, with what the programme shows of a proposal; the concept note is for those who decide."""
    return NewSession(
        title=proposal.title,
        abstract=proposal.abstract,
        type=proposal.type,
        starts_at=slot.starts_at if slot else None,
        ends_at=slot.ends_at if slot else None,
        mode=proposal.mode,
        languages=SessionLanguages(floor=proposal.languages),
        organisers=proposal.organisers,
    )


async def _invite_speakers(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, proposal: Proposal, now: datetime
) -> None:
    """Proposed speakers are invited, in their order; nobody is named in public before they agree."""
    for proposed in proposal.speakers:
        named = NewSpeaker(
            display_name=proposed.display_name,
            function=proposed.function,
            entity=proposed.entity,
            country=proposed.country,
        )
        speaker = await speakers.create_speaker(conn, principal, edition_id, named, now)
        appearance = NewAppearance(speaker=speaker.id, role=proposed.role)
        await speakers.create_appearance(conn, edition_id, session_id, appearance, now)
