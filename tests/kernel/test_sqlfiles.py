"""Statements are found by their names, and each name once."""

from pathlib import Path

import pytest

from forum import sqlfiles
from forum.sqlfiles import load_statements, sql_folder


@pytest.fixture
def queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of queries of our own."""
    made = tmp_path / "queries"
    made.mkdir()
    monkeypatch.setattr(sqlfiles, "sql_folder", lambda: tmp_path)
    return made


def test_statements_are_loaded_by_name_with_their_description(queries: Path) -> None:
    (queries / "things.sql").write_text(
        "-- Of things.\n\n-- name: find_thing\n-- One.\nSELECT 1;\n\n"
        "-- name: list_things_2\n-- All.\nSELECT 2,\n 3;\n\n"
    )

    assert load_statements("things") == {
        "find_thing": "-- One.\nSELECT 1;",
        "list_things_2": "-- All.\nSELECT 2,\n 3;",
    }


def test_name_that_stands_twice_is_refused(queries: Path) -> None:
    (queries / "things.sql").write_text("-- name: find_thing\nSELECT 1;\n-- name: find_thing\nSELECT 2;\n")

    with pytest.raises(ValueError, match=r"things.sql names a statement twice"):
        load_statements("things")


def test_folder_is_the_one_of_this_checkout_or_package() -> None:
    assert (sql_folder() / "migrations" / "0001_accounts.sql").exists()
    assert (sql_folder() / "queries" / "programme.sql").exists()
