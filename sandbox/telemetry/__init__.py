"""Telemetry: the figures that pilots send, drawn and held against what was promised."""
