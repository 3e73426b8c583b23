"""Pilots: the agreed plan, conditions, milestones, evidence, guidance and the way out."""
