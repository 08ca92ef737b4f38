"""The edge: use cases, pages, workers and the command line, in areas that follow the procedure."""
