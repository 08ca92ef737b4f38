"""The frame of all pages: requests, admission, forms, rendering, refusals, security, addresses."""
