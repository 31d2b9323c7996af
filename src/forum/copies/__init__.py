"""Copies: the frame of an edition becomes that of the next, without anybody in it."""
