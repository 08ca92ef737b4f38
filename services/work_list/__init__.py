"""The work list: what waits for the person who is signed in."""
