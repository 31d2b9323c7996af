"""Which typeface has which characters.

FiraGO (Latin, Cyrillic, Greek, Arabic, Hebrew, Thai, Georgian, Devanagari) is beside this file, in two weights; Noto
Sans has what it lacks, and Noto Sans CJK has Chinese, Japanese and Korean. All are under the SIL Open Font License.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import uharfbuzz
from msgspec import Struct

Weight = Literal["regular", "bold"]
_OWN: Final[dict[Weight, str]] = {"regular": "FiraGO-Regular.ttf", "bold": "FiraGO-Bold.ttf"}
_NOTO: Final = (
    "Armenian", "Ethiopic", "Bengali", "Myanmar", "Tamil", "Khmer", "Lao", "Sinhala", "Gujarati", "Gurmukhi", "Kannada",
    "Malayalam", "Oriya", "Telugu", "Symbols",
)  # fmt: skip
_CHINESE_FACE: Final = 2
"""Of the faces in the collection, the one that draws characters as they are written in simplified Chinese."""
_JOINS: Final = frozenset("\u200c\u200d")
REPLACEMENT: Final = "?"


class Face(Struct, frozen=True):
    """A typeface in a file. `name` is what a document knows it by."""

    name: str
    path: str
    number: int = 0


@cache
def _own(weight: Weight) -> Face:
    return Face(f"firago-{weight}", str(files("forum.printing").joinpath("fonts", _OWN[weight])))


@cache
def _noto(script: str) -> Face:
    return Face(f"noto-{script.lower()}", str(files("manimgx_fonts").joinpath(f"NotoSans{script}[wght].ttf")))


@cache
def _chinese() -> Face:
    return Face("noto-cjk", str(files("noto_cjk_sans_otc").joinpath("NotoSansCJK-Regular.ttc")), _CHINESE_FACE)


@cache
def shaping_font(face: Face) -> uharfbuzz.Font:
    """The typeface as HarfBuzz reads it."""
    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(face.path), face.number))


@cache
def _characters(face: Face) -> frozenset[int]:
    return frozenset(shaping_font(face).face.unicodes)


def _others(character: str) -> Iterator[Face]:
    """Where to look for what FiraGO lacks. The large collection is opened for what is wide, and last for the rest."""
    if unicodedata.east_asian_width(character) in "WF":
        yield _chinese()
    yield from map(_noto, ("", *_NOTO))
    yield _chinese()


@cache
def _letter_face(character: str, weight: Weight) -> Face | None:
    own = _own(weight)
    if ord(character) in _characters(own):
        return own
    return next((face for face in _others(character) if ord(character) in _characters(face)), None)


def _is_dependent(character: str) -> bool:
    """Marks belong to the letter before them; spaces, digits and punctuation go with what they stand beside."""
    return character in _JOINS or unicodedata.category(character)[0] in "MZPNC"


def choose_faces(text: str, weight: Weight) -> list[Face | None]:
    """For each character the typeface that it is set in; None where no typeface has it."""
    chosen: list[Face | None] = []
    current: Face | None = None
    for character in text:
        keeps = current is not None and _is_dependent(character)
        if not (keeps and current and (character in _JOINS or ord(character) in _characters(current))):
            current = _letter_face(character, weight)
        chosen.append(current)
    return chosen


def printable(text: str, weight: Weight = "regular") -> str:
    """The same text with a question mark for each character that no typeface has."""
    faces = choose_faces(text, weight)
    return "".join(REPLACEMENT if face is None else c for c, face in zip(text, faces, strict=True))
