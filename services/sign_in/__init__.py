"""Choosing the province, signing in at its provider and out again, one's own sessions."""
