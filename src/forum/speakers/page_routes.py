"""Serves the page that a mailed link to a speaker opens where no frontend does."""

from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from forum.pages import HEADERS, MEDIA_TYPES, read_page, read_page_file

_PACKAGE: Final = "forum.speakers"


@get("/s", include_in_schema=False)
async def get_speaker_page() -> Response[bytes]:
    """The page. The token stands behind the `#` of its address, which is not sent here."""
    return Response(read_page(_PACKAGE), media_type=MEDIA_TYPES["index.html"], headers=dict(HEADERS))


@get("/s/{name:str}", include_in_schema=False)
async def get_speaker_page_file(name: FromPath[str]) -> Response[bytes]:
    """A script, a stylesheet or the words of the page."""
    content = read_page_file(_PACKAGE, name)
    return Response(content, media_type=MEDIA_TYPES[name], headers=dict(HEADERS))


PAGE = [get_speaker_page, get_speaker_page_file]
"""What stands outside of `/v1`."""
