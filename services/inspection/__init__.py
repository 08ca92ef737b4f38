"""Inspection of what was done: review, flags, responsibility, what-if, replay and trail."""
