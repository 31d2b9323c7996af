"""The page that a speaker's link opens: it loads nothing from elsewhere, and says everything in six languages."""

import re
from importlib.resources import files

import msgspec

from tests.client import Client

PAGE = files("forum.speakers").joinpath("page")
TEXTS = msgspec.json.decode(PAGE.joinpath("texts.json").read_bytes(), type=dict[str, dict[str, str]])


async def test_page_and_its_files_are_served_under_a_strict_policy(client: Client) -> None:
    for path, media_type in (
        ("/s", "text/html"),
        ("/s/page.js", "text/javascript"),
        ("/s/page.css", "text/css"),
        ("/s/texts.json", "application/json"),
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, media_type)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not re.findall(r"https?://|//\w+\.", answer.text)
    for unknown in ("other.js", "index.html", "..%2Froutes.py"):
        assert (await client.get(f"/s/{unknown}")).status_code == 404


def test_every_word_of_the_page_is_there_in_six_languages() -> None:
    page, script = (PAGE.joinpath(name).read_text(encoding="utf-8") for name in ("index.html", "page.js"))
    used = set(re.findall(r'data-text="(\w+)"', page)) | set(re.findall(r'(?:say|tell|button|sure)\("(\w+)"', script))

    assert sorted(TEXTS) == ["ar", "en", "es", "fr", "ru", "zh"]
    for language, texts in TEXTS.items():
        assert texts.keys() == TEXTS["en"].keys()
        same = [key for key, text in texts.items() if language != "en" and text == TEXTS["en"][key]]
        assert set(same) <= {"no"}
    assert used <= TEXTS["en"].keys()
    assert "innerHTML" not in script
    assert "style=" not in page
