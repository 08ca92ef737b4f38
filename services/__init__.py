"""The edge: use cases, pages, workers and the command line."""
