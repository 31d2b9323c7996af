"""Paper: text in every script set in a box that it never leaves, QR codes, and PDF (ISO 32000)."""
