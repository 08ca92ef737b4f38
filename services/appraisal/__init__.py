"""The appraisal: each indicator judged, what is returned, the conclusion."""
