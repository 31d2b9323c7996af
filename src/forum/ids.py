"""Identifiers: UUID version 7, so that keys sort by creation and indexes grow at one end."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh identifier (RFC 9562 section 5.7)."""
    return uuid_utils.compat.uuid7()
