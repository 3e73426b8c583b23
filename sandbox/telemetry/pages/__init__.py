"""Pages of telemetry: the board, a metric over time, breaches, keys and what they send, senders'
names, files, limits tried, figures on paper."""

from sandbox.telemetry.pages import (
    board,
    breaches,
    documents,
    keys,
    metrics,
    names,
    reports,
    trials,
    uploads,
)

ROUTES = [
    *board.ROUTES, *metrics.ROUTES, *uploads.ROUTES, *names.ROUTES, *breaches.ROUTES,
    *trials.ROUTES, *reports.ROUTES, *documents.ROUTES, *keys.ROUTES,
]  # fmt: skip
