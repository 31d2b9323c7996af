"""What is left of a picture file: its pixels, upright, in the colours of screens, and nothing else of it."""

import struct
import zipfile
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from forum.errors import Invalid
from forum.speakers.pictures import MAX_EDGE, develop

RED, BLUE = (200, 30, 30), (30, 30, 200)
SECRETS = (b"Secret", b"GPS", b"Exif", b"adobe:ns", b"PK\x03\x04", b"<script", b"ICC_PROFILE")


def two_halves(width: int = 400, height: int = 300) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def saved(image: Image.Image, format: str = "JPEG", **how: Any) -> bytes:
    """A file with a picture."""
    out = BytesIO()
    image.save(out, format, **how)
    return out.getvalue()


def with_traces(orientation: int) -> Image.Exif:
    """Where, with what and by whom a photo was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Secret camera"
    exif[0x013B] = "Secret owner"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (46.0, 13.0, 39.0)
    return exif


def opened(data: bytes) -> Image.Image:
    """A picture that was made, unpacked."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def is_near(pixel: Any, wanted: tuple[int, int, int]) -> bool:
    """Whether a pixel has a colour, as near as JPEG keeps it."""
    return all(abs(got - want) < 12 for got, want in zip(pixel, wanted, strict=True))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_the_file_but_its_pixels_is_kept(format: str) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Secret place</x:xmpmeta>'
    how: dict[str, Any] = {"exif": with_traces(1), "icc_profile": ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")).tobytes()}  # fmt: skip
    if format == "PNG":
        how["pnginfo"] = PngImagePlugin.PngInfo()
        how["pnginfo"].add_text("Comment", "Secret words")
        how["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    else:
        how |= {"xmp": xmp}
    if format == "JPEG":
        how |= {"comment": b"Secret words"}
    tail = BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        archive.writestr("Secret.html", "<script>alert(1)</script>")
    file = saved(two_halves(), format, **how) + b"<script>alert(1)</script>" + tail.getvalue()
    assert sum(secret in file for secret in SECRETS) >= 4

    picture = develop(file)

    for data in (picture.large, picture.small):
        image = opened(data)
        assert image.format == "JPEG"
        assert not image.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
        assert [secret for secret in SECRETS if secret in data] == []
        assert not zipfile.is_zipfile(BytesIO(data))
        assert is_near(image.getpixel((5, 5)), RED)
    assert (opened(picture.large).size, opened(picture.small).size) == ((400, 300), (240, 180))


@pytest.mark.parametrize(
    ("orientation", "size", "corner", "opposite"),
    [(1, (400, 300), RED, BLUE), (3, (400, 300), BLUE, RED), (6, (300, 400), RED, BLUE), (8, (300, 400), BLUE, RED)],
)
def test_photo_is_turned_upright(
    orientation: int, size: tuple[int, int], corner: tuple[int, int, int], opposite: tuple[int, int, int]
) -> None:
    image = opened(develop(saved(two_halves(), exif=with_traces(orientation))).large)

    assert image.size == size
    assert is_near(image.getpixel((5, 5)), corner)
    assert is_near(image.getpixel((size[0] - 5, size[1] - 5)), opposite)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_kind_become_the_same(mode: str) -> None:
    if mode == "I;16":
        file = saved(Image.new("I;16", (50, 40), 255 * 256), "PNG")
    elif mode in ("LA", "RGBA"):
        file = saved(Image.new(mode, (50, 40), 0), "PNG")  # transparent black is seen as white
    else:
        file = saved(Image.new("RGB", (50, 40), "white").convert(mode), "JPEG" if mode == "CMYK" else "PNG")

    image = opened(develop(file).large)

    assert (image.mode, image.size) == ("RGB", (50, 40))
    assert is_near(image.getpixel((20, 20)), (255, 255, 255))


def test_colours_of_another_profile_are_those_of_screens_and_a_broken_profile_is_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"

    for profile in (lab, b"no profile", None):
        how = {"icc_profile": profile} if profile else {}
        assert is_near(opened(develop(saved(two_halves(), **how)).large).getpixel((5, 5)), RED)
    other = opened(develop(saved(two_halves(), icc_profile=bytes(swapped))).large)
    assert is_near(other.getpixel((5, 5)), BLUE)


@pytest.mark.parametrize("format", ["WEBP", "PNG"])
def test_first_picture_of_what_moves_is_taken(format: str) -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in (RED, BLUE)]
    file = saved(frames[0], format, save_all=True, append_images=frames[1:], duration=100)

    assert is_near(opened(develop(file).large).getpixel((30, 30)), RED)


def test_large_photo_is_made_smaller_and_a_small_one_not_larger() -> None:
    assert opened(develop(saved(two_halves(4000, 3000))).large).size == (1200, 900)
    assert opened(develop(saved(two_halves(30, 20))).large).size == (30, 20)


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes that would be unpacked to a picture of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(8000, 5001), (10_000, 10_000), (50_000, 50_000), (MAX_EDGE + 1, 1)])
def test_bomb_is_refused_by_its_head(size: tuple[int, int]) -> None:
    with pytest.raises(Invalid) as refused:
        develop(png_that_claims(*size))

    assert [fault.code for fault in refused.value.errors] == ["too_many_pixels"]


GIF = saved(Image.new("P", (5, 5)), "GIF")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "file",
    [b"", b"\xff\xd8\xff", SVG, GIF, saved(two_halves(), "TIFF"), saved(two_halves(), "BMP"), saved(two_halves())[:900],
     saved(two_halves(), "PNG")[:-40], b"%PDF-1.7", b"RIFF\x00\x00\x00\x00WEBPVP8 ", png_that_claims(10, 0)],
)  # fmt: skip
def test_what_is_no_picture_of_the_three_kinds_or_is_cut_off_is_refused(file: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        develop(file)

    assert [fault.code for fault in refused.value.errors] == ["unreadable_picture"]
