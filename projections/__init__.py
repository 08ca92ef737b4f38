"""Read models: each answers one question of people by one pure fold over the facts."""
