"""Official documents: what they say is read from the log up to a position, how they look is here."""
