"""Everything that others may ask of this slice."""

from forum.speakers.answers import accept_invitation, decline_invitation, find_invitation, update_own_profile
from forum.speakers.appearances import (
    MOVES,
    AlreadyAppears,
    Move,
    create_appearance,
    encode_table,
    find_appearance,
    invite_appearance,
    list_appearances,
    list_edition_appearances,
    move_appearance,
    read_rows,
    record_calendar_answer,
    record_outcome,
    update_appearance,
)
from forum.speakers.erasure import erase_speakers, list_speakers_of_person
from forum.speakers.invitations import SpeakerHasNoAddress, open_link, sign_link
from forum.speakers.photos import delete_photo, find_photo, keep_photo
from forum.speakers.profiles import (
    RegistrationHasSpeaker,
    create_speaker,
    find_speaker,
    is_available,
    list_consents,
    list_speakers,
    record_consent,
    update_speaker,
)

__all__ = [
    "MOVES",
    "AlreadyAppears",
    "Move",
    "RegistrationHasSpeaker",
    "SpeakerHasNoAddress",
    "accept_invitation",
    "create_appearance",
    "create_speaker",
    "decline_invitation",
    "delete_photo",
    "encode_table",
    "erase_speakers",
    "find_appearance",
    "find_invitation",
    "find_photo",
    "find_speaker",
    "invite_appearance",
    "is_available",
    "keep_photo",
    "list_appearances",
    "list_consents",
    "list_edition_appearances",
    "list_speakers",
    "list_speakers_of_person",
    "move_appearance",
    "open_link",
    "read_rows",
    "record_calendar_answer",
    "record_consent",
    "record_outcome",
    "sign_link",
    "update_appearance",
    "update_own_profile",
    "update_speaker",
]
