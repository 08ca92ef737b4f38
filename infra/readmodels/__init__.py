"""Read models: rows that the projector folds from the log, kept, rebuilt and read."""
