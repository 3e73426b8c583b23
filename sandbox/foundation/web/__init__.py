"""The edge: pages, forms, sessions, security headers and errors, for every slice."""
