"""Exports: documents that somebody asks for, made by the worker. Nothing here knows a single kind of document.

An area adds a kind of its own in a module `export_<kind>.py` beside what the document is made of; `registry` finds it.
"""
