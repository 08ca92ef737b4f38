"""One commune's year and its council's meetings, followed in the log."""
