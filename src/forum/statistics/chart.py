"""Who was in the room, as a picture: one bar a session, in the hall and online; SVG that needs nothing else.

Titles stand on lines of their own above the bars, so that none is cut for its bar. Each has the direction of its first
strong letter (UAX 9, rule P2), and lines are broken by estimated width, inside a word only where the word is longer
than the line.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from forum.statistics.types import Figure

WIDTH: Final = 800
LEFT: Final = 24
BAR_WIDTH: Final = 640
LINE_HEIGHT: Final = 20
BAR_HEIGHT: Final = 18
LINES: Final = 3
"""A title that needs more lines ends in an ellipsis; all of it is in the bar's own title."""
FONT_SIZE: Final = 15
IN_PERSON, ONLINE = "#0b5cab", "#f2a03d"
_FONTS: Final = "system-ui, 'Noto Sans', 'Noto Sans Arabic', 'Noto Sans CJK SC', sans-serif"


def render_chart(title: str, figures: Sequence[Figure], as_of: datetime) -> bytes:
    """The picture of people by session. Equal figures give equal bytes."""
    most = max((figure.in_person + figure.online for figure in figures), default=0)
    parts: list[str] = []
    y = _heading(parts, title)
    for figure in figures:
        y = _draw_session(parts, figure, most, y)
    if not figures:
        parts.append(_line("Nobody was recorded in any session.", y + LINE_HEIGHT))
        y += 2 * LINE_HEIGHT
    parts.append(_line(f"As of {as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC", y + LINE_HEIGHT, size=12))
    height = y + 2 * LINE_HEIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" font-family="{escape(_FONTS)}" font-size="{FONT_SIZE}" fill="#1a1a1a">'
        f'<title>{escape(title)}</title><rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    return f"{head}{''.join(parts)}</svg>\n".encode()


def _heading(parts: list[str], title: str) -> int:
    y = LINE_HEIGHT + 8
    for line in _wrapped(title, WIDTH - 2 * LEFT, 20):
        parts.append(_line(line, y, size=20, direction=_direction(title)))
        y += 26
    for index, (colour, words) in enumerate(((IN_PERSON, "in the hall"), (ONLINE, "online"))):
        x = LEFT + 140 * index
        parts.append(f'<rect x="{x}" y="{y - 12}" width="14" height="14" fill="{colour}"/>')
        parts.append(_line(words, y, x=x + 20))
    return y + 10


def _draw_session(parts: list[str], figure: Figure, most: int, y: int) -> int:
    label = figure.label or figure.value or ""
    y += 8
    for line in _wrapped(label, WIDTH - 2 * LEFT, FONT_SIZE):
        y += LINE_HEIGHT
        parts.append(_line(line, y, direction=_direction(label)))
    y += 6
    tip = f"{label}: {figure.in_person} in the hall, {figure.online} online"
    parts.append(f"<g><title>{escape(tip)}</title>")
    x = LEFT
    for count, colour in ((figure.in_person, IN_PERSON), (figure.online, ONLINE)):
        width = round(BAR_WIDTH * count / most) if most else 0
        parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{BAR_HEIGHT}" fill="{colour}"/>')
        x += width
    parts.append("</g>")
    parts.append(_line(f"{figure.in_person} + {figure.online}", y + 14, x=x + 8, size=13))
    return y + BAR_HEIGHT


def _line(text: str, y: int, x: int = LEFT, size: int = FONT_SIZE, direction: str = "ltr") -> str:
    """A line of text whose left edge is `x` in either direction: text that runs to the left ends there."""
    anchor = "end" if direction == "rtl" else "start"
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" direction="{direction}" unicode-bidi="isolate" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _direction(text: str) -> str:
    for character in text:
        if (kind := unicodedata.bidirectional(character)) in {"L", "R", "AL"}:
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def _wrapped(text: str, width: int, size: int) -> list[str]:
    """At most three lines that are no wider than `width` pixels."""
    lines = list(_broken(text.split(), width / size))
    if len(lines) <= LINES:
        return lines
    return [*lines[: LINES - 1], f"{lines[LINES - 1][:-1]}…"]


def _broken(words: Sequence[str], ems: float) -> Iterator[str]:
    line = ""
    for piece in (piece for word in words for piece in _pieces(word, ems)):
        longer = f"{line} {piece}" if line else piece
        if _ems(longer) > ems and line:
            yield line
            line = piece
        else:
            line = longer
    if line:
        yield line


def _pieces(word: str, ems: float) -> Iterator[str]:
    """A word, or the parts that fit on a line; a mark stays with its letter."""
    piece = ""
    for character in word:
        if _ems(piece + character) > ems and not unicodedata.combining(character):
            yield piece
            piece = ""
        piece += character
    yield piece


def _ems(text: str) -> float:
    """About how wide text is, in units of the font size; rather too wide than too narrow."""
    return sum(map(_em, text))


def _em(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.75 if character.isupper() or character in "mwMW@%—" else 0.56
