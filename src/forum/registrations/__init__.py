"""Who takes part, who waits and why, and the badges of those who come in person."""
