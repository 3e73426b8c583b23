"""From the first question to the decision."""
