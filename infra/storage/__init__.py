"""Files by the hash of their bytes, what they may take of the disk, and who opened them."""
