"""Serves the page that a mailed link opens where no frontend does: four files that load nothing from elsewhere."""

from functools import cache
from importlib.resources import files
from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from forum.errors import NotFound

_TYPES: Final = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "texts.json": "application/json",
}
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


@cache
def _read(name: str) -> bytes:
    return files("forum.registrations").joinpath("page", name).read_bytes()


def _answer(name: str) -> Response[bytes]:
    return Response(_read(name), media_type=_TYPES[name], headers=dict(_HEADERS))


@get("/r", include_in_schema=False)
async def get_registration_page() -> Response[bytes]:
    """The page. The token stands behind the `#` of its address, which is not sent here."""
    return _answer("index.html")


@get("/r/{name:str}", include_in_schema=False)
async def get_registration_page_file(name: FromPath[str]) -> Response[bytes]:
    """A script, a stylesheet or the words of the page."""
    if name not in _TYPES or name == "index.html":
        raise NotFound
    return _answer(name)


PAGE = [get_registration_page, get_registration_page_file]
"""What stands outside of `/v1`."""
