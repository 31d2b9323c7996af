"""The committed contract is what the application serves: change both, or neither."""

from pathlib import Path

import msgspec

from forum.app import create_app
from forum.docs import encode_document
from forum.settings import Settings

COMMITTED = Path(__file__).parents[2] / "openapi" / "forum.json"


def test_committed_document_is_that_of_the_application() -> None:
    served = encode_document(create_app(Settings(database_url="unused")))

    assert COMMITTED.read_bytes() == served, "run `make openapi`, and read what has changed"


def test_every_component_has_a_name_of_its_own() -> None:
    """Two structs of one name would be told apart by their modules, which makes generators of clients stumble."""
    schemas = msgspec.json.decode(COMMITTED.read_bytes())["components"]["schemas"]
    assert [name for name in schemas if "_types_" in name] == []
