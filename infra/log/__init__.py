"""The log of each tenant: streams are loaded, commands appended, events read on from a position."""
