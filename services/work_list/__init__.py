"""What waits for the person who is signed in."""
