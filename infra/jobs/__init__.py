"""Jobs of the workers: the queue, and the exports that are owed."""
