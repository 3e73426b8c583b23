"""Background jobs: each actor is thin and calls one command or query of a slice."""
