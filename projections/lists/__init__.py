"""Lists of what waits for a person: the due list and the appraisal queue."""
