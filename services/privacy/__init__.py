"""Personal data: the one door to it, its erasure by order, and who opened evidence."""
