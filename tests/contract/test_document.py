"""The committed contract is what the application serves: change both, or neither."""

from pathlib import Path

from forum.app import create_app
from forum.docs import encode_document
from forum.settings import Settings

COMMITTED = Path(__file__).parents[2] / "openapi" / "forum.json"


def test_committed_document_is_that_of_the_application() -> None:
    served = encode_document(create_app(Settings(database_url="unused")))

    assert COMMITTED.read_bytes() == served, "run `make openapi`, and read what has changed"
