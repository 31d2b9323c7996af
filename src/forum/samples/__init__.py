"""The sample editions, as data: real facts with their sources, and people who do not exist."""

from pathlib import Path
from typing import Final, Literal

Sample = Literal["series", "programme", "pledges", "people"]
_FOLDER: Final = Path(__file__).resolve().parent


def read_sample(name: Sample) -> bytes:
    """A sample file's bytes, as they ship with the package."""
    return (_FOLDER / f"{name}.json").read_bytes()
