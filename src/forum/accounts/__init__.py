"""Who is who: sign-in by a mailed code, tokens, and roles on editions."""
