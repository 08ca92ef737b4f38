"""Rows that the projector keeps up to date, one table and one fold each."""
