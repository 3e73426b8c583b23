"""Incidents: reported, weighed by the pack's rules, timed by every regime, set right, closed."""
