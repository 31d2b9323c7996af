"""Who may do what: the table of the contract, role by role, and that no route stands outside it."""

from pathlib import Path
from typing import get_args
from uuid import UUID, uuid4

import pytest

import forum
from forum.errors import NotFound
from forum.permissions import GRANTS_OF, NOBODY, PLATFORM, ClientScope, Grant, Permission, Principal, Role, _confine
from tests.client import Client
from tests.factories import make_edition

P = Permission
HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
TABLE: dict[Role, set[Permission]] = {
    "admin": set(Permission),
    "organizer": set(Permission) - {P.EDITIONS_CREATE},
    "programme_manager": {P.PROGRAMME_READ, P.PROGRAMME_WRITE, P.PROGRAMME_PUBLISH, P.SPEAKERS_OWN},
    "registrar": {
        P.DELEGATIONS_MANAGE,
        P.DELEGATIONS_READ,
        P.BOOKINGS_CREATE,
        P.BOOKINGS_READ,
        P.BOOKINGS_WRITE,
        P.ENTITIES_WRITE,
        P.MESSAGES_READ,
        P.MESSAGES_WRITE,
        P.PROGRAMME_READ,
        P.REGISTRATIONS_CREATE,
        P.REGISTRATIONS_READ,
        P.REGISTRATIONS_WRITE,
    },
    "checkin_staff": {P.SCANS_RECORD},
    "pledge_officer": {P.ENTITIES_WRITE, P.PLEDGES_READ, P.PLEDGES_SUBMIT, P.PLEDGES_WRITE},
    "analyst": {P.PROGRAMME_READ, P.STATISTICS_READ},
    "focal_point": {P.DELEGATIONS_MANAGE, P.DELEGATIONS_READ},
}
ALWAYS = {P.PUBLIC, P.SIGNED_IN, P.REGISTRATIONS_OWN}
NAMES = {
    P.DELEGATIONS_MANAGE,
    P.REGISTRATIONS_READ,
    P.REGISTRATIONS_WRITE,
    P.BOOKINGS_READ,
    P.BOOKINGS_WRITE,
    P.MESSAGES_READ,
    P.MESSAGES_WRITE,
    P.GRANTS_WRITE,
    P.PROGRAMME_WRITE,
}
"""What shows the names of people who have not agreed to be named."""


def person(*grants: tuple[Role, UUID | None, str | None]) -> Principal:
    """A person with these roles."""
    return Principal(uuid4(), "person", uuid4(), None, None, [], [Grant(*grant) for grant in grants])


@pytest.mark.parametrize("role", get_args(Role))
def test_role_allows_what_the_contract_says_and_nothing_else(role: Role) -> None:
    holder = person((role, None if role == "admin" else HERE, None if role == "admin" else "here"))

    for here in (HERE, str(HERE), "here"):
        assert {permission for permission in Permission if holder.may(permission, here)} == TABLE[role] | ALWAYS
    if role != "admin":
        for edition in (ELSEWHERE, "elsewhere", PLATFORM, "None", ""):
            assert {permission for permission in Permission if holder.may(permission, edition)} == ALWAYS


def test_every_role_is_in_the_table_and_every_permission_is_given_to_somebody() -> None:
    assert set(GRANTS_OF) == set(get_args(Role)) == set(TABLE)
    below_admin = set().union(*(GRANTS_OF[role] for role in TABLE if role != "admin"))
    assert below_admin == set(Permission) - {P.EDITIONS_CREATE}


def test_who_counts_or_scans_never_sees_lists_of_people() -> None:
    assert not (TABLE["analyst"] | TABLE["checkin_staff"] | {P(scope) for scope in get_args(ClientScope)}) & NAMES


def test_reach_of_a_focal_point_is_their_own_delegations_in_that_edition() -> None:
    own, second, elsewhere = UUID(int=11), UUID(int=12), UUID(int=13)
    grants = [Grant("focal_point", HERE, "here", own), Grant("focal_point", HERE, "here", second)]
    grants.append(Grant("focal_point", ELSEWHERE, "elsewhere", elsewhere))
    focal_point = Principal(uuid4(), "person", uuid4(), None, None, [], grants)

    assert focal_point.reach(P.REGISTRATIONS_READ, HERE) == [own, second]
    assert focal_point.reach(P.REGISTRATIONS_WRITE, ELSEWHERE) == [elsewhere]
    assert focal_point.reach(P.REGISTRATIONS_WRITE, UUID(int=3)) == []
    assert person(("registrar", HERE, "here")).reach(P.REGISTRATIONS_WRITE, HERE) is None
    assert person(("registrar", HERE, "here")).reach(P.REGISTRATIONS_WRITE, ELSEWHERE) == []
    assert NOBODY.reach(P.REGISTRATIONS_READ, HERE) == []


def test_who_may_register_people_for_delegations_may_know_them() -> None:
    frontend = Principal(uuid4(), "client", None, HERE, "here", ["registrations:create"], [])

    assert {p for p in Permission if frontend.may(p, "here")} == {
        P.REGISTRATIONS_CREATE, P.DELEGATIONS_READ, *ALWAYS,
    }  # fmt: skip
    assert not frontend.may(P.DELEGATIONS_READ, ELSEWHERE)


def test_client_may_what_its_scopes_say_on_its_own_edition() -> None:
    client = Principal(uuid4(), "client", None, HERE, "here", ["scans:record"], [])

    assert {p for p in Permission if client.may(p, "here")} == {P.SCANS_RECORD} | ALWAYS
    assert not client.may(P.SCANS_RECORD, ELSEWHERE)
    assert {p for p in Permission if NOBODY.may(p, HERE) or NOBODY.may(p, "None")} == ALWAYS


def test_who_came_by_a_link_may_what_the_link_is_for() -> None:
    registration = Principal(uuid4(), "registration", uuid4(), HERE, "here", [], [], None, uuid4())
    speaker = Principal(uuid4(), "speaker", None, HERE, "here", [*get_args(ClientScope)], [], None, None, uuid4())

    assert {p for p in Permission if registration.may(p, HERE)} == {P.PUBLIC, P.REGISTRATIONS_OWN}
    assert {p for p in Permission if speaker.may(p, HERE)} == {P.PUBLIC, P.SPEAKERS_OWN}
    for one in (registration, speaker):
        name, own = f"{one.kind}_id", one.registration_id or one.speaker_id
        permission = P.REGISTRATIONS_OWN if one is registration else P.SPEAKERS_OWN
        assert _confine(one, permission, {"edition": "here", name: own}) is one
        for edition, id in (("here", uuid4()), ("elsewhere", own)):
            with pytest.raises(NotFound):
                _confine(one, permission, {"edition": edition, name: id})
            assert _confine(one, P.PUBLIC, {"edition": edition, name: id}) is NOBODY
        assert _confine(one, P.PUBLIC, {"edition": "here"}) is NOBODY
    assert (
        _confine(registration, P.PUBLIC, {"edition": "here", "registration_id": registration.registration_id}) is NOBODY
    )
    assert _confine(speaker, P.PUBLIC, {"edition": "here", "speaker_id": speaker.speaker_id}) is speaker
    assert registration.reach(P.REGISTRATIONS_READ, HERE) == speaker.reach(P.REGISTRATIONS_READ, HERE) == []


def test_every_permission_is_asked_for_somewhere() -> None:
    package = Path(forum.__file__).parent
    code = "".join(path.read_text() for path in package.rglob("*.py") if path.name != "permissions.py")

    assert [permission.name for permission in Permission if f"Permission.{permission.name}" not in code] == []


async def test_organizer_of_one_edition_is_a_stranger_to_another(client: Client) -> None:
    edition = await make_edition(client)
    other = await make_edition(client, slug="platform")
    hidden = await make_edition(client, "draft", slug="hidden")
    organizer = await client.as_role("organizer", other["id"])

    async def grant(role: str, edition: str | None) -> int:
        body = {"email": "x@y.example", "role": role} | ({"edition": edition} if edition else {})
        return (await organizer.post("/v1/grants", body)).status_code

    assert await grant("registrar", other["slug"]) == 201
    assert [await grant("registrar", edition["slug"]), await grant("registrar", hidden["id"])] == [404, 404]
    assert await grant("admin", None) == 403
    assert (await organizer.get(f"/v1/editions/{edition['slug']}/grants")).status_code == 403
    assert (await organizer.get(f"/v1/editions/{hidden['slug']}/grants")).status_code == 404
