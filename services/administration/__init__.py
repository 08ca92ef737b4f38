"""A province's own books: officials and mandates, units, rulebooks, erasure by order."""
