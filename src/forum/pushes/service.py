"""What other slices, workers and commands need of pushes."""

from forum.pushes.courier import Courier
from forum.pushes.keys import ensure_push_key, rotate_push_key
from forum.pushes.queries import forget_person
from forum.pushes.sending import send_pushes

__all__ = ["Courier", "ensure_push_key", "forget_person", "rotate_push_key", "send_pushes"]
