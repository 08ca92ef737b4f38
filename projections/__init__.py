"""One file, one question: a row, a pure fold over facts, and its queries."""
