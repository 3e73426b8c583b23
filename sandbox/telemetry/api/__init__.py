"""Figures from machines: our own JSON and CSV, OTLP, Prometheus remote write."""

from sandbox.telemetry.api import collectors, points

ROUTES = [*points.ROUTES, *collectors.ROUTES]
