"""Badges on paper: A6, upright. Pure: equal badges give equal bytes."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from forum.codes import choose_language
from forum.printing.lines import isolate
from forum.printing.names import country_name, date_range, full_name
from forum.printing.sheet import A6, WHITE, Box, Sheets, Style
from forum.registrations.badge_types import PrintedBadge

_BLUE: Final = (0, 60, 113)
_GREY: Final = (90, 90, 90)
_WIDTH, _HEIGHT = A6
_ROLES: Final = {
    "en": ("Delegate", "Participant"),
    "fr": ("Membre de délégation", "Participation"),
    "es": ("Miembro de delegación", "Participante"),
    "ru": ("Член делегации", "Участие"),
    "zh": ("代表团成员", "与会者"),
    "ar": ("عضو وفد", "مشاركة"),
}
"""What somebody is who comes with a delegation, and who comes without one; in words that fit every gender."""
_TITLE: Final = (Box(8, 6, 89, 14), Style(points=(15, 6), weight="bold", align="center", valign="middle", colour=WHITE))
_WHEN: Final = (Box(8, 20.5, 89, 5), Style(points=(9, 5), align="center", valign="middle", colour=WHITE))
_NAME: Final = (Box(6, 31, 93, 33), Style(points=(32, 5), weight="bold", align="center", valign="middle"))
_ENTITY: Final = (Box(8, 65, 89, 14), Style(points=(14, 4), align="center", valign="middle"))
_COUNTRY: Final = (Box(8, 79.5, 89, 7), Style(points=(13, 5), align="center", valign="middle", colour=_GREY))
_QR: Final = Box(33, 87, 39, 39)
_SERIAL: Final = (Box(8, 125.5, 89, 4), Style(points=(8, 6), align="center", valign="middle", colour=_GREY))
_CATEGORY: Final = (
    Box(6, 132, 93, 8),
    Style(points=(15, 5), weight="bold", align="center", valign="middle", colour=WHITE),
)
_ROLE: Final = (Box(6, 140, 93, 6), Style(points=(11, 5), align="center", valign="middle", colour=WHITE))


class BadgePrint(Struct, frozen=True):
    """A badge and the token that its QR code holds."""

    badge: PrintedBadge
    token: str


def draw_badges(prints: Sequence[BadgePrint]) -> bytes:
    """The badges as a PDF file of a page each; `prints` is not empty."""
    first, last = prints[0].badge, prints[-1].badge
    title = first.edition_title[choose_language(first.edition_title, "en")]
    sheets = Sheets(A6, title, first.language, max(first.created_at, last.created_at))
    for one in prints:
        sheets.add_sheet()
        _draw(sheets, one.badge, one.token)
    return sheets.to_bytes()


def _draw(sheets: Sheets, badge: PrintedBadge, token: str) -> None:
    language, titles = badge.language, badge.edition_title
    sheets.fill(Box(0, 0, _WIDTH, 28), _BLUE)
    sheets.write(titles[choose_language(titles, language)], *_TITLE)
    sheets.write(" · ".join(filter(None, [_dates(badge), badge.city])), *_WHEN)
    name, is_rtl = full_name(badge.given_name, badge.family_name)
    sheets.write(name, *_NAME, is_rtl=is_rtl)
    sheets.write(_affiliation(badge), *_ENTITY)
    sheets.write(country_name(badge.country, language), *_COUNTRY)
    sheets.draw_qr(token, _QR)
    sheets.write(f"{badge.serial:06}", *_SERIAL)
    sheets.fill(Box(0, 130, _WIDTH, _HEIGHT - 130), _BLUE)
    labels = badge.category_label or {"en": badge.category}
    sheets.write(labels[choose_language(labels, language)], *_CATEGORY)
    sheets.write(_ROLES[choose_language(_ROLES, language)][badge.delegation_name is None], *_ROLE)


def _affiliation(badge: PrintedBadge) -> str:
    """The entity that somebody belongs to and, when it is another, whose delegation they come with."""
    names = dict.fromkeys(name for name in (badge.entity_name, badge.delegation_name) if name)
    return " · ".join(map(isolate, names)) if len(names) > 1 else "".join(names)


def _dates(badge: PrintedBadge) -> str:
    if badge.starts_on is None or badge.ends_on is None:
        return ""
    return date_range(badge.starts_on, badge.ends_on, badge.language)
