"""Makes a photo that is safe to show out of a file that somebody sent: only its pixels are kept.

What else the file holds, such as where it was taken, comments, or another file behind the picture, is not read into
the new one. A file is refused by what its head says of its size, before anything of it is unpacked.
"""

import hashlib
from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps

from forum.errors import Invalid
from forum.speakers.photo_types import Picture

MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
MAX_BYTES: Final = 10_000_000
MAX_PIXELS: Final = 40_000_000
"""What the cameras of phones make, by a quarter. Unpacked it takes 160 megabytes, for one picture at a time."""
MAX_EDGE: Final = 12_000
SIZES: Final = {"large": 1200, "small": 240}
"""The longer edge, in pixels; what is smaller stays as it is."""
_QUALITY: Final = 85
_WHITE: Final = (255, 255, 255)
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def develop(data: bytes) -> Picture:
    """A photo in two sizes out of a JPEG, PNG or WebP file; raises `Invalid` for what is none, or too large.

    It is turned upright, its colours are those of sRGB, what is transparent becomes white, and of what moves the first
    picture is taken. Takes up to a second: call it in a thread.
    """
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            _refuse_large(image)
            pixels = _flatten(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except Invalid:
        raise
    except Exception as error:  # whatever it is that a broken file makes the decoder say
        detail = "It is no JPEG, PNG or WebP file that can be read."
        raise Invalid.at("", "unreadable_picture", detail) from error
    large, small = (_encode(pixels, SIZES[size]) for size in ("large", "small"))
    return Picture(small, large, hashlib.sha256(large).hexdigest()[:24])


def _refuse_large(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_EDGE:
        raise _too_large()


def _too_large() -> Invalid:
    detail = f"A photo has at most {MAX_PIXELS // 1_000_000} megapixels, and {MAX_EDGE} pixels along an edge."
    return Invalid.at("", "too_many_pixels", detail)


def _flatten(image: Image.Image) -> Image.Image:
    """The first picture of a file in sRGB, upright, and nothing but its pixels."""
    image.draft("RGB", (SIZES["large"], SIZES["large"]))  # a JPEG need not be unpacked any larger
    profile = image.info.get("icc_profile")
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):  # 16 bits a pixel
        upright = upright.point(lambda level: level * (1 / 256)).convert("L")
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.new("RGB", layer.size, _WHITE)
        upright.paste(layer, mask=layer.getchannel("A"))
    elif upright.mode not in ("RGB", "L", "CMYK"):
        upright = upright.convert("RGB")
    clean = Image.new("RGB", upright.size)
    clean.paste(_to_srgb(upright, profile))
    return clean


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as screens show them; a profile that cannot be read, or is of another kind of colours, is ignored."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if converted := ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB"):
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image.convert("RGB")
    return image.convert("RGB")


def _encode(pixels: Image.Image, edge: int) -> bytes:
    scaled = pixels.copy()
    scaled.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    out = BytesIO()
    scaled.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()
