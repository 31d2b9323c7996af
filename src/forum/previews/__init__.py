"""Previews: what the staff sees of mails before any is sent."""
