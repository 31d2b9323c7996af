"""The pages that mailed links open: they load nothing from elsewhere, and say everything in six languages."""

import re
from importlib.resources import files

import msgspec
import pytest

from tests.client import Client

PAGES = {"r": "forum.registrations", "s": "forum.speakers"}
SAME = {"r": {"badge", "no"}, "s": {"no"}}
"""Words that are those of English in another language, too."""
SHARED = files("forum").joinpath("page")


@pytest.mark.parametrize("path", PAGES)
async def test_page_and_its_files_are_served_under_a_strict_policy(client: Client, path: str) -> None:
    types = {"": "text/html", "/page.js": "text/javascript", "/page.css": "text/css", "/texts.json": "application/json",
             "/shared.js": "text/javascript", "/shared.css": "text/css"}  # fmt: skip
    for name, media_type in types.items():
        answer = await client.get(f"/{path}{name}")
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, media_type)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not re.findall(r"https?://|//\w+\.", answer.text)
    page = (await client.get(f"/{path}")).text
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) <= {"data:,"} | {f"{path}{name}" for name in types if name}
    for unknown in ("other.js", "index.html", "..%2Froutes.py"):
        assert (await client.get(f"/{path}/{unknown}")).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_every_word_of_a_page_is_there_in_six_languages(path: str) -> None:
    folder = files(PAGES[path]).joinpath("page")
    texts = msgspec.json.decode(folder.joinpath("texts.json").read_bytes(), type=dict[str, dict[str, str]])
    page = folder.joinpath("index.html").read_text(encoding="utf-8")
    script = "".join(file.read_text(encoding="utf-8") for file in (SHARED / "shared.js", folder / "page.js"))
    used = set(re.findall(r'data-text="(\w+)"', page)) | set(re.findall(r'(?:say|tell|button|sure)\("(\w+)"', script))
    used |= set(re.findall(r'\w+: "(\w+)"', " ".join(re.findall(r"known: \{([^}]+)\}", script))))

    assert sorted(texts) == ["ar", "en", "es", "fr", "ru", "zh"]
    for language, words in texts.items():
        assert words.keys() == texts["en"].keys()
        same = {key for key, word in words.items() if language != "en" and word == texts["en"][key]}
        assert same <= SAME[path]
    assert {"failed", "wrong_link", "stale", "refused", "saved"} | used <= texts["en"].keys()
    assert "innerHTML" not in script
    assert "style=" not in page
