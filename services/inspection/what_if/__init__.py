"""A verdict without some facts, or by another rule."""
