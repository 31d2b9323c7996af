"""Scans, presence and occupancy: who was where, from when to when, in the hall and online."""
