"""What becomes of proposals: sessions, refusals and unions, each once and in one piece, and who is told."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_entity, publish_programme
from tests.post import Post, text_of
from tests.proposals.conftest import (
    EDITION,
    PROPOSALS,
    make_proposal,
    move,
    put_call,
    read,
    refused,
)

STATUSES = ("submit", "withdraw", "shortlist", "accept", "reject", "merge", "reopen")


async def mails(conn: Connection) -> list[tuple[str, str]]:
    """Who is told what of proposals."""
    rows = await conn.fetch(
        "SELECT recipient, payload ->> 'news' FROM messages WHERE kind = 'proposal' ORDER BY number"
    )
    return [(row[0], row[1]) for row in rows]


async def test_accepted_proposal_is_a_draft_session_with_invited_speakers(
    client: Client, dina: Client, manager: Client, organizer: Client, city: dict[str, Any], clock: Timeline
) -> None:
    partner = await make_entity(organizer, "Partner")
    people = [
        {"display_name": "Amal Probe", "function": "Mayor", "entity": city["id"], "country": "CH", "role": "moderator"},
        {"display_name": "Bo Probe"},
    ]
    mine = await make_proposal(dina, city, organisers=[city["id"], partner["id"]], speakers=people)
    await move(manager, mine, "shortlist")
    clock.forward(days=1)

    accepted = await move(manager, mine, "accept", slot=0, reason="Strong.")

    assert (accepted["status"], accepted["decided_at"], accepted["reason"]) == (
        "accepted", "2023-11-02T09:00:00Z", None,
    )  # fmt: skip
    session = (await manager.get(f"{EDITION}/sessions/{accepted['session']}")).json()
    expected = {
        "title": mine["title"], "abstract": mine["abstract"], "type": "side_event", "status": "draft", "mode": "hybrid",
        "starts_at": "2023-12-14T13:30:00Z", "ends_at": "2023-12-14T15:00:00Z", "room": None,
        "organisers": mine["organisers"],
    }  # fmt: skip
    assert {name: session[name] for name in expected} == expected
    assert session["languages"]["floor"] == ["en", "fr"]
    appearances = (await manager.get(f"{EDITION}/sessions/{session['id']}/appearances")).json()["items"]
    assert [(one["role"], one["status"], one["order"]) for one in appearances] == [
        ("moderator", "invited", 1), ("panellist", "invited", 2),
    ]  # fmt: skip
    speakers = (await manager.get(f"{EDITION}/speakers")).json()["items"]
    shown = ("display_name", "function", "entity", "country", "published")
    assert [tuple(one[name] for name in shown) for one in speakers] == [
        ("Amal Probe", "Mayor", city["id"], "CH", False), ("Bo Probe", None, None, None, False),
    ]  # fmt: skip
    assert (await client.get(f"{EDITION}/speakers")).json()["items"] == []
    assert (await read(dina, mine))["session"] == session["id"]
    assert await refused(manager, mine, "accept") == (409, "already_accepted", session["id"])
    assert await refused(dina, mine, "withdraw") == (409, "already_accepted", session["id"])


async def test_public_sees_nothing_of_proposals_before_the_programme_is_published(
    client: Client, dina: Client, manager: Client, city: dict[str, Any]
) -> None:
    mine = await make_proposal(dina, city)
    await publish_programme(manager)

    async def shown() -> str:
        paths = (f"{EDITION}/programme", f"{EDITION}/speakers", f"{EDITION}/proposals/call")
        return "".join([(await client.get(path)).text for path in paths])

    before = await shown()
    assert not any(word in before for word in ("Cities that welcome", "Amal", "matters"))
    accepted = await move(manager, mine, "accept", slot=1)
    assert "Cities that welcome" not in await shown()
    await manager.made(f"{EDITION}/sessions/{accepted['session']}/confirm", None)
    await publish_programme(manager)
    everything = await shown()
    assert "Cities that welcome" in everything
    assert not any(word in everything for word in ("Amal", "matters", "Muster"))


async def test_slot_must_be_one_that_it_asked_for_and_can_have(
    manager: Client, dina: Client, organizer: Client, city: dict[str, Any], conn: Connection
) -> None:
    mine = await make_proposal(dina, city)

    assert pointers(await manager.post(f"{PROPOSALS}/{mine['id']}/accept", {"slot": 2})) == {("/slot", "unknown_value")}
    await organizer.made(f"{EDITION}/revise", {"starts_on": "2023-12-14", "reason": {"en": "Shorter."}})
    outside = await manager.post(f"{PROPOSALS}/{mine['id']}/accept", {"slot": 1})
    assert pointers(outside) == {("/slot", "outside_edition")}
    assert [await conn.fetchval(f"SELECT count(*) FROM {table}") for table in ("sessions", "speakers")] == [0, 0]
    untouched = await manager.patch(f"{PROPOSALS}/{mine['id']}", {"expected_attendance": 9})
    assert untouched.status_code == 200  # its slots were good when they were given
    accepted = await move(manager, mine, "accept")
    session = (await manager.get(f"{EDITION}/sessions/{accepted['session']}")).json()
    assert (session["starts_at"], session["ends_at"]) == (None, None)


async def test_two_acceptances_at_once_make_one_session(
    manager: Client, dina: Client, city: dict[str, Any], conn: Connection
) -> None:
    mine = await make_proposal(dina, city)

    answers = await asyncio.gather(
        *(manager.post(f"{PROPOSALS}/{mine['id']}/accept", {"slot": n % 2}) for n in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    (session,) = (await manager.get(f"{EDITION}/sessions")).json()["items"]
    problems = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(one["code"], one["id"]) for one in problems} == {("already_accepted", session["id"])}
    assert await conn.fetchval("SELECT count(*) FROM speakers") == 1
    assert [news for _, news in await mails(conn)] == ["submitted", "accepted"]


async def test_merged_proposal_brings_its_organisers_and_speakers_each_once(
    client: Client, dina: Client, manager: Client, organizer: Client, city: dict[str, Any], conn: Connection
) -> None:
    ngo, both = [await make_entity(organizer, name, category="ngo") for name in ("Ngo", "Both")]
    bo = await client.as_person("bo@ngo.example")
    shared = {"display_name": "Amal Probé", "entity": city["id"]}
    kept = await make_proposal(
        dina, city, organisers=[both["id"], city["id"]], speakers=[shared, {"display_name": "C"}]
    )
    gone = await make_proposal(
        bo, ngo, organisers=[ngo["id"], both["id"]], contact={"email": "bo@ngo.example", "language": "fr"},
        speakers=[{"display_name": "D"}, shared | {"display_name": "AMAL PROBE"}, {"display_name": "c"}],
    )  # fmt: skip
    await move(manager, kept, "shortlist")

    merged = await move(manager, gone, "merge", into=kept["id"], reason="Alike.")

    assert (merged["status"], merged["merged_into"], merged["organisers"]) == ("merged", kept["id"], gone["organisers"])
    united = await read(dina, kept)
    assert united["organisers"] == [both["id"], city["id"], ngo["id"]]
    assert [one["display_name"] for one in united["speakers"]] == ["Amal Probé", "C", "D"]
    assert (united["status"], united["version"], united["lead_entity"]) == ("shortlisted", 4, city["id"])
    assert (await mails(conn))[2:] == [("bo@ngo.example", "merged"), ("dina@city.example", "joined")]
    assert await refused(manager, gone, "merge", into=kept["id"]) == (409, "wrong_status", [])
    steps = (await manager.get(f"{PROPOSALS}/{gone['id']}/transitions")).json()["items"]
    assert [(step["status"], step["reason"]) for step in steps[2:]] == [("merged", "Alike.")]
    assert (await bo.get(f"{PROPOSALS}/{kept['id']}")).status_code == 404


async def test_merge_is_refused_into_what_is_decided_absent_or_itself(
    dina: Client, manager: Client, city: dict[str, Any], conn: Connection
) -> None:
    await put_call(manager, max_per_entity=5)
    mine, other = await make_proposal(dina, city), await make_proposal(dina, city)
    accepted = await move(manager, other, "accept")
    path = f"{PROPOSALS}/{mine['id']}/merge"

    assert pointers(await manager.post(path, {"into": mine["id"]})) == {("/into", "same_proposal")}
    assert pointers(await manager.post(path, {"into": str(uuid4())})) == {("/into", "unknown_reference")}
    assert (await manager.post(f"{PROPOSALS}/{uuid4()}/merge", {"into": mine["id"]})).status_code == 404
    assert await refused(manager, mine, "merge", into=other["id"]) == (409, "already_accepted", accepted["session"])
    third = await make_proposal(dina, city, "draft")
    assert await refused(manager, mine, "merge", into=third["id"]) == (409, "wrong_status", ["submit", "withdraw"])
    assert (await read(dina, mine))["status"] == "submitted"


async def test_two_proposals_merged_into_each_other_at_once_leave_one(
    dina: Client, manager: Client, city: dict[str, Any]
) -> None:
    await put_call(manager, max_per_entity=2)
    one, two = await make_proposal(dina, city), await make_proposal(dina, city)

    async def merge(gone: dict[str, Any], kept: dict[str, Any]) -> int:
        return (await manager.post(f"{PROPOSALS}/{gone['id']}/merge", {"into": kept["id"]})).status_code

    answers = await asyncio.gather(*(merge(*pair) for pair in [(one, two), (two, one)] * 4))

    assert sorted(answers) == [200] + [409] * 7


@pytest.mark.parametrize(
    ("status", "path", "allowed"),
    [
        ("draft", [], {"submit", "withdraw"}),
        ("submitted", ["submit"], {"withdraw", "shortlist", "accept", "reject", "merge"}),
        ("shortlisted", ["submit", "shortlist"], {"withdraw", "accept", "reject", "merge"}),
        ("rejected", ["submit", "reject"], {"reopen"}),
        ("withdrawn", ["withdraw"], set()),
        ("merged", ["submit", "merge"], set()),
        ("accepted", ["submit", "accept"], set()),
    ],
)  # fmt: skip
async def test_only_the_moves_of_the_table_are_allowed(
    manager: Client, city: dict[str, Any], status: str, path: list[str], allowed: set[str]
) -> None:
    await put_call(manager, max_per_entity=20)

    async def fresh() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        other = await make_proposal(manager, city)
        bodies: dict[str, dict[str, Any]] = {"reject": {"reason": "x"}, "merge": {"into": other["id"]}}
        proposal = await make_proposal(manager, city, "draft")
        for name in path:
            proposal = await move(manager, proposal, name, **bodies.get(name, {}))
        assert proposal["status"] == status
        return proposal, bodies

    done = set()
    for name in STATUSES:
        proposal, bodies = await fresh()
        answer = await manager.post(f"{PROPOSALS}/{proposal['id']}/{name}", bodies.get(name, {}))
        if answer.status_code == 200:
            done.add(name)
        elif status != "accepted":
            assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status"), answer.text
            assert set(answer.json().get("allowed", [])) == allowed
    assert done == allowed


async def test_proposers_are_told_of_moves_that_are_theirs_only(dina: Client, city: dict[str, Any]) -> None:
    mine = await make_proposal(dina, city)

    assert await refused(dina, mine, "submit") == (409, "wrong_status", ["withdraw"])
    await move(dina, mine, "withdraw", reason="No money.")
    assert await refused(dina, mine, "withdraw") == (409, "wrong_status", [])


@pytest.mark.parametrize(
    ("language", "subject", "words", "day"),
    [
        ("en", "Your proposal was received: Cities that welcome", "Reason: The hall is full.",
         "Monday, November 20, 2023"),
        ("fr", "Votre proposition est bien arrivée : Des villes qui accueillent", "Motif: The hall is full.",
         "lundi 20 novembre 2023"),
        ("es", "Hemos recibido su propuesta: Cities that welcome", "Motivo: The hall is full.",
         "lunes, 20 de noviembre de 2023"),
        ("ru", "Ваше предложение получено: Cities that welcome", "Причина: The hall is full.",
         "понедельник, 20 ноября 2023"),
        ("zh-Hans", "已收到您的提案：Cities that welcome", "理由: The hall is full.", "2023年11月20日星期一"),
        ("ar-EG", "تم استلام مقترحكم: \u2068Cities that welcome\u2069", "السبب: The hall is full.", "الاثنين"),
    ],
)  # fmt: skip
async def test_contact_is_told_in_their_language(
    dina: Client, manager: Client, city: dict[str, Any], post: Post, language: str, subject: str, words: str, day: str
) -> None:
    mine = await make_proposal(dina, city, contact={"language": language})
    await move(manager, mine, "shortlist")
    await move(manager, mine, "reject", reason="The hall is full.")

    received, rejected = await post.deliver()

    assert (received["Subject"], received["From"], received["To"]) == (
        subject, "secretariat@forum.example", "dina@city.example",
    )  # fmt: skip
    assert day in text_of(received)
    assert words in text_of(rejected)


async def test_every_decision_is_mailed_once_to_the_contact(
    client: Client, dina: Client, manager: Client, city: dict[str, Any], post: Post
) -> None:
    await put_call(manager, max_per_entity=3)
    one, two = [await make_proposal(dina, city, title={"en": f"Cities {name}"}) for name in ("one", "two")]
    await move(manager, one, "reject", reason="Twice.\nSee two.")
    await move(manager, one, "reopen")
    await move(manager, one, "merge", into=two["id"])
    await move(manager, two, "accept", slot=0)

    delivered = await post.deliver()

    assert [str(mail["Subject"]) for mail in delivered] == [
        "Your proposal was received: Cities one",
        "Your proposal was received: Cities two",
        "Your proposal was not accepted: Cities one",
        "Your proposal is considered again: Cities one",
        "Your proposal was united with another: Cities one",
        "Another proposal was united with yours: Cities two",
        "Your proposal was accepted: Cities two",
    ]
    assert "The other proposal: Cities two" in text_of(delivered[4])
    assert "The other proposal: Cities one" in text_of(delivered[5])
    assert "becomes a session of Global Refugee Forum 2023" in text_of(delivered[6])
    assert await post.deliver() == []
    organizer = await client.as_role("organizer", (await client.get(EDITION)).json()["id"])
    listed = (await organizer.get(f"{EDITION}/messages", params={"kind": "proposal"})).json()["items"]
    assert [one["status"] for one in listed] == ["sent"] * 7
