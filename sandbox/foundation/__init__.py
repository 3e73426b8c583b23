"""What every slice stands on and that knows no slice."""
