"""Draws a badge's token as a QR code (ISO/IEC 18004), for screens and print. Pure: equal tokens give equal bytes."""

import io
from typing import Final

import segno

QUIET_ZONE_MODULES: Final = 4
"""The margin that the standard demands, so that a code is found on any background."""
MODULE_PIXELS: Final = 8
ERROR_CORRECTION: Final = "m"
"""15 of 100 code words can be read wrong: a crease, a finger, a scratched screen."""


def draw_svg(token: str) -> bytes:
    """The code as an SVG file, black on white; it can be scaled to any size."""
    return _draw(token, "svg", {"svgclass": None, "lineclass": None})


def draw_png(token: str) -> bytes:
    """The code as a PNG file of two colours, eight pixels a module."""
    return _draw(token, "png", {})


def _draw(token: str, kind: str, options: dict[str, None]) -> bytes:
    out = io.BytesIO()
    code = segno.make_qr(token, error=ERROR_CORRECTION)
    code.save(out, kind=kind, scale=MODULE_PIXELS, border=QUIET_ZONE_MODULES, light="#fff", **options)
    return out.getvalue()
