"""Webhooks: a firm or an authority is told of its events at an address of its own, signed."""
