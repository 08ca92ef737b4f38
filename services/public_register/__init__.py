"""The public register: results without signing in, and comments on posted dossiers."""
