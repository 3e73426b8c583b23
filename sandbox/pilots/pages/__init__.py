"""Pages of pilots."""

from sandbox.pilots.pages import conditions, plans, portfolio, promises, suspensions

NAVIGATION = [*portfolio.NAVIGATION]
ROUTES = [
    *portfolio.ROUTES,
    *promises.ROUTES,
    *conditions.ROUTES,
    *plans.ROUTES,
    *suspensions.ROUTES,
]
