"""Dossiers, meetings and seasons stepped through, fact by fact."""
