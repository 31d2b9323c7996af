"""Erasure: nothing of the person is left in any column of any table, and what figures are made of is."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.contract.test_every_operation import assert_problem
from tests.factories import (
    REGISTRATIONS,
    badge_token,
    make_appearance,
    make_edition,
    make_entity,
    make_pledge,
    make_registration,
    make_session,
    make_speaker,
    publish_programme,
    registration_fields,
    scan_fields,
)
from tests.post import Post, link_in
from tests.proposals.conftest import make_proposal, put_call
from tests.questions.conftest import make_question
from tests.replies.conftest import reply
from tests.speakers.test_photos import put_photo
from tests.speakers.test_pictures import saved, two_halves

ADDRESS = "Zulaikha.Quastel@delegates.example"
PERSON = {"given_name": "Zulaikha", "family_name": "Quastel"}
TRACES = ("zulaikha", "quastel")
ERASURES = "/v1/editions/grf-2023/erasures"
BY_REQUEST = {"reason": "asked_by_the_person"}


async def traces(conn: Connection, *words: str) -> dict[str, list[str]]:
    """Where the words stand: every column of every table that holds text in whatever form, read from the catalogue."""
    columns = await conn.fetch(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c "
        "JOIN information_schema.tables t USING (table_schema, table_name) "
        "WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2"
    )
    assert len(columns) > 150
    found: dict[str, list[str]] = {}
    for table, column in columns:
        rows = await conn.fetch(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}"::text ~* $1', "|".join(words))
        if rows:
            found[f"{table}.{column}"] = [row[0] for row in rows]
    return found


async def counts(conn: Connection) -> dict[str, int]:
    """How many rows the tables have that figures are made of."""
    tables = ("scans", "presences", "attendances", "trails", "registrations", "pledges")
    return {table: await conn.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def take_part(
    client: Client, organizer: Client, edition: dict[str, Any], post: Post, clock: Timeline
) -> dict[str, Any]:
    """Somebody leaves as many traces as one can: at a gate, as a pledger, in mails sent and waiting."""
    person = await client.as_person(ADDRESS)
    await make_question(organizer)
    session = await make_session(organizer, access="registered")
    await publish_programme(organizer)
    fields = {"person": PERSON | {"language": "ar"}, "country": "CH", "consents": ["photography"],
              "accessibility_needs": "Quastel needs a ramp", "external_id": "quastel-1"}  # fmt: skip
    registration = await make_registration(organizer, ADDRESS, **fields)
    await post.deliver()
    admin, comment = await client.as_role("admin"), "COMMENT:Quastel is ill\r\nEND:VEVENT"
    mail = reply(session, sender=ADDRESS, end_event=comment)
    answered = await admin.post("/v1/inbox", content=mail, headers={"Content-Type": "message/rfc822"})
    assert answered.json()["outcome"] == "recorded"
    path = f"{REGISTRATIONS}/{registration['id']}"
    await person.patch(path, {"person": {"timezone": "Africa/Cairo"}, "answers": {"diet": "as Quastel eats"}})
    particulars = {"passport_name": "ZULAIKHA QUASTEL", "nationality": "CH", "consulate_city": "Bern"}
    letter = await person.made(f"{path}/letters", {"kind": "visa", "particulars": particulars})
    declined = f"/v1/editions/grf-2023/letters/{letter['id']}/decline"
    await organizer.made(declined, {"reason": "Quastel needs no visa"})
    await person.made(f"{path}/letters", {"kind": "invitation", "particulars": particulars})
    asked = {"changes": {"category": "state"}, "reason": "Quastel is a minister"}
    await person.made(f"{path}/change-requests", asked)
    list_path = f"/v1/editions/grf-2023/sessions/{session['id']}/speakers-list"
    window = {"opens_at": "2023-11-01T08:00:00Z", "closes_at": "2023-12-01T12:00:00Z"}
    await organizer.request("PUT", list_path, json=window, headers={"If-Match": "*"})
    speaking = await person.made(f"{list_path}/requests", {"rank": "other", "language": "ar", "needs_more_time": True})
    path_of_request = f"{list_path}/requests/{speaking['id']}"
    await organizer.made(f"{path_of_request}/move", {"position": 1, "reason": "Quastel has a plane to catch"})
    text = {"If-Match": "*", "Content-Type": "text/plain"}
    await person.request("PUT", f"{path_of_request}/statement", content=b"I am Quastel", headers=text)
    await organizer.made(f"{path_of_request}/decline", {"reason": "Quastel has spoken elsewhere"})
    booked = await make_session(organizer, access="booking", in_person_capacity=5)
    await person.made(f"/v1/editions/grf-2023/sessions/{booked['id']}/bookings", {"registration": registration["id"]})
    await person.request("PUT", f"/v1/editions/grf-2023/sessions/{session['id']}/star")
    await person.made("/v1/me/calendar", {"edition": "grf-2023", "label": "Quastel's phone"})
    await take_pushes(person)
    badge = await badge_token(organizer, registration)
    clock.now = datetime(2023, 12, 13, 10, tzinfo=UTC)
    scanner = await client.as_client(edition["id"], "scans:record", kind="device")
    for gate in ({}, {"gate": None, "session": session["id"]}):
        scan = scan_fields(badge, f"s{len(gate)}", "08:00", **gate)
        assert (await scanner.post("/v1/editions/grf-2023/scans", scan)).json()["result"] == "accepted"
    officer = await client.as_role("pledge_officer", edition["id"], ADDRESS)
    pledge = await make_pledge(officer, await make_entity(organizer))
    assert pledge["status"] == "draft"
    await propose(client, organizer, edition)
    await person.post(
        f"{REGISTRATIONS}/{registration['id']}/switch-mode", {"mode": "online", "reason": "Quastel is ill"}
    )
    await person.post(f"{REGISTRATIONS}/{registration['id']}/switch-mode", {"mode": "in_person"})
    await speak(client, organizer, registration, session, post)
    await client.post("/v1/auth/codes", {"email": ADDRESS})
    await post.plan()
    await complain(client, edition, post)
    headers = {"Idempotency-Key": "quastel"}
    await person.request("POST", f"{REGISTRATIONS}/{registration['id']}/withdraw", headers=headers)
    return await make_registration(organizer, ADDRESS, **fields | {"external_id": "quastel-2"})


async def take_pushes(person: Client) -> None:
    """Somebody takes pushes, and reads what they were told."""
    point = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    new = {"endpoint": "https://push.example.org/quastel", "keys": {"p256dh": point, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}}
    await person.made("/v1/me/push-subscriptions", new)
    assert (await person.made("/v1/me/notifications:read", {"until": "2024-01-01T00:00:00Z"}))["marked"] > 0


async def speak(
    client: Client, organizer: Client, registration: dict[str, Any], session: dict[str, Any], post: Post
) -> dict[str, Any]:
    """Somebody is asked to speak as a registered delegate, and leaves what a speaker can leave by their link."""
    fields = {"display_name": "Zulaikha Quastel", "honorific": "Dr Quastel", "function": "Quastel fellow",
              "biography": {"en": "Of the Quastels"}, "email": f"sp.{ADDRESS}", "external_id": "q-quastel"}  # fmt: skip
    speaker = await make_speaker(organizer, registration=registration["id"], **fields)
    before = len(post.server.taken)
    asked = {"speaker": speaker["id"], "role": "chair", "invite": True}
    appearance = await organizer.made(f"/v1/editions/grf-2023/sessions/{session['id']}/appearances", asked)
    await post.deliver()
    link = next(link_in(mail) for mail in post.server.mails()[before:] if "Invitation to speak" in mail["Subject"])
    holder = client.with_token((await client.made("/v1/auth/speaker-link", {"token": link}))["token"])
    base = f"/v1/editions/grf-2023/speakers/{speaker['id']}"
    await holder.made(f"{base}/consent", {"agreed": True, "note": "Quastel agrees"})
    await holder.made(f"{base}/appearances/{appearance['id']}/accept", {"note": "Quastel comes"})
    photo = await put_photo(holder, speaker, saved(two_halves()))
    assert photo.status_code == 200
    return speaker


async def complain(client: Client, edition: dict[str, Any], post: Post) -> None:
    """Somebody calls a mail of the edition unwanted, and unsubscribes from another."""
    async with post.office.pool.acquire() as conn:
        sent = await conn.fetchval("SELECT id FROM messages WHERE status = 'sent' AND recipient = $1 LIMIT 1", ADDRESS)
        await conn.execute(
            "INSERT INTO unsubscriptions SELECT $1, id, 'attendance_report', now() FROM persons WHERE email = $2",
            UUID(edition["id"]),
            ADDRESS,
        )
    provider = await client.as_client(edition["id"], "messages:report")
    report = {"message_id": f"<{sent}@calendar.forum.test>", "kind": "complained", "detail": f"spam, says {ADDRESS}"}
    assert (await provider.post("/v1/inbox/bounces", report)).json()["is_suppressed"] is True


async def propose(client: Client, organizer: Client, edition: dict[str, Any]) -> None:
    """Somebody proposes a session, and scores another's."""
    await put_call(organizer, closes_at="2023-12-30T00:00:00Z", decides_on=None, max_per_entity=2)
    other, own = await make_entity(organizer, "Other"), await make_entity(organizer, "Own")
    person, rival = await client.as_person(ADDRESS), await client.as_person("bei@delegates.example")
    theirs = await make_proposal(rival, other, contact={"name": "Bei", "email": "bei@delegates.example"})
    contact = {"name": "Zulaikha Quastel", "email": ADDRESS}
    await make_proposal(person, own, contact=contact)
    await make_proposal(person, own, "draft", contact=contact)
    reviewer = await client.as_role("programme_manager", edition["id"], ADDRESS)
    sheet = {"points": {"speaker_level": 1, "diversity": 1}, "comment": "Quastel likes it"}
    score = f"/v1/editions/grf-2023/proposals/{theirs['id']}/score"
    assert (await reviewer.request("PUT", score, json=sheet, headers={"If-Match": "*"})).status_code == 200


async def test_person_who_erases_themselves_leaves_no_trace_in_any_table(
    client: Client, organizer: Client, edition: dict[str, Any], conn: Connection, post: Post, clock: Timeline
) -> None:
    latest = await take_part(client, organizer, edition, post, clock)
    await make_edition(client, slug="elsewhere")
    admin = await client.as_role("admin")
    await make_registration(admin, ADDRESS, edition="elsewhere", person=PERSON)
    holder, first = [await make_registration(organizer, f"{n}@delegates.example") for n in "ab"]
    assert (holder["status"], first["status"]) == ("approved", "waitlisted")
    person = await client.as_person(ADDRESS)
    before, present = await counts(conn), await traces(conn, *TRACES)
    assert present.keys() == {
        "messages.recipient", "persons.email", "registration_transitions.reason", "registrations.accessibility_needs",
        "registrations.external_id", "registrations.family_name", "registrations.given_name", "sign_in_codes.email",
        "answers.value", "booking_transitions.reason", "calendar_feeds.label", "change_requests.reason",
        "push_subscriptions.endpoint",
        "letter_particulars.passport_name",
        "speakers.display_name", "speakers.honorific", "speakers.function", "speakers.biography", "speakers.email",
        "speakers.external_id", "speaker_consents.note", "appearances.note",
        "letters.reason", "proposal_contacts.email", "proposal_contacts.name", "suppressions.email",
        "proposal_scores.comment",
        "speaking_request_moves.reason", "speaking_request_transitions.reason", "speaking_requests.reason",
    }  # fmt: skip

    mailed = len(post.server.taken)

    refused = await person.post("/v1/me/erasure", {"email": "a@delegates.example"})
    answer = await person.post("/v1/me/erasure", {"email": ADDRESS.lower()})

    assert refused.status_code == 422
    assert answer.status_code == 200, answer.text
    assert await traces(conn, *TRACES) == {}
    assert await counts(conn) == before
    assert await conn.fetchval("SELECT count(*) FROM notification_reads") == 0
    assert (await person.get("/v1/me")).status_code == 401
    ended = await organizer.get(f"{REGISTRATIONS}/{latest['id']}")
    assert ended.json() | {"version": 0, "created_at": ""} == {
        "id": latest["id"], "edition_id": edition["id"],
        "person": {"given_name": None, "family_name": "erased", "email": ended.json()["person"]["email"],
                   "language": "en", "timezone": "UTC"},
        "entity": None, "delegation": None, "country": None, "category": "ngo", "counts_against_quota": True,
        "answers": {},
        "waits_for": None, "offer_expires_at": None, "mode": "in_person",
        "status": "erased", "accessibility_needs": None, "consents": [], "source": "registrar",
        "waitlist_position": None, "external_id": None, "created_at": "", "version": 0,
    }  # fmt: skip
    assert ended.json()["person"]["email"].endswith("@erased.invalid")
    assert (await organizer.get(f"{REGISTRATIONS}/{first['id']}")).json()["status"] == "approved"
    assert await conn.fetchval("SELECT count(*) FROM badges WHERE revoked_at IS NULL") == 2
    evidence = (await organizer.get(ERASURES, params={"count": True})).json()
    assert [item["reason"] for item in evidence["items"]] == ["asked_by_the_person"] * evidence["total"]
    assert evidence["total"] == 2
    gate = [item["kept"]["scans"] for item in evidence["items"]]
    assert {"rows": 2, "basis": "statistics"} in gate
    await post.deliver()
    assert not [one for one, _ in post.server.taken[mailed:] if "erased" in one or "quastel" in one.lower()]


async def test_registration_erased_by_an_organizer_takes_an_account_along_that_nothing_else_needs(
    client: Client, organizer: Client, conn: Connection, post: Post
) -> None:
    registration = await make_registration(organizer, ADDRESS, person=PERSON)
    link = await post.link()
    path = f"{REGISTRATIONS}/{registration['id']}/erase"
    registrar = await client.as_role("registrar", registration["edition_id"])
    assert (await registrar.post(path, BY_REQUEST)).status_code == 403
    assert (await organizer.post(path, {})).status_code == 422

    answer = await organizer.post(path, {"reason": "registered_without_consent"})

    assert answer.json()["removed"] == {
        "registrations": 1, "registration_links": 1, "messages": 1, "persons": 1,
    }  # fmt: skip
    assert await traces(conn, *TRACES) == {}
    assert (await client.post("/v1/auth/registration-link", {"token": link})).status_code == 401
    again = await organizer.post(path, BY_REQUEST)
    assert_problem(again, 409, "wrong_status")
    assert (await organizer.post(f"{REGISTRATIONS}/{uuid4()}/erase", BY_REQUEST)).status_code == 404
    assert (await organizer.get(ERASURES)).json()["items"] == [answer.json()]


async def test_registration_erased_leaves_the_person_their_other_registrations(
    client: Client, organizer: Client, conn: Connection
) -> None:
    registration = await make_registration(organizer, ADDRESS, person=PERSON)
    await make_edition(client, slug="elsewhere")
    admin = await client.as_role("admin")
    other = await make_registration(admin, ADDRESS, edition="elsewhere", person=PERSON)
    person = await client.as_person(ADDRESS)
    await person.patch(f"{REGISTRATIONS}/{registration['id']}", {"consents": ["photography"]})
    await person.post(f"{REGISTRATIONS}/{registration['id']}/switch-mode", {"mode": "online", "reason": "Quastel"})

    assert (await organizer.post(f"{REGISTRATIONS}/{registration['id']}/erase", BY_REQUEST)).status_code == 200

    left = await traces(conn, *TRACES)
    assert {name: len(rows) for name, rows in left.items()} == {
        "persons.email": 1, "registrations.family_name": 1, "registrations.given_name": 1,
    }  # fmt: skip
    assert [item["id"] for item in (await person.get("/v1/me/registrations")).json()["items"]] == [other["id"]]
    tied = (
        "SELECT count(*) FROM registration_transitions h JOIN tokens t ON t.id = h.by_token "
        "JOIN persons p ON p.id = t.person_id AND p.email = $2 WHERE h.registration_id = $1"
    )
    assert await conn.fetchval(tied, UUID(registration["id"]), ADDRESS) == 0


async def test_who_spoke_stays_in_the_record_and_nothing_else_of_them_does(
    client: Client, organizer: Client, post: Post, conn: Connection
) -> None:
    registration = await make_registration(organizer, ADDRESS, person=PERSON)
    session = await make_session(organizer)
    speaker = await speak(client, organizer, registration, session, post)
    path = f"/v1/editions/grf-2023/speakers/{speaker['id']}"
    (appearance,) = (await organizer.get("/v1/editions/grf-2023/appearances")).json()["items"]
    asked = await make_session(organizer, title={"en": "Another"}, starts_at="2023-12-14T08:00:00Z", ends_at=None)
    await make_appearance(organizer, asked, speaker)
    sessions = "/v1/editions/grf-2023/sessions"
    await organizer.made(f"{sessions}/{session['id']}/appearances/{appearance['id']}/mark-spoke", None)
    await publish_programme(organizer)

    answer = await organizer.post(f"{REGISTRATIONS}/{registration['id']}/erase", BY_REQUEST)

    assert {name: rows for name, rows in answer.json()["removed"].items() if "speak" in name or "appear" in name} == {
        "speakers": 1, "appearances": 2, "speaker_consents": 1, "speaker_photos": 1, "speaker_links": 1,
    }  # fmt: skip
    left = (await organizer.get(path)).json()
    assert left == speaker | {"biography": None, "email": None, "external_id": None, "registration": None,
                              "published": True, "version": left["version"]}  # fmt: skip
    rows = (await organizer.get("/v1/editions/grf-2023/appearances")).json()["items"]
    assert [(row["status"], row["note"]) for row in rows] == [("spoke", None), ("withdrawn", None)]
    assert "Zulaikha Quastel" in (await client.get("/v1/editions/grf-2023/programme")).text
    assert (await client.get(f"{path}/photo")).status_code == 404
    found = await traces(conn, *TRACES)
    assert found.keys() == {
        "speakers.display_name", "speakers.honorific", "speakers.function", "release_sessions.appearances",
    }  # fmt: skip
    assert await conn.fetchval("SELECT count(*) FROM speaker_consents WHERE by_token IS NOT NULL") == 0


async def test_who_did_not_speak_is_named_no_more_not_even_in_a_release(
    client: Client, organizer: Client, post: Post
) -> None:
    registration = await make_registration(organizer, ADDRESS, person=PERSON)
    speaker = await speak(client, organizer, registration, await make_session(organizer), post)
    await publish_programme(organizer)
    programme = "/v1/editions/grf-2023/programme/releases/1"
    assert "Zulaikha Quastel" in (await client.get(programme)).text

    await organizer.made(f"{REGISTRATIONS}/{registration['id']}/erase", BY_REQUEST)

    assert "Quastel" not in (await client.get(programme)).text
    left = (await organizer.get(f"/v1/editions/grf-2023/speakers/{speaker['id']}")).json()
    assert (left["display_name"], left["function"], left["published"]) == ("erased", None, False)
    said = (await organizer.get(f"/v1/editions/grf-2023/speakers/{speaker['id']}/consents")).json()["items"]
    assert [(one["agreed"], one["way"], one["note"]) for one in said] == [
        (True, "link", None),
        (False, "erasure", None),
    ]


@pytest.mark.parametrize("moves", [[], ["withdraw"], ["revoke"]])
async def test_every_state_can_be_erased_and_places_are_counted_right(
    organizer: Client, conn: Connection, moves: list[str]
) -> None:
    people = [await make_registration(organizer, f"{n}@delegates.example") for n in "abc"]
    for move in moves:
        await organizer.post(f"{REGISTRATIONS}/{people[0]['id']}/{move}")

    for one in people:
        answer = await organizer.post(f"{REGISTRATIONS}/{one['id']}/erase", BY_REQUEST)
        assert answer.status_code == 200, answer.text

    assert {row[0] for row in await conn.fetch("SELECT status FROM registrations")} == {"erased"}
    assert await conn.fetchval("SELECT taken FROM places WHERE mode = 'in_person'") == 0
    last = await conn.fetch(
        "SELECT DISTINCT ON (registration_id) status FROM registration_transitions "
        "ORDER BY registration_id, number DESC"
    )
    assert [row[0] for row in last] == ["erased"] * 3
    counted = (await organizer.get(f"{REGISTRATIONS}/counts", params={"by": "status"})).json()
    assert [(item["value"], item["count"]) for item in counted["items"]] == [("erased", 3)]


async def test_erased_address_can_register_anew(client: Client, organizer: Client) -> None:
    registration = await make_registration(organizer, ADDRESS, person=PERSON)
    await organizer.post(f"{REGISTRATIONS}/{registration['id']}/erase", BY_REQUEST)

    person = await client.as_person(ADDRESS)

    assert (await person.get("/v1/me/registrations")).json()["items"] == []
    assert (await person.post(REGISTRATIONS, registration_fields(ADDRESS))).status_code == 201


async def test_everything_that_is_held_is_shown_to_the_person_and_to_nobody_else(
    client: Client, organizer: Client, edition: dict[str, Any], post: Post, conn: Connection, clock: Timeline
) -> None:
    await take_part(client, organizer, edition, post, clock)
    await make_registration(organizer, "bei@delegates.example", person={"family_name": "Stranger"})
    person = await client.as_person(ADDRESS)
    device = await client.as_client(edition["id"], "scans:record", kind="device")

    answer = await person.get("/v1/me/data")

    tables = answer.json()["tables"]
    rules = {row[0] for row in await conn.fetch("SELECT table_name FROM erasure_rules")}
    assert set(tables) == rules - {"registration_links", "speaker_links", "erasures"}
    empty = {name for name, rows in tables.items() if not rows}
    assert empty == {"objections"}
    shown = json.dumps(tables)
    assert "Stranger" not in shown
    assert "bei@" not in shown
    secrets = [row[0] for row in await conn.fetch("SELECT payload ->> 'code' FROM messages WHERE kind = 'sign_in'")]
    assert not [secret for secret in secrets if secret in shown]
    for words in present_words(await traces(conn, *TRACES)):
        assert words in json.dumps(tables, ensure_ascii=False)
    assert (await device.get("/v1/me/data")).status_code == 403


def present_words(found: dict[str, list[str]]) -> list[str]:
    """What stands in text columns; JSON is written in another form."""
    return [text for rows in found.values() for text in rows if not text.startswith(("{", "["))]


async def test_every_table_that_belongs_to_people_has_a_rule(conn: Connection) -> None:
    """A new table is found by what its columns are called, or by a foreign key: give it a line in `erasure_rules`."""
    named = {row[0] for row in await conn.fetch("SELECT DISTINCT table_name FROM personal_columns")}
    tied = await conn.fetch(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint "
        "WHERE contype = 'f' AND confrelid IN ('persons'::regclass, 'registrations'::regclass)"
    )
    rules = {row[0] for row in await conn.fetch("SELECT table_name FROM erasure_rules")}

    # a delegation names its head, who is active: a trigger takes back what is not
    assert rules == (named | {row[0] for row in tied}) - {"delegations"}
