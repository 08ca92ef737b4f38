"""A season: its rulebook and communes, who does what and by when, opening and halting."""
