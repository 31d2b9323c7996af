from typing import Any
from uuid import UUID, uuid4

from forum.bodies import decode
from forum.db import Pool
from forum.pledges import service
from forum.pledges.types import NewPledge
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_entity, make_pledge

PLEDGES = "/v1/editions/grf-2023/pledges"
Json = dict[str, Any]


async def test_pledge_made_with_everything_is_a_draft_with_all_of_it(officer: Client, lead: Json) -> None:
    partner = await make_entity(officer, "Olympic Refuge Foundation", category="sport")
    body = {
        "title": {"ar": "مليون ساعة", "zh-Hans": "一百万小时", "ru": "Миллион часов", "en": "A million hours"},
        "description": {"ar": "نص\nمن سطرين"},
        "original_language": "ar",
        "lead_entity": lead["id"],
        "partners": [partner["id"]],
        "contribution_kinds": ["technical", "financial"],
        "objectives": ["self_reliance"],
        "focus_areas": ["education"],
        "multistakeholder_pledges": ["legal_community", "sport_for_inclusion"],
        "countries": ["KE", "TD"],
        "amount": {"amount": "800000000", "currency": "EUR"},
        "usd_rate": "1.0795",
        "usd_rate_on": "2023-12-13",
        "quantities": [{"value": "1000000", "unit": "pro bono hours", "at_least": True, "delivered": "1250000.5"}],
        "starts_on": "2024-01-01",
        "ends_on": "2027-12-31",
        "need": "offers_support",
        "source_url": "https://www.pilnet.org/our-work/",
        "external_id": "row-6",
        "stage": "in_progress",
    }

    answer = await officer.post(PLEDGES, body)

    assert answer.status_code == 201, answer.text
    pledge = answer.json()
    assert pledge == body | {
        "id": pledge["id"],
        "number": 1,
        "reference": "GRF-2023-0001",
        "lead_entity_name": "PILnet",
        "pending_partners": [partner["id"]],
        "amount": {"amount": "800000000.00", "currency": "EUR"},
        "usd_equivalent": "863600000.00",
        "status": "draft",
        "submitted_at": None,
        "verified_at": None,
        "withdrawn_at": None,
        "version": 1,
    }
    assert answer.headers["ETag"] == '"1"'
    assert (await officer.get(answer.headers["Location"])).json() == pledge


async def test_pledge_with_the_least_has_nulls_and_never_zeros(officer: Client, lead: Json) -> None:
    pledge = await make_pledge(officer, lead)

    nothing = ("description", "amount", "usd_rate", "usd_rate_on", "usd_equivalent", "starts_on", "ends_on")
    nothing += ("source_url", "external_id", "submitted_at", "verified_at", "withdrawn_at")
    lists = ("partners", "pending_partners", "contribution_kinds", "objectives", "focus_areas")
    lists += ("multistakeholder_pledges", "countries", "quantities")
    assert {name: pledge[name] for name in nothing} == dict.fromkeys(nothing)
    assert {name: pledge[name] for name in lists} == {name: [] for name in lists}
    assert (pledge["need"], pledge["stage"], pledge["status"]) == ("none", "not_reported", "draft")


async def test_bad_pledge_names_every_fault_and_writes_nothing(officer: Client, lead: Json, pool: Pool) -> None:
    body = {
        "title": {"en": "Hours"},
        "original_language": "fr",
        "lead_entity": lead["id"],
        "partners": [lead["id"]],
        "objectives": ["self_reliance", "self_reliance"],
        "countries": ["XX"],
        "amount": {"amount": "0.00", "currency": "XXQ"},
        "usd_rate": "0",
        "quantities": [{"value": "0.0", "unit": "hours"}],
        "starts_on": "2024-02-01",
        "ends_on": "2024-01-01",
        "source_url": "ftp://files.example/",
    }

    answer = await officer.post(PLEDGES, body)

    assert pointers(answer) == {
        ("/original_language", "title_missing"),
        ("/partners/0", "is_lead"),
        ("/objectives/1", "duplicate"),
        ("/countries/0", "unknown_country"),
        ("/amount/amount", "too_small"),
        ("/amount/currency", "unknown_currency"),
        ("/usd_rate", "too_small"),
        ("/usd_rate_on", "missing"),
        ("/quantities/0/value", "too_small"),
        ("/ends_on", "ends_before_start"),
        ("/source_url", "bad_url"),
    }
    assert await pool.fetchval("SELECT count(*) FROM pledge_numbers") == 0


async def test_pledge_of_wrong_types_names_every_fault(officer: Client, lead: Json) -> None:
    body = {
        "title": {"en": "Hours"},
        "original_language": "en",
        "lead_entity": "PILnet",
        "amount": {"amount": 5, "currency": "USD", "note": "about"},
        "quantities": [{"value": 5, "unit": "hours"}, {"value": "1e3", "unit": "\u0007"}],
        "need": "some",
        "status": "verified",
    }

    assert pointers(await officer.post(PLEDGES, body)) == {
        ("/lead_entity", "bad_format"),
        ("/amount/amount", "wrong_type"),
        ("/amount/note", "unknown_field"),
        ("/quantities/0/value", "wrong_type"),
        ("/quantities/1/value", "bad_format"),
        ("/quantities/1/unit", "control_character"),
        ("/need", "unknown_value"),
        ("/status", "unknown_field"),
    }


async def test_pledge_that_names_what_is_not_there_names_each(officer: Client) -> None:
    body = {
        "title": {"en": "Hours"},
        "original_language": "en",
        "lead_entity": str(uuid4()),
        "partners": [str(uuid4())],
        "contribution_kinds": ["financial", "magic"],
        "objectives": ["magic"],
        "focus_areas": ["education", "magic"],
        "multistakeholder_pledges": ["magic"],
    }

    assert pointers(await officer.post(PLEDGES, body)) == {
        ("/lead_entity", "unknown_reference"),
        ("/partners/0", "unknown_reference"),
        ("/contribution_kinds/1", "unknown_value"),
        ("/objectives/0", "unknown_value"),
        ("/focus_areas/1", "unknown_value"),
        ("/multistakeholder_pledges/0", "unknown_value"),
    }


async def test_second_pledge_of_an_external_id_is_409(officer: Client, lead: Json) -> None:
    await make_pledge(officer, lead, external_id="row-1")

    body = {"title": {"en": "Twice"}, "original_language": "en", "lead_entity": lead["id"], "external_id": "row-1"}
    refused = await officer.post(PLEDGES, body)

    assert (refused.status_code, refused.json()["code"]) == (409, "external_id_taken")
    assert (await make_pledge(officer, lead))["reference"] == "GRF-2023-0002"


async def test_references_are_counted_in_each_edition_and_pass_9999(officer: Client, lead: Json, pool: Pool) -> None:
    other = await make_edition(officer, slug="grf-pr-2025")
    elsewhere = await officer.as_role("pledge_officer", other["id"])
    first = await make_pledge(officer, lead)
    await pool.execute("UPDATE pledge_numbers SET last_pledge = 9999")
    second = await make_pledge(officer, lead)
    third = await make_pledge(elsewhere, lead, edition="grf-pr-2025")

    references = [pledge["reference"] for pledge in (first, second, third)]
    assert references == ["GRF-2023-0001", "GRF-2023-10000", "GRF-PR-2025-0001"]


async def test_draft_is_seen_by_its_owner_and_the_officers_only(
    client: Client, officer: Client, frontend: Client, lead: Json, edition: Json
) -> None:
    pledge = await make_pledge(frontend, lead)
    another = await client.as_client(edition["id"], "pledges:submit")
    elsewhere = await make_edition(client, slug="grf-2027")
    stranger = await client.as_role("organizer", elsewhere["id"], email="other@staff.example")
    organizer = await client.as_role("organizer", edition["id"])

    callers = (frontend, officer, organizer, another, stranger, client)
    read = [(await caller.get(f"{PLEDGES}/{pledge['id']}")).status_code for caller in callers]
    listed = [len((await caller.get(PLEDGES)).json()["items"]) for caller in callers]

    assert read == [200, 200, 200, 404, 404, 404]
    assert listed == [1, 1, 1, 0, 0, 0]


async def test_what_is_not_ones_own_is_not_changed(client: Client, officer: Client, lead: Json, edition: Json) -> None:
    draft, public = await make_pledge(officer, lead), await make_pledge(officer, lead, "verified")
    another = await client.as_client(edition["id"], "pledges:submit")

    for path, status in ((f"{PLEDGES}/{draft['id']}", 404), (f"{PLEDGES}/{public['id']}", 403)):
        assert (await another.patch(path, {"need": "none"})).status_code == status
        assert (await another.post(f"{path}/submit")).status_code == status
        assert (await another.post(f"{path}/withdraw")).status_code == status
    assert (await another.post(f"{PLEDGES}/{draft['id']}/verify")).status_code == 403


async def test_pledges_of_a_draft_edition_are_there_for_the_officers_only(client: Client) -> None:
    edition = await make_edition(client, "draft")
    officer = await client.as_role("pledge_officer", edition["id"])
    pledge = await make_pledge(officer, await make_entity(officer), "verified")

    for path in ("", f"/{pledge['id']}", "/summary"):
        assert (await client.get(PLEDGES + path)).status_code == 404
        assert (await officer.get(PLEDGES + path)).status_code == 200


async def test_pledge_moves_from_draft_to_verified(
    officer: Client, frontend: Client, lead: Json, clock: Timeline
) -> None:
    pledge = await make_pledge(frontend, lead)
    path = f"{PLEDGES}/{pledge['id']}"
    clock.forward(hours=1)
    submitted = await frontend.made(f"{path}/submit", None)
    clock.forward(hours=1)
    verified = await officer.made(f"{path}/verify", None)

    assert submitted == pledge | {"status": "submitted", "submitted_at": "2023-11-01T10:00:00Z", "version": 2}
    assert verified == submitted | {"status": "verified", "verified_at": "2023-11-01T11:00:00Z", "version": 3}


async def test_move_that_is_not_allowed_tells_which_are(officer: Client, lead: Json) -> None:
    for status, move, allowed in (
        ("draft", "verify", ["submit", "withdraw"]),
        ("submitted", "submit", ["verify", "withdraw"]),
        ("verified", "verify", ["announce", "withdraw"]),
        ("verified", "submit", ["announce", "withdraw"]),
        ("withdrawn", "withdraw", []),
        ("withdrawn", "submit", []),
    ):
        pledge = await make_pledge(officer, lead, status)

        refused = await officer.post(f"{PLEDGES}/{pledge['id']}/{move}")

        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_status")
        assert refused.json().get("allowed", []) == allowed, (status, move)
        assert (await officer.get(f"{PLEDGES}/{pledge['id']}")).json() == pledge


async def test_owner_changes_a_draft_and_officers_change_it_later(
    officer: Client, frontend: Client, lead: Json
) -> None:
    pledge = await make_pledge(frontend, lead)
    path = f"{PLEDGES}/{pledge['id']}"
    changed = await frontend.patch(path, {"need": "needs_support", "countries": ["KE"]}, 1)
    await frontend.made(f"{path}/submit", None)
    refused = await frontend.patch(path, {"need": "none"})
    corrected = await officer.patch(path, {"title": {"en": "Hours"}}, 3)

    assert changed.json() == pledge | {"need": "needs_support", "countries": ["KE"], "version": 2}
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["verify", "withdraw"])
    assert (corrected.json()["title"], corrected.json()["version"]) == ({"en": "Hours"}, 4)


async def test_text_is_changed_language_by_language_and_keeps_the_original(officer: Client, lead: Json) -> None:
    title = {"ru": "Миллион часов", "en": "A million hours"}
    path = f"{PLEDGES}/{(await make_pledge(officer, lead, title=title, original_language='ru'))['id']}"

    added = await officer.patch(path, {"title": {"zh-Hans": "一百万小时", "en": None}, "description": {"ar": "نص"}})
    refused = await officer.patch(path, {"title": {"ru": None}})

    assert added.json()["title"] == {"ru": "Миллион часов", "zh-Hans": "一百万小时"}
    assert added.json()["description"] == {"ar": "نص"}
    assert pointers(refused) == {("/original_language", "title_missing")}


async def test_stale_change_is_412_and_changes_nothing(officer: Client, lead: Json) -> None:
    pledge = await make_pledge(officer, lead)
    path = f"{PLEDGES}/{pledge['id']}"
    await officer.patch(path, {"need": "needs_support"}, 1)

    assert (await officer.patch(path, {"need": "none"}, 1)).status_code == 412
    assert (await officer.get(path)).json()["need"] == "needs_support"


async def test_bad_change_names_its_faults(officer: Client, lead: Json) -> None:
    pledge = await make_pledge(officer, lead, starts_on="2024-01-01")
    path = f"{PLEDGES}/{pledge['id']}"

    broken = await officer.patch(path, {"ends_on": "2023-01-01", "original_language": "ar", "usd_rate": "2"})
    unknown = await officer.patch(path, {"objectives": ["self_reliance", "magic"], "lead_entity": str(uuid4())})

    assert pointers(broken) == {
        ("/ends_on", "ends_before_start"),
        ("/original_language", "title_missing"),
        ("/usd_rate_on", "missing"),
        ("/usd_rate", "rule_broken"),
    }
    assert pointers(unknown) == {("/objectives/1", "unknown_value"), ("/lead_entity", "unknown_reference")}
    assert (await officer.get(path)).json() == pledge


async def test_withdrawn_pledge_that_was_public_stays_addressable_and_marked(
    client: Client, officer: Client, lead: Json
) -> None:
    public = await make_pledge(officer, lead, "withdrawn")
    private = await make_pledge(officer, lead, "submitted")
    await officer.made(f"{PLEDGES}/{private['id']}/withdraw", None)

    seen = await client.get(f"{PLEDGES}/{public['id']}")
    assert (seen.status_code, seen.json()["status"]) == (200, "withdrawn")
    assert seen.json()["withdrawn_at"] == "2023-11-01T09:00:00Z"
    assert (await client.get(f"{PLEDGES}/{private['id']}")).status_code == 404
    assert (await client.get(PLEDGES)).json()["items"] == []
    assert (await client.get(PLEDGES, params={"status": "withdrawn"})).json()["items"] == [seen.json()]
    assert (await officer.patch(f"{PLEDGES}/{public['id']}", {"need": "none"})).status_code == 409


async def test_partner_is_public_only_once_it_has_accepted(client: Client, officer: Client, lead: Json) -> None:
    first, second = await make_entity(officer, "First"), await make_entity(officer, "Second")
    pledge = await make_pledge(officer, lead, "verified", partners=[second["id"], first["id"]])
    path = f"{PLEDGES}/{pledge['id']}"
    before = await client.get(path)
    accepted = await officer.made(f"{path}/partners/{first['id']}/accept", None)
    again = await officer.made(f"{path}/partners/{first['id']}/accept", None)
    after = (await client.get(path)).json()

    assert second["id"] not in before.text
    assert first["id"] not in before.text
    assert accepted["partners"] == [second["id"], first["id"]]
    assert accepted["pending_partners"] == [second["id"]]
    assert again == accepted
    assert (after["partners"], after["pending_partners"]) == ([first["id"]], [])
    assert (await client.get(PLEDGES, params={"partner": second["id"]})).json()["items"] == []
    assert (await client.get(PLEDGES, params={"partner": first["id"]})).json()["items"] == [after]
    assert len((await officer.get(PLEDGES, params={"partner": second["id"]})).json()["items"]) == 1


async def test_partner_that_stays_keeps_its_acceptance(officer: Client, lead: Json) -> None:
    first, second, third = [await make_entity(officer, name) for name in ("First", "Second", "Third")]
    pledge = await make_pledge(officer, lead, partners=[first["id"], second["id"]])
    path = f"{PLEDGES}/{pledge['id']}"
    for partner in (first, second):
        await officer.made(f"{path}/partners/{partner['id']}/accept", None)

    changed = (await officer.patch(path, {"partners": [third["id"], second["id"]]})).json()

    assert changed["partners"] == [third["id"], second["id"]]
    assert changed["pending_partners"] == [third["id"]]


async def test_entity_that_was_not_asked_cannot_accept(officer: Client, frontend: Client, lead: Json) -> None:
    partner = await make_entity(officer, "First")
    pledge = await make_pledge(frontend, lead, partners=[partner["id"]])
    path = f"{PLEDGES}/{pledge['id']}/partners"

    assert (await officer.post(f"{path}/{lead['id']}/accept")).status_code == 404
    assert (await frontend.post(f"{path}/{partner['id']}/accept")).status_code == 403


async def test_list_is_filtered_by_each_field(client: Client, officer: Client, lead: Json) -> None:
    city = await make_entity(officer, "Bristol", country=None)
    hours = await make_pledge(
        officer, lead, "verified",
        title={"ru": "Миллион ЧАСОВ", "ar": "مليون ساعة"}, original_language="ru",
        objectives=["self_reliance"], multistakeholder_pledges=["legal_community"], countries=["KE"], stage="planning",
    )  # fmt: skip
    money = await make_pledge(
        officer, city, "verified",
        title={"zh-Hans": "八千万", "en": "Eighty % million"}, original_language="en",
        focus_areas=["education"], contribution_kinds=["financial"], external_id="row-4",
    )  # fmt: skip
    await make_pledge(officer, city, "submitted")

    async def found(**params: str) -> list[str]:
        return [item["id"] for item in (await client.get(PLEDGES, params=params)).json()["items"]]

    assert await found() == [hours["id"], money["id"]]
    for params in (
        {"lead_entity": lead["id"]},
        {"objective": "self_reliance"},
        {"multistakeholder_pledge": "legal_community"},
        {"country": "KE"},
        {"stage": "planning"},
        {"q": "часов"},
        {"q": "ساعة"},
    ):
        assert await found(**params) == [hours["id"]], params
    for params in (
        {"focus_area": "education"},
        {"contribution_kind": "financial"},
        {"external_id": "row-4"},
        {"q": "八千"},
        {"q": "% m"},
    ):
        assert await found(**params) == [money["id"]], params
    assert await found(q="zh-Hans") == []
    assert await found(status="submitted") == []
    assert await found(status="verified") == [hours["id"], money["id"]]


async def test_list_is_paged_by_number(client: Client, officer: Client, lead: Json) -> None:
    for _ in range(3):
        await make_pledge(officer, lead, "verified")
    await make_pledge(officer, lead)

    first = (await client.get(PLEDGES, params={"limit": 2, "count": True})).json()
    second = (await client.get(PLEDGES, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [pledge["number"] for pledge in first["items"] + second["items"]] == [1, 2, 3]
    assert (first["total"], second["next_cursor"]) == (3, None)


async def test_import_needs_no_principal_and_finds_by_external_id(
    client: Client, officer: Client, lead: Json, edition: Json, pool: Pool, clock: Timeline
) -> None:
    body = b'{"title": {"en": "Hours"}, "original_language": "en", "lead_entity": "%s", "external_id": "row-9",'
    body += (
        b'"quantities": [{"value": "127000", "unit": "pro bono hours", "delivered": "164294"}], "stage": "in_progress"}'
    )
    edition_id = UUID(edition["id"])
    async with pool.acquire() as conn, conn.transaction():
        new = decode(body % lead["id"].encode(), NewPledge)
        made = await service.create_pledge(conn, None, edition_id, new, clock.now)
        for move in ("submit", "verify"):
            await service.move_pledge(conn, None, edition_id, made.id, move, clock.now)
        found = await service.find_external_pledge(conn, edition_id, "row-9")
        assert await service.find_external_pledge(conn, edition_id, "row-10") is None

    assert found is not None
    assert (found.id, found.status, found.stage) == (made.id, "verified", "in_progress")
    assert (await client.get(f"{PLEDGES}/{made.id}")).json()["quantities"] == [
        {"value": "127000", "unit": "pro bono hours", "at_least": False, "delivered": "164294"}
    ]
