"""Rooms, tracks and sessions as the staff edits them, and the numbered releases that readers see."""
