"""Visa and invitation letters: who asks for one, what consulates need to know, and what was issued."""
