"""Councils: constituted, called together, voting with roll, quorum and majority; minutes."""
