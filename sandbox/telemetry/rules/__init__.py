"""What is sound, what a window says, how a condition stands. Pure."""
