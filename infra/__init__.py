"""Adapters: the log, the database, files, identity and documents; each replaceable alone."""
