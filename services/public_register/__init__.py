"""What everybody may read without signing in: results, and comments on posted dossiers."""
