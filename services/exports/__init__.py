"""Documents that somebody asks for: the request, the kinds that are registered, the list and the download."""
