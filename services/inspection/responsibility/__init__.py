"""Responsibility for a value or a decision, on a page and as a document."""
