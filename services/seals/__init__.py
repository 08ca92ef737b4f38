"""An act before and after it is beyond doubt: what pages say of it, and the proof that a person takes home."""
