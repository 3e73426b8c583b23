"""Pages of telemetry: the board, a metric over time, breaches, senders' names, files, limits
tried."""

from sandbox.telemetry.pages import board, breaches, metrics, names, reports, trials, uploads

ROUTES = [
    *board.ROUTES, *metrics.ROUTES, *uploads.ROUTES, *names.ROUTES, *breaches.ROUTES,
    *trials.ROUTES, *reports.ROUTES,
]  # fmt: skip
