"""What people answer: checked when it is given, seen by whom it concerns, and gone when its purpose is over."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection, Pool, StatelessConnection
from forum.questions import service
from forum.sqlfiles import load_statements
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_registration, registration_fields
from tests.questions.conftest import QUESTIONS, make_question
from workers.house import keep_house
from workers.office import Office

GOOD: dict[str, Any] = {
    "nickname": "Ñandú-O’Probe",
    "bio": "测试\nабв",
    "meal": "halal",
    "topics": ["rights", "jobs"],
    "visa": True,
    "years": -3,
    "born": "1990-02-28",
    "land": "CH",
    "site": "https://example.org/أمينة",
}
KINDS = {
    "nickname": "text",
    "bio": "long_text",
    "meal": "choice",
    "topics": "choices",
    "visa": "boolean",
    "years": "integer",
    "born": "date",
    "land": "country",
    "site": "url",
}


async def ask_everything(organizer: Client, **changes: Any) -> None:
    """One question of every kind."""
    for key, kind in KINDS.items():
        values = {"values": ("rights", "jobs", "sport")} if kind == "choices" else {}
        await make_question(organizer, key, kind, **values, **changes)


async def answer(caller: Client, answers: Any, **changes: Any) -> Any:
    """Register with these answers."""
    return await caller.post(REGISTRATIONS, registration_fields(answers=answers, **changes))


async def stored(conn: Connection) -> dict[str, Any]:
    """Every answer in the database by its key."""
    return {row["key"]: row["value"] for row in await conn.fetch("SELECT key, value FROM answers ORDER BY key")}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
async def test_answers_of_every_kind_are_kept_as_they_were_given(
    client: Client, organizer: Client, conn: Connection, headers: dict[str, str]
) -> None:
    await ask_everything(organizer, is_required=True)
    person = await client.as_person("amina@delegates.example")

    made = await person.post(REGISTRATIONS, registration_fields(answers=GOOD), headers=headers)

    assert made.status_code == 201, made.text
    assert made.json()["answers"] == GOOD == await stored(conn)
    assert (await person.get(made.headers["Location"])).json() == made.json()
    assert (await person.get("/v1/me/registrations")).json()["items"] == [made.json()]


BAD: list[tuple[str, Any, str]] = [
    ("nickname", "x" * 301, "too_long"),
    ("nickname", "a\nb", "control_character"),
    ("nickname", "\u202eevil", "control_character"),
    ("nickname", "أ\u0000", "control_character"),
    ("nickname", "", "too_short"),
    ("nickname", 7, "wrong_type"),
    ("bio", "\t", "blank"),
    ("bio", ["a"], "wrong_type"),
    ("meal", "pork", "unknown_value"),
    ("meal", "Халяль", "bad_format"),
    ("meal", ["halal"], "wrong_type"),
    ("visa", "true", "wrong_type"),
    ("visa", 1, "wrong_type"),
    ("years", True, "wrong_type"),
    ("years", 10**13, "too_large"),
    ("years", 1.5, "wrong_type"),
    ("born", "1990-02-30", "bad_format"),
    ("born", "1066-10-14", "out_of_range"),
    ("land", "Швейцария", "bad_format"),
    ("land", "ZZ", "unknown_country"),
    ("site", "javascript:alert(1)", "bad_url"),
    ("topics", [], "too_short"),
    ("topics", "rights", "wrong_type"),
    ("测试", "x", "bad_format"),
    ("nothing", "x", "unknown_question"),
]


async def test_answer_that_is_none_is_refused(organizer: Client, conn: Connection) -> None:
    await ask_everything(organizer)

    for key, value, code in BAD:
        assert pointers(await answer(organizer, {key: value})) == {(f"/answers/{key}", code)}
    assert await stored(conn) == {}
    assert await conn.fetchval("SELECT count(*) FROM registrations") == 0


async def test_every_fault_is_named_at_once_beside_those_of_the_registration(organizer: Client) -> None:
    await ask_everything(organizer, is_required=True)
    given = {"topics": ["jobs", "war", "jobs"], "visa": "да", "typo": 1, "years": 2, "land": "CH", "born": "2000-01-01"}

    assert pointers(await answer(organizer, given, category="martian")) == {
        ("/category", "unknown_value"),
        ("/answers/topics/1", "unknown_value"),
        ("/answers/topics/2", "duplicate"),
        ("/answers/visa", "wrong_type"),
        ("/answers/typo", "unknown_question"),
        ("/answers/nickname", "missing"),
        ("/answers/bio", "missing"),
        ("/answers/meal", "missing"),
        ("/answers/site", "missing"),
    }


async def test_answers_where_nothing_is_asked_are_refused(organizer: Client) -> None:
    assert pointers(await answer(organizer, {"diet": "vegan"})) == {("/answers/diet", "unknown_question")}
    assert (await answer(organizer, {})).status_code == 201


async def test_question_is_asked_of_some_modes_and_categories_only(organizer: Client) -> None:
    await make_question(organizer, "hotel", is_required=True, modes=["in_person"])
    await make_question(organizer, "mandate", is_required=True, categories=["state"])

    missing = await answer(organizer, {}, category="state")
    wrong = await answer(organizer, {"hotel": "Rhône", "mandate": "x"}, mode="online")
    right = await answer(organizer, {}, mode="online")

    assert pointers(missing) == {("/answers/hotel", "missing"), ("/answers/mandate", "missing")}
    assert pointers(wrong) == {("/answers/hotel", "not_asked"), ("/answers/mandate", "not_asked")}
    assert right.status_code == 201


async def test_conditional_question_is_asked_only_when_its_condition_holds(organizer: Client) -> None:
    await make_question(organizer, "visa", "boolean", is_required=True)
    await make_question(organizer, "passport", is_required=True, condition={"question": "visa", "equals": True})

    assert pointers(await answer(organizer, {"visa": True})) == {("/answers/passport", "missing")}
    assert pointers(await answer(organizer, {"visa": False, "passport": "X1"})) == {
        ("/answers/passport", "condition_not_met")
    }
    assert pointers(await answer(organizer, {"passport": "X1"})) == {("/answers/visa", "missing")}
    assert (await answer(organizer, {"visa": False})).status_code == 201


async def test_answers_change_as_a_merge_patch_and_what_is_not_asked_any_more_goes(
    client: Client, organizer: Client, conn: Connection
) -> None:
    await make_question(organizer, "visa", "boolean")
    await make_question(organizer, "passport", condition={"question": "visa", "equals": True})
    await make_question(organizer, "diet", is_required=True)
    given = {"visa": True, "passport": "X1", "diet": "vegan"}
    made = await make_registration(organizer, answers=given)
    person = await client.as_person("amina@delegates.example")
    path = f"{REGISTRATIONS}/{made['id']}"

    refused = await person.patch(path, {"answers": {"diet": None, "nothing": None, "visa": 1}})
    assert pointers(refused) == {
        ("/answers/diet", "missing"),
        ("/answers/nothing", "unknown_question"),
        ("/answers/visa", "wrong_type"),
    }
    assert await stored(conn) == given
    changed = await person.patch(path, {"answers": {"visa": False}}, version=1)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["answers"], changed.json()["version"]) == ({"visa": False, "diet": "vegan"}, 2)
    assert await stored(conn) == {"visa": False, "diet": "vegan"}
    untouched = await person.patch(path, {"accessibility_needs": "A lift."})
    assert untouched.json()["answers"] == {"visa": False, "diet": "vegan"}


async def test_new_question_binds_nobody_who_changes_something_else(client: Client, organizer: Client) -> None:
    made = await make_registration(organizer)
    await make_question(organizer, is_required=True)
    person = await client.as_person("amina@delegates.example")

    other = await person.patch(f"{REGISTRATIONS}/{made['id']}", {"consents": ["photography"]})
    answers = await person.patch(f"{REGISTRATIONS}/{made['id']}", {"answers": {}})

    assert other.status_code == 200
    assert pointers(answers) == {("/answers/diet", "missing")}


async def test_answer_to_a_retired_question_stays_and_can_be_taken_back_only(organizer: Client) -> None:
    await make_question(organizer)
    made = await make_registration(organizer, answers={"diet": "vegan"})
    path = f"{REGISTRATIONS}/{made['id']}"
    await organizer.made(f"{QUESTIONS}/diet/retire", None)

    assert pointers(await organizer.patch(path, {"answers": {"diet": "fish"}})) == {
        ("/answers/diet", "question_retired")
    }
    assert (await organizer.patch(path, {"answers": {}})).json()["answers"] == {"diet": "vegan"}
    assert (await organizer.patch(path, {"answers": {"diet": None}})).json()["answers"] == {}


async def test_answers_are_for_the_owner_and_for_registrars(client: Client, organizer: Client) -> None:
    await make_question(organizer, is_sensitive=True)
    made = await make_registration(organizer, answers={"diet": "=cmd()"})
    stranger = await client.as_person("bei@delegates.example")
    analyst = await client.as_role("analyst", made["edition_id"])
    path = f"{REGISTRATIONS}/{made['id']}"

    assert [(await caller.get(path)).status_code for caller in (stranger, analyst)] == [404, 404]
    assert [(await caller.patch(path, {"answers": {}})).status_code for caller in (stranger, analyst)] == [404, 404]
    assert (await organizer.get(REGISTRATIONS)).json()["items"][0]["answers"] == {"diet": "=cmd()"}


async def test_table_has_a_column_for_each_question_that_is_not_sensitive(organizer: Client) -> None:
    await make_question(organizer, "health", is_sensitive=True)
    await make_question(organizer, "topics", "choices", values=("rights", "jobs"))
    await make_question(organizer, "visa", "boolean", order=1)
    await make_question(organizer, "formula")
    await make_question(organizer, "unasked")
    await organizer.made(f"{QUESTIONS}/unasked/retire", None)
    given = {"health": "secret", "topics": ["rights", "jobs"], "visa": True, "formula": "=1+1"}
    await make_registration(organizer, answers=given)
    await make_registration(organizer, "bei@delegates.example")

    csv = (await organizer.get(REGISTRATIONS, params={"format": "csv"})).text.splitlines()

    assert [line.rpartition("Z,")[2] for line in csv[1:]] == ["true,rights jobs,'=1+1", ",,"]
    assert csv[0].endswith(",created_at,status_changed_at,visa,topics,formula")
    assert "secret" not in "".join(csv)
    assert (await organizer.get(REGISTRATIONS, params={"format": "xlsx"})).status_code == 200


@pytest.mark.parametrize(
    ("retention", "days", "left"),
    [
        ("until_edition_ends", 0, []),
        ("thirty_days_after", 30, []),
        ("one_year_after", 365, []),
        ("keep_anonymised", 30, [("jobs", 1), ("rights", 2)]),
    ],
)
async def test_answers_are_deleted_when_their_time_is_up(
    organizer: Client, conn: Connection, clock: Timeline, retention: str, days: int, left: list[tuple[str, int]]
) -> None:
    await make_question(organizer, "topics", "choices", values=("rights", "jobs"), retention=retention)
    await make_question(organizer, "later", retention="one_year_after")
    made = await make_registration(organizer, answers={"topics": ["rights", "jobs"], "later": "x"})
    await make_registration(organizer, "bei@delegates.example", answers={"topics": ["rights"]})
    clock.forward(days=44 + days, hours=13, minutes=59)  # until a minute before 15 December is over in Geneva

    assert await service.forget_due_answers(conn, clock()) == 0
    clock.forward(minutes=1)
    counts = (await organizer.get(f"{QUESTIONS}/topics/counts")).json()["items"]
    assert await service.forget_due_answers(conn, clock()) == (3 if days == 365 else 2)

    assert await stored(conn) == ({} if days == 365 else {"later": "x"})
    assert [tuple(r) for r in await conn.fetch("SELECT value #>> '{}', count FROM answer_counts ORDER BY 1")] == left
    after = (await organizer.get(f"{QUESTIONS}/topics/counts")).json()["items"]
    assert counts == [{"value": "rights", "count": 2}, {"value": "jobs", "count": 1}]
    assert after == (counts if left else [])
    late = await organizer.patch(f"{REGISTRATIONS}/{made['id']}", {"answers": {"topics": ["jobs"]}})
    assert pointers(late) == {("/answers/topics", "question_retired")}


async def test_worker_deletes_each_minute_what_is_due(
    organizer: Client, pool: Pool, conn: Connection, clock: Timeline
) -> None:
    await make_question(organizer)
    await make_registration(organizer, answers={"diet": "vegan"})
    nothing: Any = None  # housework has no use for mail and queue
    office = Office(pool, pool, clock, nothing, nothing, nothing, nothing)

    await keep_house({"office": office, "job_id": "minute"})
    assert await stored(conn) == {"diet": "vegan"}
    clock.forward(days=45)
    await keep_house({"office": office, "job_id": "minute"})
    assert await stored(conn) == {}


async def test_option_that_is_chosen_while_it_is_removed_is_kept_or_refused(
    client: Client, organizer: Client, conn: Connection
) -> None:
    for key in (f"meal{n}" for n in range(8)):
        await make_question(organizer, key, "choice")
    fewer = {"options": [{"value": "vegan", "label": {"en": "Vegan"}}]}

    async def race(n: int) -> tuple[int, int]:
        chosen = answer(organizer, {f"meal{n}": "halal"}, person={"email": f"p{n}@delegates.example"})
        removed = organizer.patch(f"{QUESTIONS}/meal{n}", fewer)
        both = await asyncio.gather(*((chosen, removed) if n % 2 else (removed, chosen)))
        return tuple(sorted(one.status_code for one in both))  # type: ignore[return-value]

    outcomes = [await race(n) for n in range(8)]

    assert set(outcomes) <= {(200, 409), (200, 422), (201, 409)}
    orphans = """SELECT count(*) FROM answers a JOIN questions q USING (edition_id, key)
                 WHERE NOT q.options @> jsonb_build_array(jsonb_build_object('value', a.value))"""
    assert await conn.fetchval(orphans) == 0


async def test_answer_that_was_checked_before_the_question_changed_is_not_stored(
    organizer: Client, pool: Pool, conn: Connection, clock: Timeline
) -> None:
    await make_question(organizer, "meal", "choice")
    made = await make_registration(organizer)
    edition_id, registration_id = UUID(made["edition_id"]), UUID(made["id"])
    known = await service.list_known_questions(conn, edition_id, clock())
    await organizer.patch(f"{QUESTIONS}/meal", {"options": [{"value": "vegan", "label": {"en": "Vegan"}}]})

    with pytest.raises(service.QuestionsChanged):
        await service.store_answers(conn, edition_id, known, {registration_id: {"meal": "halal"}}, clock())
    assert await stored(conn) == {}


async def test_edition_without_questions_costs_no_statement_more(
    organizer: Client, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ours = set(load_statements("questions").values())
    for name in ("fetchrow", "fetch", "execute", "fetchval"):
        real = getattr(StatelessConnection, name)

        async def counted(self: Any, sql: str, *arguments: Any, real: Any = real, **more: Any) -> Any:
            asked.append(sql)
            return await real(self, sql, *arguments, **more)

        monkeypatch.setattr(StatelessConnection, name, counted)

    await make_registration(organizer, "a@delegates.example")
    without = len(asked)
    assert [sql for sql in asked if sql in ours] == []
    await make_question(organizer)
    asked.clear()
    await make_registration(organizer, "b@delegates.example")
    assert (len(asked), len([sql for sql in asked if sql in ours])) == (without + 1, 1)


async def test_people_who_come_at_once_are_each_judged_by_their_own_answers(
    client: Client, organizer: Client, edition: dict[str, Any], conn: Connection
) -> None:
    await make_question(organizer, "meal", "choice", is_required=True)
    frontend = await client.as_client(edition["id"], "registrations:create")
    given = [{"meal": "vegan"}, {"meal": "pork"}, {}, {"meal": "halal"}]

    answers = await asyncio.gather(
        *(answer(frontend, given[n % 4], person={"email": f"p{n}@delegates.example"}) for n in range(40))
    )

    assert [one.status_code for one in answers] == [201, 422, 422, 201] * 10
    assert [one.json()["answers"] for one in answers if one.status_code == 201] == [given[0], given[3]] * 10
    kept = await conn.fetch("SELECT registration_id, value FROM answers")
    assert {str(row[0]): {"meal": row[1]} for row in kept} == {
        one.json()["id"]: one.json()["answers"] for one in answers if one.status_code == 201
    }


async def test_who_is_erased_has_answered_nothing(organizer: Client, conn: Connection) -> None:
    await make_question(organizer)
    made = await make_registration(organizer, answers={"diet": "vegan"})
    await make_registration(organizer, "bei@delegates.example", answers={"diet": "fish"})

    await organizer.made(f"{REGISTRATIONS}/{made['id']}/erase", {"reason": "asked_by_the_person"})

    assert await conn.fetch("SELECT value FROM answers") == [("fish",)]
