"""The tamper-evident log as arithmetic: no database, no network, no clock.

`tree` hashes and verifies, `tiles` stores hashes so that proofs need few of them, `note` signs, `checkpoint` says
what is signed, `proof` is what a person takes home, `witness_policy` says whom a verifier trusts, `witness` is how
another body cosigns. All formats are those of c2sp.org, so that software we did not write accepts our files.
"""
