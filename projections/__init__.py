"""What people ask, each answered by one pure fold over the facts: one file, one question."""
