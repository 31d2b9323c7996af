"""Text becomes lines: where it is broken, what stands beside what, and how large it can be.

Directions are resolved by the Unicode Bidirectional Algorithm (UAX 9): levels for a paragraph, order for each line
(rule L2). Lines break at spaces, after hyphens and between ideographs; a word alone that is wider than the box breaks
between any two characters.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

import uharfbuzz
from msgspec import Struct

from forum.printing.fonts import Face, Weight, choose_faces, printable, shaping_font

MM_PER_POINT: Final = 25.4 / 72
LEADING: Final = 1.3
"""From one baseline to the next, in sizes: room for what stands above and below the letters of every script."""
ELLIPSIS: Final = "\u2026"
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_UNSEEN: Final = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\u00ad")
_HYPHENS: Final = frozenset("-\u2010\u2013\u2014/")
_NOT_FIRST: Final = frozenset("、。，．：；？！）」』】》〉”’)]},.:;?!…")
_NOT_LAST: Final = frozenset("（「『【《〈“‘([{")


class Run(Struct, frozen=True):
    """Characters that are drawn at once, in reading order."""

    text: str
    face: Face
    is_rtl: bool

    @property
    def width(self) -> float:
        """In sizes."""
        return measure(self.text, self.face, self.is_rtl)


class Setting(Struct, frozen=True):
    """Text as it fits into a box: each line's runs from left to right."""

    lines: list[list[Run]]
    points: float
    is_rtl: bool

    @property
    def leading_mm(self) -> float:
        """From one line to the next."""
        return self.points * MM_PER_POINT * LEADING

    @property
    def height_mm(self) -> float:
        """Of all lines."""
        return len(self.lines) * self.leading_mm

    def width_mm(self, line: Sequence[Run]) -> float:
        """Of one line."""
        return sum(run.width for run in line) * self.points * MM_PER_POINT


@lru_cache(maxsize=8192)
def measure(text: str, face: Face, is_rtl: bool) -> float:
    """How wide text is, shaped, in sizes of its typeface."""
    font = shaping_font(face)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if is_rtl else "ltr"
    uharfbuzz.shape(font, buffer, {})
    advance = sum(position.x_advance for position in buffer.glyph_positions)
    return float(advance) / float(font.face.upem)


def isolate(text: str) -> str:
    """Text that keeps its own direction inside another (UAX 9 section 2.4)."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def reads_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction goes to the left (rules P2 and P3), isolated or not."""
    directions = (unicodedata.bidirectional(character) for character in text)
    return next((one for one in directions if one in ("L", "R", "AL")), "L") != "L"


class Paragraph:
    """One paragraph, measured once, that can be broken into lines at any size."""

    def __init__(self, text: str, weight: Weight = "regular", is_rtl: bool | None = None) -> None:
        self._weight = weight
        from forum.printing.engine import embedding_levels  # see there

        given = printable(" ".join(text.split()), weight)
        self.is_rtl = reads_right_to_left(given) if is_rtl is None else is_rtl
        levels = embedding_levels(given, self.is_rtl)
        shown = [(c, level) for c, level in zip(given, levels, strict=True) if c not in _UNSEEN]
        self.text = "".join(character for character, _ in shown)
        self._levels = [level for _, level in shown]
        self._faces = choose_faces(self.text, weight)
        self._words = list(_words(self.text))

    def fit(self, width_mm: float, height_mm: float, points: tuple[float, float]) -> Setting:
        """As large as fits, between `points`; with words broken when it must be; at last cut off with an ellipsis."""
        largest, smallest = points
        for may_break in (False, True):
            size = largest
            while size >= smallest:
                lines = self._break(width_mm / (size * MM_PER_POINT), may_break)
                if lines is not None and len(lines) * size * MM_PER_POINT * LEADING <= height_mm:
                    return self._setting(lines, size)
                size -= 0.5
        return self._cut(width_mm, height_mm, smallest)

    def _cut(self, width_mm: float, height_mm: float, points: float) -> Setting:
        """As much of the text as there is room for."""
        room = max(int(height_mm / (points * MM_PER_POINT * LEADING)), 1)
        width = width_mm / (points * MM_PER_POINT)

        def is_too_long(end: int) -> bool:
            lines = self._shortened(end)._break(width, True)
            return lines is None or len(lines) > room

        end = bisect_left(range(len(self.text)), True, key=is_too_long) - 1
        short = self._shortened(end)
        return short._setting(short._break(width, True) or [], points)

    def _shortened(self, end: int) -> "Paragraph":
        return Paragraph(self.text[:end].rstrip() + ELLIPSIS, self._weight, self.is_rtl)

    def _setting(self, lines: Sequence[tuple[int, int]], points: float) -> Setting:
        return Setting([self._visual(start, end) for start, end in lines], points, self.is_rtl)

    def _break(self, width: float, may_break: bool) -> list[tuple[int, int]] | None:
        """The lines of a width in sizes, or None when a word is wider and may not be broken."""
        lines: list[tuple[int, int]] = []
        begin: int | None = None
        for start, end in self._words:
            if begin is not None and self._width(begin, end) <= width:
                lines[-1] = (begin, end)
                continue
            pieces = [(start, end)]
            if self._width(start, end) > width:
                if not may_break:
                    return None
                pieces = list(self._pieces(start, end, width))
            lines += pieces
            begin = pieces[-1][0]
        return lines

    def _pieces(self, start: int, end: int, width: float) -> Iterator[tuple[int, int]]:
        """A word in parts that are no wider than a line."""
        stop = start
        while start < end:
            stop += 1
            while stop < end and unicodedata.combining(self.text[stop]):
                stop += 1
            further = stop + 1
            if stop >= end or self._width(start, min(further, end)) > width:
                yield start, min(stop, end)
                start = stop

    def _width(self, start: int, end: int) -> float:
        return sum(run.width for _, run in self._runs(start, end))

    def _runs(self, start: int, end: int) -> list[tuple[int, Run]]:
        """The runs of a line in reading order with their levels; spaces at its end take no room (rule L1)."""
        while end > start and self.text[end - 1] == " ":
            end -= 1
        keyed = groupby(range(start, end), key=lambda at: (self._levels[at], self._faces[at]))
        return [
            (level, Run("".join(self.text[at] for at in group), face, level % 2 == 1))
            for (level, face), group in keyed
            if face is not None
        ]

    def _visual(self, start: int, end: int) -> list[Run]:
        """The runs of a line from left to right (rule L2)."""
        runs = self._runs(start, end)
        for level in range(max((level for level, _ in runs), default=0), 0, -1):
            ordered: list[tuple[int, Run]] = []
            for is_above, group in groupby(runs, key=lambda run: run[0] >= level):
                ordered += list(group)[:: -1 if is_above else 1]
            runs = ordered
        return [run for _, run in runs]


def _words(text: str) -> Iterator[tuple[int, int]]:
    """What must not be broken, each with the spaces after it."""
    start = 0
    for at in range(1, len(text)):
        if _may_break(text[at - 1], text[at]):
            yield start, at
            start = at
    if start < len(text):
        yield start, len(text)


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " " or before in _HYPHENS:
        return True
    if after in _NOT_FIRST or before in _NOT_LAST:
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    """Ideographs and kana, between which a line can break; Korean breaks at spaces."""
    return unicodedata.east_asian_width(character) in "WF" and not "\uac00" <= character <= "\ud7a3"
