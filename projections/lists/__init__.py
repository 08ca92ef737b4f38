"""What waits for a person: the due list and the appraisal queue."""
