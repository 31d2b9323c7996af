"""Who may ask for the floor, for whom, and what a request means that leaves things out.

The staff asks for anybody; who looks after a delegation, for it; an approved registered person, for themselves. What is
named is locked here, before the list is.
"""

from collections.abc import Iterator
from uuid import UUID

from forum.db import Connection
from forum.errors import Conflict, Fault, Invalid
from forum.permissions import Permission, Principal
from forum.registrations import service as registrations
from forum.speakers_lists import request_queries as queries
from forum.speakers_lists.request_types import Asker, NewSpeakingRequest, RequestReferences, RequestToStore
from forum.speakers_lists.types import StoredList


class RegistrationNotApproved(Conflict):
    """You have no approved registration at this edition"""


async def complete_request(
    conn: Connection, principal: Principal, edition_id: UUID, stored: StoredList, new: NewSpeakingRequest
) -> RequestToStore:
    """The request that `new` means, with its entity and delegation.

    Raises `Invalid` with everything that it names and that is not there, or not theirs to name, `Forbidden` for a
    machine and `RegistrationNotApproved` for who would ask for themselves without a place.
    """
    reach = principal.reach(Permission.PROGRAMME_WRITE, edition_id)
    principal.require_person("People ask for the floor; this token is none of theirs.")
    asker = await _lock_asker(conn, principal, edition_id, new, reach)
    delegation_id = new.delegation or (asker.delegation if asker and new.entity is None else None)
    named = (new.entity, delegation_id, new.speaker, new.appearance)
    found = await queries.get_request_references(conn, edition_id, stored.sessions, *named)
    faults = [*_reference_faults(new, found), *_person_faults(new, asker), *_reach_faults(new, asker, reach)]
    if faults:
        raise Invalid(faults)
    entity_id = new.entity or found.delegation_entity or (asker.entity if asker else found.speaker_entity)
    if entity_id is not None:
        await queries.lock_entity_of_request(conn, edition_id, entity_id, delegation_id)
    return RequestToStore(
        status="accepted" if reach is None else "requested",
        display_name=new.display_name,
        registration=asker.id if asker else None,
        speaker=new.speaker or found.appearance_speaker,
        appearance=new.appearance,
        entity=entity_id,
        delegation=delegation_id,
        rank=new.rank,
        language=new.language,
        on_behalf_of=new.on_behalf_of,
        needs_more_time=new.needs_more_time,
    )


async def _lock_asker(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewSpeakingRequest, reach: list[UUID] | None
) -> Asker | None:
    """The registration that is named, or one's own for who names nobody; None where somebody else is to speak."""
    if new.registration is not None:
        return await queries.lock_asker(conn, edition_id, new.registration, principal.person_id)
    if reach is None or new.display_name or new.speaker or new.appearance:
        return None
    own = await registrations.lock_own_registration(conn, edition_id, principal.person_id)
    if own is None or own.status != "approved":
        raise RegistrationNotApproved("Say who is to speak, or register first.", id=own.id if own else None)
    return Asker(own.id, own.status, own.entity, own.delegation, is_own=True)


def _reference_faults(new: NewSpeakingRequest, found: RequestReferences) -> Iterator[Fault]:
    known = {
        "entity": found.is_entity_known,
        "delegation": found.delegation_entity is not None,
        "speaker": found.is_speaker_known,
        "appearance": found.appearance_speaker is not None,
    }
    for name in (name for name, is_known in known.items() if getattr(new, name) is not None and not is_known):
        yield Fault(pointer=f"/{name}", code="unknown_reference", detail=f"There is no such {name} here.")
    if new.appearance is None or found.appearance_speaker is None:
        return
    if (new.display_name, new.registration) != (None, None) or new.speaker not in (None, found.appearance_speaker):
        yield Fault(pointer="/appearance", code="not_theirs", detail="It is the appearance of another speaker.")


def _person_faults(new: NewSpeakingRequest, asker: Asker | None) -> Iterator[Fault]:
    if asker is None and (new.display_name, new.registration, new.speaker, new.appearance) == (None,) * 4:
        yield Fault(pointer="/display_name", code="missing", detail="Name who is to speak, or their registration.")
    if asker is not None and new.registration is not None and asker.status != "approved":
        detail = f"It is {asker.status}: it must be approved first."
        yield Fault(pointer="/registration", code="not_approved", detail=detail)


def _reach_faults(new: NewSpeakingRequest, asker: Asker | None, reach: list[UUID] | None) -> Iterator[Fault]:
    """What only others may name: whose registration it is not is told nothing of it."""
    is_reached = asker is not None and (reach is None or asker.is_own or asker.delegation in reach)
    if new.registration is not None and not is_reached:
        detail = "The edition has no such registration, or it is not of your delegation."
        yield Fault(pointer="/registration", code="unknown_reference", detail=detail)
    if reach is None:
        return
    for name in (name for name in ("entity", "speaker", "appearance") if getattr(new, name) is not None):
        yield Fault(pointer=f"/{name}", code="staff_only", detail="Only the staff of the edition may name it.")
    own = [*reach, *([asker.delegation] if asker and asker.is_own and asker.delegation else [])]
    if new.delegation is not None and new.delegation not in own:
        yield Fault(pointer="/delegation", code="unknown_reference", detail="It is not your delegation.")
    if new.display_name is not None and new.delegation is None:
        yield Fault(pointer="/delegation", code="missing", detail="Say for which of your delegations.")
    if new.delegation is not None and asker is not None and asker.delegation != new.delegation:
        yield Fault(pointer="/registration", code="not_of_delegation", detail="They belong to another delegation.")
