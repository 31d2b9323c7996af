from uuid import uuid4

from tests.client import Client, pointers
from tests.factories import SERIES, edition_fields, make_edition, make_series


async def test_edition_made_by_admin_is_a_draft_with_all_it_was_given(client: Client) -> None:
    await make_series(client)
    admin = await client.as_role("admin")

    answer = await admin.post("/v1/editions", edition_fields())

    assert answer.status_code == 201
    edition = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Location"] == f"/v1/editions/{edition['id']}"
    window = {"opens_at": None, "closes_at": None}
    assert edition == edition_fields() | {
        "id": edition["id"],
        "status": "draft",
        "version": 1,
        "approval": "automatic",
        "online_approval": None,
        "promotion": "automatic",
        "offer_hours": 48,
        "priority_classes": [],
        "statement_seconds": 180,
        "registration": {"in_person": window, "online": window},
    }


async def test_edition_with_many_faults_names_each_and_writes_nothing(client: Client) -> None:
    await make_series(client)
    admin = await client.as_role("admin")
    body = edition_fields(
        timezone="CET", country="XX", languages=["english?"], title={}, capacity=5, in_person_capacity=-1
    )

    answer = await admin.post("/v1/editions", body)

    assert pointers(answer) == {
        ("/timezone", "unknown_timezone"),
        ("/country", "unknown_country"),
        ("/languages/0", "bad_format"),
        ("/title", "too_short"),
        ("/capacity", "unknown_field"),
        ("/in_person_capacity", "too_small"),
    }
    assert (await admin.get("/v1/editions")).json()["items"] == []


async def test_edition_that_ends_before_it_starts_is_refused(client: Client) -> None:
    await make_series(client)
    admin = await client.as_role("admin")
    windows = {
        "in_person": {"opens_at": "2023-11-01T00:00:00Z", "closes_at": "2023-10-01T00:00:00Z"},
        "online": {},
    }

    answer = await admin.post("/v1/editions", edition_fields(ends_on="2023-12-12", registration=windows))

    assert pointers(answer) == {
        ("/ends_on", "ends_before_start"),
        ("/registration/in_person/closes_at", "ends_before_start"),
    }


async def test_edition_with_a_taken_slug_is_a_conflict(client: Client) -> None:
    await make_edition(client)
    admin = await client.as_role("admin")

    answer = await admin.post("/v1/editions", edition_fields())

    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")


async def test_draft_edition_is_absent_for_strangers_and_there_for_its_staff(client: Client) -> None:
    draft = await make_edition(client, "draft", slug="grf-draft")
    shown = await make_edition(client, "announced", slug="grf-shown")
    organizer = await client.as_role("organizer", draft["id"])
    stranger = await client.as_role("organizer", shown["id"], email="stranger@staff.example")

    assert (await client.get("/v1/editions/grf-draft")).status_code == 404
    assert (await stranger.patch("/v1/editions/grf-draft", {"city": "Bern"})).status_code == 404
    assert [item["slug"] for item in (await client.get("/v1/editions")).json()["items"]] == ["grf-shown"]
    assert (await organizer.get("/v1/editions/grf-draft")).json()["status"] == "draft"
    assert [item["slug"] for item in (await organizer.get("/v1/editions")).json()["items"]] == [
        "grf-draft",
        "grf-shown",
    ]
    assert (await organizer.patch("/v1/editions/grf-shown", {"city": "Bern"})).status_code == 403


async def test_patch_merges_nested_windows_and_clears_with_null(client: Client) -> None:
    edition = await make_edition(
        client,
        registration={
            "in_person": {"opens_at": "2023-10-01T00:00:00Z"},
            "online": {"opens_at": "2023-10-02T00:00:00Z"},
        },
    )
    organizer = await client.as_role("organizer", edition["id"])

    answer = await organizer.patch(
        "/v1/editions/grf-2023",
        {"venue": None, "registration": {"in_person": {"closes_at": "2023-12-01T00:00:00Z"}}},
        version=edition["version"],
    )

    assert answer.json() == edition | {
        "venue": None,
        "version": edition["version"] + 1,
        "registration": {
            "in_person": {"opens_at": "2023-10-01T00:00:00Z", "closes_at": "2023-12-01T00:00:00Z"},
            "online": {"opens_at": "2023-10-02T00:00:00Z", "closes_at": None},
        },
    }


async def test_patch_of_an_old_version_is_stale(client: Client) -> None:
    edition = await make_edition(client)
    organizer = await client.as_role("organizer", edition["id"])
    await organizer.patch("/v1/editions/grf-2023", {"city": "Bern"}, version=edition["version"])

    answer = await organizer.patch("/v1/editions/grf-2023", {"city": "Basel"}, version=edition["version"])

    assert (answer.status_code, answer.headers["ETag"]) == (412, f'"{edition["version"] + 1}"')
    assert (await client.get("/v1/editions/grf-2023")).json()["city"] == "Bern"


async def test_move_that_is_not_allowed_names_those_that_are(client: Client) -> None:
    edition = await make_edition(client, "open")
    organizer = await client.as_role("organizer", edition["id"])

    answer = await organizer.post("/v1/editions/grf-2023/archive")

    assert answer.status_code == 409
    assert answer.json()["allowed"] == ["close", "start", "cancel"]


async def test_series_shows_its_vocabularies_in_order(client: Client) -> None:
    await make_series(client)

    assert (await client.get("/v1/series/grf")).json() == SERIES
    assert (await client.get("/v1/series")).json() == {"items": [SERIES], "next_cursor": None}


async def test_editions_page_by_cursor_and_count(client: Client) -> None:
    for number in range(3):
        await make_edition(client, "announced", slug=f"grf-{number}")

    first = await client.get("/v1/editions", params={"limit": 2, "count": "true"})
    link = first.headers["Link"]
    second = await client.get(link[1 : link.index(">")])

    assert [item["slug"] for item in first.json()["items"]] == ["grf-0", "grf-1"]
    assert first.json()["total"] == 3
    assert [item["slug"] for item in second.json()["items"]] == ["grf-2"]
    assert second.json()["next_cursor"] is None


async def test_edition_that_is_not_there_is_404_by_slug_and_by_id(client: Client) -> None:
    edition = await make_edition(client)
    admin = await client.as_role("admin")
    nobody = str(uuid4())

    for name in (nobody, "nobody", edition["id"].upper(), edition["id"].replace("-", ""), f"urn:uuid:{edition['id']}"):
        for path in ("", "/rooms", "/delegations", "/programme/releases", "/speakers"):
            assert (await admin.get(f"/v1/editions/{name}{path}")).status_code == 404, (name, path)
    assert (await client.get(f"/v1/editions/{edition['id']}")).json() == edition


async def test_draft_edition_is_404_for_the_public_on_every_path(client: Client) -> None:
    edition = await make_edition(client, "draft")

    for name in (edition["id"], edition["slug"]):
        for path in ("", "/programme", "/programme/releases", "/programme/releases/1", "/programme.ics", "/speakers"):
            assert (await client.get(f"/v1/editions/{name}{path}")).status_code == 404, (name, path)


async def test_slug_that_reads_like_an_id_is_refused(client: Client) -> None:
    edition = await make_edition(client)
    admin = await client.as_role("admin")

    answer = await admin.post("/v1/editions", edition_fields(slug=edition["id"]))

    assert pointers(answer) == {("/slug", "reads_like_an_id")}
