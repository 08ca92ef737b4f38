"""PDF files: printed, signed, and examined in processes of their own."""
