"""What organizers can ask, what everybody reads of it, and what stands once somebody has answered."""

from typing import Any

from tests.client import Client, pointers
from tests.factories import make_edition, make_registration
from tests.questions.conftest import QUESTIONS, make_question, question_fields


async def test_question_is_made_and_read_back_by_everybody(client: Client, organizer: Client) -> None:
    fields = question_fields(kind="choice", help={"en": "One only."}, modes=["in_person"], categories=["ngo"], order=3)

    answer = await organizer.post(QUESTIONS, fields)

    assert answer.status_code == 201, answer.text
    assert answer.json() == fields | {
        "is_required": False,
        "is_sensitive": False,
        "condition": None,
        "status": "active",
        "version": 1,
    }
    assert answer.headers["ETag"] == '"1"'
    assert (await client.get(f"{QUESTIONS}/diet")).json() == answer.json()
    assert (await client.get(QUESTIONS)).json() == {"items": [answer.json()], "next_cursor": None}


async def test_list_is_in_order_in_pages_and_filtered(client: Client, organizer: Client) -> None:
    await make_question(organizer, "b", modes=["online"])
    await make_question(organizer, "c", categories=["state"])
    await make_question(organizer, "a", order=1)

    async def keys(**wanted: Any) -> list[str]:
        answer = await client.get(QUESTIONS, params=wanted)
        return [question["key"] for question in answer.json()["items"]]

    first = (await client.get(QUESTIONS, params={"limit": 1, "count": True})).json()
    assert await keys() == ["a", "b", "c"]
    assert ([one["key"] for one in first["items"]], first["total"]) == (["a"], 3)
    assert await keys(cursor=first["next_cursor"]) == ["b", "c"]
    assert await keys(mode="in_person") == ["a", "c"]
    assert await keys(category="ngo") == ["a", "b"]


async def test_texts_come_in_the_language_asked_for(client: Client, organizer: Client) -> None:
    await make_question(organizer, kind="choice", values=("vegan",))

    for path in (f"{QUESTIONS}/diet", QUESTIONS):
        body = (await client.get(path, params={"lang": "fr-CH"})).json()
        question = body["items"][0] if "items" in body else body
        assert question["label"] == {"fr": "Que mangez-vous ?"}
        assert question["purpose"] == {"fr": "Pour la cuisine."}
        assert question["options"] == [{"value": "vegan", "label": {"en": "Vegan"}}]


async def test_only_organizers_ask_and_draft_shows_nothing(client: Client, edition: dict[str, Any]) -> None:
    registrar = await client.as_role("registrar", edition["id"])
    person = await client.as_person("amina@delegates.example")
    draft = await make_edition(client, "draft", slug="grf-2027")
    organizer = await client.as_role("organizer", draft["id"])
    await organizer.made("/v1/editions/grf-2027/questions", question_fields())

    assert [(await caller.post(QUESTIONS, question_fields())).status_code for caller in (registrar, person)] == [
        403
    ] * 2
    for path in ("/v1/editions/grf-2027/questions", "/v1/editions/grf-2027/questions/diet"):
        assert (await person.get(path)).status_code == 404
        assert (await organizer.get(path)).status_code == 200


BAD: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"key": "Diät"}, {("/key", "bad_format")}),
    ({"key": "9lives"}, {("/key", "bad_format")}),
    ({"kind": "essay"}, {("/kind", "unknown_value")}),
    ({"label": {}}, {("/label", "too_short")}),
    ({"label": {"en": "a\u0007", "xx-": "b"}}, {("/label/en", "control_character"), ("/label/xx-", "bad_format")}),
    ({"retention": "for_ever", "purpose": {"en": " "}}, {("/retention", "unknown_value"), ("/purpose/en", "blank")}),
    ({"retention": "keep_anonymised"}, {("/retention", "not_allowed")}),
    ({"kind": "choice"}, {("/options", "missing")}),
    ({"options": [{"value": "a", "label": {"en": "A"}}]}, {("/options", "not_allowed")}),
    ({"modes": ["online", "online"]}, {("/modes/1", "duplicate")}),
    ({"categories": ["martian"]}, {("/categories/0", "unknown_value")}),
    ({"condition": {"question": "visa"}}, {("/condition", "rule_broken")}),
    ({"condition": {"question": "visa", "equals": True, "in": [True]}}, {("/condition", "rule_broken")}),
    ({"condition": {"question": "nope", "equals": True}}, {("/condition/question", "unknown_reference")}),
    ({"condition": {"question": "diet", "equals": True}}, {("/condition/question", "condition_cycle")}),
    ({"condition": {"question": "essay", "equals": "x"}}, {("/condition/question", "not_allowed")}),
    ({"condition": {"question": "old", "equals": True}}, {("/condition/question", "question_retired")}),
    ({"condition": {"question": "visa", "equals": "yes"}}, {("/condition/equals", "wrong_type")}),
    ({"condition": {"question": "meal", "in": ["halal", "pork"]}}, {("/condition/in/1", "unknown_value")}),
    ({"condition": {"question": "land", "equals": "ZZ"}}, {("/condition/equals", "unknown_country")}),
]


async def test_question_that_cannot_be_asked_is_refused(organizer: Client) -> None:
    for key, kind in {"visa": "boolean", "essay": "long_text", "meal": "choices", "land": "country"}.items():
        await make_question(organizer, key, kind)
    await make_question(organizer, "old", "boolean")
    await organizer.made(f"{QUESTIONS}/old/retire", None)

    for changes, faults in BAD:
        assert pointers(await organizer.post(QUESTIONS, question_fields() | changes)) == faults
    assert (await organizer.get(f"{QUESTIONS}/diet")).status_code == 404


async def test_key_is_never_given_to_another_question(client: Client, organizer: Client) -> None:
    await make_question(organizer)

    taken = await organizer.post(QUESTIONS, question_fields(kind="boolean"))
    retired = await organizer.post(f"{QUESTIONS}/diet/retire")
    again = await organizer.post(QUESTIONS, question_fields(kind="boolean"))

    assert [(a.status_code, a.json().get("code")) for a in (taken, retired, again)] == [
        (409, "question_key_taken"), (200, None), (409, "question_key_taken"),
    ]  # fmt: skip
    assert (await client.get(f"{QUESTIONS}/diet")).status_code == 404
    assert (await client.get(QUESTIONS, params={"status": "retired"})).status_code == 403
    assert [q["key"] for q in (await organizer.get(QUESTIONS, params={"status": "retired"})).json()["items"]] == [
        "diet"
    ]
    assert (await organizer.patch(f"{QUESTIONS}/diet", {"order": 1})).json()["code"] == "question_retired"
    assert (await organizer.post(f"{QUESTIONS}/diet/retire")).json()["code"] == "question_retired"


async def test_question_changes_as_a_merge_patch(organizer: Client) -> None:
    await make_question(organizer, "visa", "boolean")
    await make_question(organizer)

    stale = await organizer.patch(f"{QUESTIONS}/diet", {"order": 2}, version=7)
    changed = await organizer.patch(
        f"{QUESTIONS}/diet",
        {"label": {"fr": None, "ru": "Что вы едите?"}, "condition": {"question": "visa", "equals": True}, "order": 9},
        version=1,
    )
    narrowed = await organizer.patch(f"{QUESTIONS}/diet", {"condition": {"equals": None, "in": [False]}})
    headless = await organizer.patch(f"{QUESTIONS}/visa", {"condition": {"equals": True}})
    fixed = await organizer.patch(f"{QUESTIONS}/diet", {"key": "food", "kind": "boolean"})
    freed = await organizer.patch(f"{QUESTIONS}/diet", {"condition": None})

    assert stale.status_code == 412
    assert changed.json()["label"] == {
        "en": "What do you eat?",
        "ar": "ماذا تأكل؟",
        "ru": "Что вы едите?",
    }
    assert (changed.json()["condition"], changed.json()["order"]) == ({"question": "visa", "equals": True}, 9)
    assert narrowed.json()["condition"] == {"question": "visa", "in": [False]}
    assert pointers(headless) == {("/condition/question", "missing")}
    assert pointers(fixed) == {("/key", "unknown_field"), ("/kind", "unknown_field")}
    assert (freed.json()["condition"], freed.json()["version"]) == (None, 4)


async def test_conditions_cannot_be_led_in_a_circle(organizer: Client) -> None:
    await make_question(organizer, "a", "boolean")
    await make_question(organizer, "b", "boolean", condition={"question": "a", "equals": True})
    await make_question(organizer, "c", "boolean", condition={"question": "b", "equals": True})

    answer = await organizer.patch(f"{QUESTIONS}/a", {"condition": {"question": "c", "equals": False}})

    assert pointers(answer) == {("/condition/question", "condition_cycle")}


async def test_question_that_decides_about_another_stays_what_it_is(organizer: Client) -> None:
    await make_question(organizer, "meal", "choice")
    await make_question(organizer, "cut", condition={"question": "meal", "equals": "halal"})

    removed = await organizer.patch(f"{QUESTIONS}/meal", {"options": [{"value": "vegan", "label": {"en": "Vegan"}}]})
    retired = await organizer.post(f"{QUESTIONS}/meal/retire")
    await organizer.made(f"{QUESTIONS}/cut/retire", None)
    then = await organizer.post(f"{QUESTIONS}/meal/retire")

    assert (removed.status_code, removed.json()["code"]) == (409, "question_in_use")
    assert (retired.status_code, retired.json()["code"]) == (409, "question_in_use")
    assert then.status_code == 200


async def test_what_people_relied_on_when_they_answered_cannot_be_taken_back(organizer: Client) -> None:
    await make_question(organizer, "meal", "choices", is_sensitive=True, retention="thirty_days_after")
    options = [{"value": value, "label": {"en": value}} for value in ("vegan", "fish")]
    broken = {"options": options, "is_sensitive": False, "retention": "one_year_after"}
    await make_registration(organizer, answers={"meal": ["halal", "vegan"]})

    refused = await organizer.patch(f"{QUESTIONS}/meal", broken)
    kept = {"options": [*options, {"value": "halal", "label": {"ar": "حلال"}}], "retention": "until_edition_ends"}
    allowed = await organizer.patch(f"{QUESTIONS}/meal", kept)

    assert (refused.status_code, refused.json()["code"]) == (409, "question_answered")
    assert [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]] == [
        ("/options", "option_answered"),
        ("/is_sensitive", "promise_broken"),
        ("/retention", "promise_broken"),
    ]
    assert allowed.status_code == 200, allowed.text
    assert [option["value"] for option in allowed.json()["options"]] == ["vegan", "fish", "halal"]
