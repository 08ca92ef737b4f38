"""The review of a recognition, from its ground to its conclusion."""
