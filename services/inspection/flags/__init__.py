"""Signs that a recognition was a formality or wrong; setting one aside."""
