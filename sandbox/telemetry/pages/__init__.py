"""Pages of telemetry: the board, breaches, senders' names, files."""

from sandbox.telemetry.pages import board, breaches, names, uploads

ROUTES = [*board.ROUTES, *uploads.ROUTES, *names.ROUTES, *breaches.ROUTES]
