"""Most addresses are judged by their domain alone; the judgement is that of the library all the same."""

import email_validator
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from forum import bodies
from forum.codes import Email
from forum.errors import Invalid

DOMAINS = (
    "delegates.example",
    "test",
    "localhost",
    "b.invalid",
    "exa_mple.com",
    "-a.com",
    "a..b",
    "münchen.de",
    "a.com.",
)
PARTS = st.one_of(
    st.text(alphabet="abZ09.-_+@'\"é<> ()", max_size=12), st.text(alphabet="ab", min_size=62, max_size=67)
)


class Box(Struct):
    """Something with an address."""

    email: Email


def is_taken(address: str) -> bool:
    """Whether Forum takes an address."""
    try:
        bodies.check(Box(address), Box)
    except Invalid:
        return False
    return True


def is_good(address: str) -> bool:
    """Whether the library finds it good."""
    try:
        email_validator.validate_email(address, check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError:
        return False
    return 3 <= len(address) <= 254


@given(local_part=PARTS, domain=st.one_of(st.sampled_from(DOMAINS), PARTS))
@settings(max_examples=300, deadline=None, database=None)
def test_address_is_taken_when_the_library_finds_it_good(local_part: str, domain: str) -> None:
    address = f"{local_part}@{domain}"

    assert is_taken(address) == is_good(address)
