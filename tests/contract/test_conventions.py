"""What holds beside single operations: replays, ids of requests, unknown paths, headers, the documentation page."""

import asyncio
import base64

from forum.db import Connection
from forum.docs import encode_document
from forum.http import Application
from tests.client import Client, pointers
from tests.factories import edition_fields, make_edition, make_series, make_speaker


async def test_unknown_path_is_a_problem_document(client: Client) -> None:
    answer = await client.get("/v1/nothing-here")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_request_id_is_kept_when_it_is_decent_and_made_when_not(client: Client) -> None:
    kept = await client.get("/health/live", headers={"X-Request-Id": "front-42"})
    made = await client.get("/health/live", headers={"X-Request-Id": "a b\tc"})

    assert kept.headers["X-Request-Id"] == "front-42"
    assert made.headers["X-Request-Id"] not in ("a b\tc", "")


async def test_trace_context_is_kept(client: Client) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    answer = await client.get("/health/live", headers={"traceparent": trace})

    assert answer.headers["traceparent"] == trace


async def test_replay_answers_the_same_and_works_once(client: Client) -> None:
    await make_series(client)
    admin = await client.as_role("admin")
    headers = {"Idempotency-Key": "first-try"}

    first = await admin.post("/v1/editions", edition_fields(), headers=headers)
    again = await admin.post("/v1/editions", edition_fields(), headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert [again.headers[name] for name in ("ETag", "Location")] == [
        first.headers[name] for name in ("ETag", "Location")
    ]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len((await admin.get("/v1/editions")).json()["items"]) == 1


async def test_key_with_another_body_is_refused(client: Client) -> None:
    await make_series(client)
    admin = await client.as_role("admin")
    headers = {"Idempotency-Key": "first-try"}
    await admin.post("/v1/editions", edition_fields(), headers=headers)

    answer = await admin.post("/v1/editions", edition_fields(city="Bern"), headers=headers)

    assert pointers(answer) == {("Idempotency-Key", "key_reused")}


async def test_key_of_another_principal_is_another_key(client: Client) -> None:
    await make_series(client)
    one, other = await client.as_role("admin"), await client.as_role("admin", email="second@staff.example")
    headers = {"Idempotency-Key": "same"}

    first = await one.post("/v1/editions", edition_fields(), headers=headers)
    second = await other.post("/v1/editions", edition_fields(slug="imrf-2022"), headers=headers)

    assert (first.json()["slug"], second.json()["slug"]) == ("grf-2023", "imrf-2022")


async def test_refused_request_is_not_remembered(client: Client) -> None:
    admin = await client.as_role("admin")
    headers = {"Idempotency-Key": "retry-me"}
    before = await admin.post("/v1/editions", edition_fields(), headers=headers)
    await make_series(client)

    after = await admin.post("/v1/editions", edition_fields(), headers=headers)

    assert (before.status_code, after.status_code) == (422, 201)


async def test_parallel_requests_with_one_key_do_the_work_once(client: Client, conn: Connection) -> None:
    await make_series(client)
    admin = await client.as_role("admin")

    answers = await asyncio.gather(
        *(admin.post("/v1/editions", edition_fields(), headers={"Idempotency-Key": "burst"}) for _ in range(8))
    )

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(201) >= 1
    assert set(statuses) <= {201, 409}
    assert {a.headers["Retry-After"] for a in answers if a.status_code == 409} <= {"1"}
    assert await conn.fetchval("SELECT count(*) FROM editions") == 1


async def test_if_match_accepts_a_list_and_a_star(client: Client) -> None:
    edition = await make_edition(client)
    admin = await client.as_role("admin")
    url, version = "/v1/editions/grf-2023", edition["version"]

    listed = await admin.request("PATCH", url, json={"city": "Bern"}, headers={"If-Match": f'"1", "{version}"'})
    star = await admin.request("PATCH", url, json={"city": "Basel"}, headers={"If-Match": "*"})
    weak = await admin.request("PATCH", url, json={"city": "Chur"}, headers={"If-Match": f'W/"{version + 2}"'})

    assert [listed.status_code, star.status_code, weak.status_code] == [200, 200, 412]


async def test_text_is_kept_in_normal_form_c(client: Client) -> None:
    await make_series(client)
    admin = await client.as_role("admin")

    made = await admin.made("/v1/editions", edition_fields(venue="Palais de l\u2019Ile\u0301"))

    assert made["venue"] == "Palais de l\u2019Il\u00e9"


async def test_too_large_a_body_is_413(client: Client) -> None:
    admin = await client.as_role("admin")

    answer = await admin.post("/v1/editions", edition_fields(venue="x" * 6_000_000))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_answers_carry_the_fixed_headers(client: Client) -> None:
    answer = await client.get("/v1/editions")

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"


async def test_document_is_served_and_the_same_bytes_each_time(client: Client, app: Application) -> None:
    answer = await client.get("/schema/openapi.json")

    assert answer.status_code == 200
    assert answer.content == encode_document(app)


async def test_bad_parameter_is_the_only_fault_also_once_the_document_was_read(client: Client) -> None:
    await make_edition(client)
    admin = await client.as_role("admin")
    await client.get("/schema/openapi.json")

    answer = await admin.get("/v1/editions/grf-2023/registrations", params={"q": ""})

    assert [fault["parameter"] for fault in answer.json()["errors"]] == ["q"]


async def test_documentation_page_needs_no_other_host(client: Client) -> None:
    page = await client.get("/schema")

    assert page.headers["Content-Type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert (await client.get(f"/schema/assets/{asset}")).status_code == 200
    assert (await client.get("/schema/assets/..%2Fapp.py")).status_code == 404


async def test_health_tells_alive_and_ready(client: Client) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok"}
    assert (await client.get("/health/ready")).json() == {"status": "ok"}


async def test_stored_answer_does_not_hold_the_token_that_was_issued(client: Client, conn: Connection) -> None:
    await make_edition(client)
    admin = await client.as_role("admin")
    body = {"kind": "client", "edition": "grf-2023", "label": "front", "scopes": ["programme:read"]}
    headers = {"Idempotency-Key": "0190-abc"}

    first = await admin.post("/v1/tokens", body, headers=headers)
    again = await admin.post("/v1/tokens", body, headers=headers)

    assert (first.status_code, again.json()) == (201, first.json())
    stored = await conn.fetchrow("SELECT * FROM idempotency_keys")
    assert first.json()["token"].encode() not in stored["body"]
    assert "0190-abc" not in str(dict(stored))


async def test_parameter_that_the_database_cannot_take_is_named(client: Client) -> None:
    manager = await client.as_role("programme_manager", (await make_edition(client))["id"])
    path = "/v1/editions/grf-2023/speakers"
    forged = base64.urlsafe_b64encode(str(10**30).encode()).decode().rstrip("=")
    speaker = await make_speaker(manager)

    text = await manager.get(path, params={"external_id": "a\0b", "count": "true"})
    cursor = await manager.get(f"{path}/{speaker['id']}/consents", params={"cursor": forged})

    assert pointers(text) == {("external_id", "control_character")}
    assert pointers(cursor) <= {("cursor", "out_of_range"), ("cursor", "bad_cursor")}
