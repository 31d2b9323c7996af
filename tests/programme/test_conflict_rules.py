"""Each rule at each level, who may go on in spite of one, and the list of what stands open."""

from typing import Any, Literal

import pytest

from tests.client import Client, pointers
from tests.factories import (
    make_appearance,
    make_booking,
    make_edition,
    make_registration,
    make_room,
    make_session,
    make_speaker,
)

EDITION = "/v1/editions/grf-2023"
SESSIONS, RULES = f"{EDITION}/sessions", f"{EDITION}/programme/conflict-rules"
CONFLICTS, OVERRIDES = f"{EDITION}/programme/conflicts", f"{EDITION}/programme/conflict-overrides"
Level = Literal["ignore", "warn", "refuse"]
AFTERNOON = {"starts_at": "2023-12-13T13:00:00Z", "ends_at": "2023-12-13T14:00:00Z"}
PEOPLE = ("speaker_double_booked", "chair_double_booked", "interpretation_double_booked")
BEGINNING = dict.fromkeys((*PEOPLE, "outside_edition"), "refuse") | dict.fromkeys(
    ("plenary_parallel", "capacity_below_bookings", "outside_opening_hours", "setup_time"), "warn"
)


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def manager(client: Client, organizer: Client) -> Client:
    """A programme manager of the same edition."""
    return await client.as_role("programme_manager", (await organizer.get(EDITION)).json()["id"])


async def set_level(organizer: Client, **levels: Level) -> None:
    """Decide anew about some rules, and let the others begin again."""
    answer = await organizer.request("PUT", RULES, json=BEGINNING | levels, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def of_speakers(
    organizer: Client, role: str = "panellist"
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A draft, the confirmed session in its way, and what a conflict of them names."""
    speaker = await make_speaker(organizer)
    holder, draft = [await make_session(organizer, status, type="side_event") for status in ("confirmed", "draft")]
    await make_appearance(organizer, holder, speaker)
    await make_appearance(organizer, draft, speaker, role=role)
    return draft, holder, {"speaker": speaker["id"]}


async def of_chairs(organizer: Client) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The same, of somebody who chairs one of them."""
    return await of_speakers(organizer, "chair")


async def of_teams(organizer: Client) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The same, of an interpretation team."""
    team = await organizer.made(f"{EDITION}/interpretation-teams", {"name": "French 1", "languages": ["fr"]})
    fields = {"type": "side_event", "interpretation_teams": [team["id"]]}
    holder, draft = [await make_session(organizer, status, **fields) for status in ("confirmed", "draft")]
    return draft, holder, {"team": team["id"]}


async def of_plenaries(organizer: Client) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The same, of a plenary and something else; breaks do not count."""
    await make_session(organizer, type="break")
    holder, draft = (
        await make_session(organizer, type="plenary"),
        await make_session(organizer, "draft", type="side_event"),
    )
    return draft, holder, {}


async def of_setup(organizer: Client) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The same, of two sessions with less time between them than teardown and set-up take, in a room and its part."""
    part = await make_room(organizer, name="Part", setup_minutes=30)
    joined = await make_room(organizer, name="Joined", parts=[part["id"]], teardown_minutes=40)
    holder = await make_session(organizer, type="side_event", room=joined["id"])
    enough = {"starts_at": "2023-12-13T13:10:00Z", "ends_at": "2023-12-13T13:20:00Z"}
    clear = await make_session(organizer, type="side_event", room=part["id"], **enough)
    await organizer.post(f"{SESSIONS}/{clear['id']}/cancel")
    late = {"starts_at": "2023-12-13T13:09:00Z", "ends_at": "2023-12-13T13:20:00Z"}
    draft = await make_session(organizer, "draft", type="side_event", room=part["id"], **late)
    return draft, holder, {"room": part["id"]}


async def of_hours(organizer: Client) -> tuple[dict[str, Any], None, dict[str, Any]]:
    """A session until noon of a day on which its room closes at half past eleven in Geneva, and opens again."""
    hours = [
        {"opens_at": "08:00", "closes_at": "20:00"},
        {"on": "2023-12-13", "opens_at": "09:00", "closes_at": "11:30"},
        {"on": "2023-12-13", "opens_at": "11:40", "closes_at": "18:00"},
    ]
    room = await make_room(organizer, opening_hours=hours)
    return await make_session(organizer, "draft", type="side_event", room=room["id"]), None, {"room": room["id"]}


async def of_days(organizer: Client) -> tuple[dict[str, Any], None, dict[str, Any]]:
    """A session from which the edition has moved away."""
    draft = await make_session(organizer, "draft", type="side_event")
    moved = {"starts_on": "2024-01-10", "ends_on": "2024-01-12", "reason": {"en": "No hall."}, "sessions": "keep"}
    await organizer.made(f"{EDITION}/revise", moved)
    return draft, None, {}


async def of_bookings(organizer: Client) -> tuple[dict[str, Any], None, dict[str, Any]]:
    """A session that is moved into a room that is too small for those who have booked it."""
    small = await make_room(organizer, name="Small", capacity=1)
    session = await make_session(organizer, type="side_event", access="booking", mode="in_person", in_person_capacity=5)
    for name in "ab":
        registration = await make_registration(organizer, f"{name}@delegates.example")
        await make_booking(organizer, session, registration)
    return session | {"room": small["id"]}, None, {}


MAKERS = {
    "speaker_double_booked": of_speakers,
    "chair_double_booked": of_chairs,
    "interpretation_double_booked": of_teams,
    "plenary_parallel": of_plenaries,
    "capacity_below_bookings": of_bookings,
    "outside_opening_hours": of_hours,
    "outside_edition": of_days,
    "setup_time": of_setup,
}


@pytest.mark.parametrize("rule", MAKERS)
async def test_rule_refuses_warns_or_is_ignored(organizer: Client, rule: str) -> None:
    session, holder, subject = await MAKERS[rule](organizer)
    path = f"{SESSIONS}/{session['id']}"

    async def attempt() -> Any:
        if session["status"] == "draft":
            return await organizer.post(f"{path}/confirm")
        return await organizer.patch(path, {"room": session["room"]})

    sessions = [session["id"], *([holder["id"]] if holder else [])]
    told = {
        "rule": rule,
        "sessions": sessions,
        "speaker": None,
        "room": None,
        "team": None,
        "overridden": False,
    } | subject
    await set_level(organizer, **{rule: "refuse"})
    refused = await attempt()
    assert (refused.status_code, refused.json()["code"]) == (409, rule), refused.text
    assert refused.json()["conflicts"] == [told | {"level": "refuse"}]
    assert refused.json().get("id") == (holder["id"] if holder else None)

    await set_level(organizer, **{rule: "warn"})
    warned = await attempt()
    assert warned.status_code == 200, warned.text
    assert warned.json()["warnings"] == [told | {"level": "warn"}]
    listed = (await organizer.get(CONFLICTS, params={"count": "true"})).json()
    names = told | {"level": "warn", "sessions": sorted(sessions)}
    if rule == "setup_time":
        names["room"] = listed["items"][0]["room"]  # either of the two
    assert (listed["items"], listed["total"]) == ([names], 1)
    assert "warnings" not in (await organizer.get(path)).json()

    await set_level(organizer, **{rule: "ignore"})
    assert (await organizer.get(CONFLICTS)).json()["items"] == []
    if session["status"] == "draft":
        await organizer.post(f"{path}/cancel")
        assert "warnings" not in (await attempt()).json()


async def test_refusal_names_all_conflicts_and_the_gravest_as_its_code(organizer: Client) -> None:
    room, speaker = await make_room(organizer), await make_speaker(organizer)
    holder = await make_session(organizer, type="plenary", room=room["id"])
    elsewhere = await make_session(organizer, type="break")
    draft = await make_session(organizer, "draft", type="side_event", room=room["id"])
    for session in (elsewhere, draft):
        await make_appearance(organizer, session, speaker)

    refused = (await organizer.post(f"{SESSIONS}/{draft['id']}/confirm")).json()

    assert (refused["code"], refused["id"]) == ("room_occupied", holder["id"])
    assert [(clash["rule"], clash["level"], clash["sessions"][1]) for clash in refused["conflicts"]] == [
        ("room_occupied", "refuse", holder["id"]),
        ("speaker_double_booked", "refuse", elsewhere["id"]),
        ("plenary_parallel", "warn", holder["id"]),
    ]


@pytest.mark.parametrize("rule", PEOPLE)
async def test_organizer_goes_on_for_a_reason_that_is_kept(organizer: Client, manager: Client, rule: str) -> None:
    draft, holder, subject = await MAKERS[rule](organizer)
    assert holder
    path, why = f"{SESSIONS}/{draft['id']}/confirm", {"override": "true", "reason": "Ten minutes apart by car"}

    forbidden = await manager.post(path, params=why)
    unexplained = await organizer.post(path, params={"override": "true"})
    broken = await organizer.post(path, params=why | {"reason": "a\r\nb"})
    allowed = await organizer.post(path, params=why)

    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "forbidden")
    assert pointers(unexplained) == {("reason", "missing")}
    assert pointers(broken) == {("reason", "control_character")}
    assert allowed.json()["status"] == "confirmed"
    (kept,) = (await manager.get(OVERRIDES, params={"session": holder["id"]})).json()["items"]
    assert {name: kept[name] for name in ("session", "rule", "other_session", "subject", "reason")} == {
        "session": draft["id"],
        "rule": rule,
        "other_session": holder["id"],
        "subject": next(iter(subject.values())),
        "reason": "Ten minutes apart by car",
    }
    (listed,) = (await manager.get(CONFLICTS, params={"level": "refuse"})).json()["items"]
    assert (listed["rule"], listed["overridden"]) == (rule, True)
    assert (await organizer.patch(path.removesuffix("/confirm"), {"title": {"en": "Typo"}})).status_code == 200
    again = await organizer.patch(path.removesuffix("/confirm"), {"ends_at": "2023-12-13T11:00:00Z"})
    assert (again.status_code, again.json()["code"]) == (409, rule)
    moved = await organizer.patch(path.removesuffix("/confirm"), {"ends_at": "2023-12-13T11:00:00Z"}, params=why)
    assert moved.status_code == 200
    assert len((await manager.get(OVERRIDES)).json()["items"]) == 2


async def test_nobody_goes_on_in_a_room_that_is_taken(organizer: Client) -> None:
    room = await make_room(organizer)
    holder = await make_session(organizer, type="side_event", room=room["id"])
    draft = await make_session(organizer, "draft", type="side_event", room=room["id"])

    refused = await organizer.post(f"{SESSIONS}/{draft['id']}/confirm", params={"override": "true", "reason": "Please"})

    assert (refused.status_code, refused.json()["code"], refused.json()["id"]) == (409, "room_occupied", holder["id"])
    assert (await organizer.get(OVERRIDES)).json()["items"] == []


async def test_rules_are_replaced_by_organizers_only_and_with_the_version_that_was_read(
    organizer: Client, manager: Client
) -> None:
    rules = (await manager.get(RULES)).json()
    changed = BEGINNING | {"setup_time": "refuse"}

    forbidden = await manager.request("PUT", RULES, json=changed, headers={"If-Match": '"1"'})
    replaced = await organizer.request("PUT", RULES, json=changed, headers={"If-Match": '"1"'})
    stale = await organizer.request("PUT", RULES, json=BEGINNING, headers={"If-Match": '"1"'})
    wrong = await organizer.request("PUT", RULES, json=BEGINNING | {"setup_time": "shout"}, headers={"If-Match": "*"})

    assert rules == BEGINNING | {"version": 1}
    assert forbidden.status_code == 403
    assert replaced.json() == changed | {"version": 2}
    assert stale.json()["changes"] == {"setup_time": {"yours": "warn", "current": "refuse"}}
    assert pointers(wrong) == {("/setup_time", "unknown_value")}


async def test_conflicts_are_listed_page_by_page_and_by_rule_and_session(organizer: Client, client: Client) -> None:
    plenary = await make_session(organizer, type="plenary")
    sides = [await make_session(organizer, type="side_event") for _ in range(3)]
    await make_session(organizer, type="side_event", **AFTERNOON)
    found, cursor = [], ""
    while cursor is not None:
        page = (await organizer.get(CONFLICTS, params={"limit": "1"} | ({"cursor": cursor} if cursor else {}))).json()
        found += page["items"]
        cursor = page["next_cursor"]

    assert [clash["sessions"] for clash in found] == [[plenary["id"], side["id"]] for side in sides]
    one = (await organizer.get(CONFLICTS, params={"session": sides[1]["id"], "rule": "plenary_parallel"})).json()[
        "items"
    ]
    assert one == [found[1]]
    assert (await organizer.get(CONFLICTS, params={"rule": "setup_time"})).json()["items"] == []
    assert pointers(await organizer.get(CONFLICTS, params={"rule": "luck"})) == {("rule", "bad_parameter")}
    assert (await client.get(CONFLICTS)).status_code == 401


async def test_draft_is_told_what_confirming_it_would_meet(organizer: Client) -> None:
    room = await make_room(organizer)
    holder = await make_session(organizer, type="side_event", room=room["id"])

    made = await organizer.made(SESSIONS, {**holder_fields(), "room": room["id"]})

    assert [(clash["rule"], clash["sessions"]) for clash in made["warnings"]] == [
        ("room_occupied", [made["id"], holder["id"]])
    ]


def holder_fields() -> dict[str, Any]:
    """A side event on the first morning."""
    times = {"starts_at": "2023-12-13T08:00:00Z", "ends_at": "2023-12-13T12:00:00Z"}
    return {"title": {"en": "Side event"}, "type": "side_event"} | times


async def test_session_of_unknown_teams_is_refused(organizer: Client, client: Client) -> None:
    team = await organizer.made(f"{EDITION}/interpretation-teams", {"name": "French 1"})
    again = await organizer.post(f"{EDITION}/interpretation-teams", {"name": "FRENCH 1"})
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", other["id"], email="o@staff.example")

    answer = await stranger.post(
        "/v1/editions/grf-other/sessions", holder_fields() | {"interpretation_teams": [team["id"], team["id"]]}
    )
    unknown = await stranger.post(
        "/v1/editions/grf-other/sessions", holder_fields() | {"interpretation_teams": [team["id"]]}
    )

    assert (again.status_code, again.json()["code"]) == (409, "interpretation_team_name_taken")
    assert pointers(answer) == {("/interpretation_teams/1", "duplicate")}
    assert pointers(unknown) == {("/interpretation_teams/0", "unknown_reference")}


async def test_second_of_two_organizers_sees_both_versions(organizer: Client) -> None:
    room = await make_room(organizer)
    session = await make_session(organizer, "draft", type="side_event", languages={"floor": ["en"]})
    path = f"{SESSIONS}/{session['id']}"
    first = {"title": {"en": "First"}, "starts_at": "2023-12-13T09:00:00Z", "languages": {"floor": ["fr"]}}
    await organizer.patch(path, first, version=1)
    second = {
        "title": {"en": "Second"},
        "starts_at": "2023-12-13T10:00:00+01:00",
        "room": room["id"],
        "mode": "hybrid",
        "languages": {"floor": ["en"]},
    }

    stale = await organizer.patch(path, second, version=1)
    moved = await organizer.patch(path, {"starts_at": "2023-12-13T10:00:00Z"}, version=1)

    problem = stale.json()
    assert (stale.status_code, problem["code"], problem["version"], stale.headers["ETag"]) == (412, "stale", 2, '"2"')
    assert problem["changes"] == {
        "title": {"yours": {"en": "Second"}, "current": session["title"] | {"en": "First"}},
        "room": {"yours": room["id"], "current": None},
        "languages": {"yours": {"floor": ["en"]}, "current": session["languages"] | {"floor": ["fr"]}},
    }
    assert moved.json()["changes"] == {
        "starts_at": {"yours": "2023-12-13T10:00:00Z", "current": "2023-12-13T09:00:00Z"}
    }


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"starts_at": "2023-12-13T09:00:00 CET"}, ("/starts_at", "bad_format")),
        ({"starts_at": "2023-12-13T09:00:00[Mars/Base]"}, ("/starts_at", "bad_format")),
        ({"title": {"en": "Two\r\nlines"}}, ("/title/en", "control_character")),
        ({"languages": {"interpretation": ["english!"]}}, ("/languages/interpretation/0", "bad_format")),
    ],
)
async def test_bad_session_is_told_and_not_written(organizer: Client, fields: Any, pointer: tuple[str, str]) -> None:
    assert pointers(await organizer.post(SESSIONS, holder_fields() | fields)) == {pointer}
    assert (await organizer.get(SESSIONS)).json()["items"] == []
