"""The log under public control: checkpoints are signed and cosigned, logs audited, proofs made."""
