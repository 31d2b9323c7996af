"""Calendars that stay right (RFC 5545, 5546, 7986): feeds of the published programme, and invitations."""
