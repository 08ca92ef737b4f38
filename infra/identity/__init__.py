"""Tenants and people: sign-in at OpenID providers, sessions, and rates of asking."""
