"""Revisions: an announced edition is moved or turns virtual, in one recorded step that everybody is told of once."""
