"""Who is there: tenants, sign-in at their OpenID providers, sessions, and how often somebody may ask."""
