"""Pages of telemetry: the board, a metric over time, breaches, senders' names, files."""

from sandbox.telemetry.pages import board, breaches, metrics, names, uploads

ROUTES = [
    *board.ROUTES, *metrics.ROUTES, *uploads.ROUTES, *names.ROUTES, *breaches.ROUTES,
]  # fmt: skip
