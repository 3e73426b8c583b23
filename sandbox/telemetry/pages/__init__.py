"""Pages of telemetry: the board, a metric over time, breaches, senders' names, files, limits
tried, figures on paper."""

from sandbox.telemetry.pages import (
    board,
    breaches,
    documents,
    metrics,
    names,
    reports,
    trials,
    uploads,
)

ROUTES = [
    *board.ROUTES, *metrics.ROUTES, *uploads.ROUTES, *names.ROUTES, *breaches.ROUTES,
    *trials.ROUTES, *reports.ROUTES, *documents.ROUTES,
]  # fmt: skip
