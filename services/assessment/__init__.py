"""A commune's dossier: measured, scored, supported with evidence, posted and submitted."""
