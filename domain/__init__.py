"""The law and the facts; pure."""
