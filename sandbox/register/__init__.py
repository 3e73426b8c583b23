"""What the public sees: the home page, the register, and what the sandbox says of itself."""
