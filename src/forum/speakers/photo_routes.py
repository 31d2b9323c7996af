"""The HTTP side of speakers' photos, which come and go as files and not as JSON."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from forum.db import Connection
from forum.http import ForumRequest, IfMatch
from forum.kept import PUBLIC_CACHING
from forum.permissions import Permission, Principal, needs
from forum.printing.press import Press
from forum.speakers import service
from forum.speakers.photo_types import FoundPhoto, KeptPhoto, PhotoSize
from forum.speakers.pictures import MAX_BYTES, MEDIA_TYPES, develop
from forum.transactions import header_of, unit_of

PUBLIC, OWN = needs(Permission.PUBLIC), needs(Permission.SPEAKERS_OWN)
TAGS = ["speakers"]
PHOTO = "/editions/{edition:str}/speakers/{speaker_id:uuid}/photo"


@put(
    PHOTO,
    opt=OWN | {"takes": MEDIA_TYPES},
    request_max_body_size=MAX_BYTES,
    operation_id="replace_photo",
    tags=TAGS,
)
async def replace_photo(
    request: ForumRequest,
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
) -> KeptPhoto:
    """Give a speaker a photo: JPEG, PNG or WebP, at most 10 MB and 40 megapixels; `If-Match` names the speaker's ETag.

    Only its pixels are kept, upright and in sRGB, as JPEG in two sizes. For speakers by their link, and for who looks
    after them.
    """
    await unit_of(request.scope).close()  # nothing is held while the file comes in and is worked on
    data = await request.file(MEDIA_TYPES)
    darkroom: Press = request.app.state.darkroom
    picture = await darkroom.render(develop, data)
    conn = await unit_of(request.scope).connection()
    return await service.keep_photo(conn, principal, edition_id, speaker_id, picture, if_match, now)


@delete(PHOTO, opt=OWN, operation_id="delete_photo", tags=TAGS)
async def delete_photo(
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
) -> None:
    """Show no photo of a speaker any more; `If-Match` names the speaker's ETag."""
    await service.delete_photo(conn, principal, edition_id, speaker_id, if_match)


@get(PHOTO, opt=PUBLIC, media_type="image/jpeg", operation_id="get_photo", tags=TAGS)
async def get_photo(
    request: Request[Any, Any, Any],
    speaker_id: FromPath[UUID],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    size: FromQuery[PhotoSize] = "large",
) -> Response[bytes]:
    """The photo of a speaker who agreed to be published, as JPEG of at most 1,200 pixels, or 240 for `size=small`.

    Of others it is there for themselves, by their link, and for who looks after speakers. Send `If-None-Match` with
    the ETag to learn cheaply that nothing has changed.
    """
    known = header_of(request.scope, b"if-none-match") or ""
    return _answer(await service.find_photo(conn, principal, edition_id, speaker_id, size, known), size)


def _answer(found: FoundPhoto, size: PhotoSize) -> Response[bytes]:
    caching = PUBLIC_CACHING if found.is_public else "private, no-store"
    headers = {"ETag": f'"{found.tag}-{size}"', "Cache-Control": caching, "Vary": "Authorization"}
    if found.content is None:
        return Response(b"", status_code=304, headers=headers)
    return Response(found.content, media_type="image/jpeg", headers=headers)


HANDLERS = [replace_photo, delete_photo, get_photo]
