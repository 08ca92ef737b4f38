"""Official documents: their typesetting, fonts and wording, and the log as it stood at a position."""
