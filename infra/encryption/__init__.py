"""Encryption: what others keep for us, the secrets of identity providers, and personal values with their keys."""
