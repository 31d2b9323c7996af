"""Mails: what is to be sent, in whose language, and what became of it."""
