"""The chairman's decision on a commune: made, signed, published."""
