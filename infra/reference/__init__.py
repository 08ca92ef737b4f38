"""Data that ships with the program: rulebooks, administrative units, matrices of who leads which indicator."""
