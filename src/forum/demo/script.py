"""The tour in its two acts."""

from datetime import datetime
from typing import Final

from forum.demo.attendance import scan_badges_at_the_gates, scan_badges_at_the_plenary, sign_in_and_join_online
from forum.demo.delegates import (
    fill_the_hall_and_the_line,
    invite_the_delegations,
    turn_nobody_away,
    withdraw_and_promote,
)
from forum.demo.invitations import mail_the_invitations, move_the_plenary, tell_who_was_promoted
from forum.demo.pledges import announce_a_pledge
from forum.demo.programme import confirm_a_speaker, publish_the_programme
from forum.demo.reports import mail_the_attendance_report
from forum.demo.small_edition import cancel_a_session, fight_over_the_last_seat
from forum.demo.tour import Step

WEEKS_BEFORE: Final = datetime.fromisoformat("2023-12-01T08:00:00Z")
BEFORE: Final[list[Step]] = [
    publish_the_programme,
    confirm_a_speaker,
    invite_the_delegations,
    fill_the_hall_and_the_line,
    turn_nobody_away,
    mail_the_invitations,
    withdraw_and_promote,
    tell_who_was_promoted,
    move_the_plenary,
    fight_over_the_last_seat,
    cancel_a_session,
]
ON_THE_DAY: Final = datetime.fromisoformat("2023-12-13T09:30:00Z")
"""Half an hour into the opening plenary, which was moved to 10:00 in Geneva."""
DURING: Final[list[Step]] = [
    scan_badges_at_the_gates,
    scan_badges_at_the_plenary,
    sign_in_and_join_online,
    announce_a_pledge,
    mail_the_attendance_report,
]
