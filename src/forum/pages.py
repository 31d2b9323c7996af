"""The pages that mailed links open where no frontend does: four files of a slice, and two that all pages share.

They load nothing from elsewhere.
"""

from functools import cache
from importlib.resources import files
from typing import Final

from forum.errors import NotFound

MEDIA_TYPES: Final = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "texts.json": "application/json",
    "shared.css": "text/css",
    "shared.js": "text/javascript",
}
_SHARED: Final = frozenset({"shared.css", "shared.js"})
HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


@cache
def read_page(package: str) -> bytes:
    """The page itself, of the slice of a package."""
    return _read(package, "index.html")


@cache
def read_page_file(package: str, name: str) -> bytes:
    """A script, a stylesheet or the words of a page; raises `NotFound` for anything else."""
    if name not in MEDIA_TYPES or name == "index.html":
        raise NotFound
    return _read(package, name)


def _read(package: str, name: str) -> bytes:
    return files("forum" if name in _SHARED else package).joinpath("page", name).read_bytes()
