"""Pages of pilots."""

from sandbox.pilots.pages import conditions, looser, plans, portfolio, promises, suspensions

NAVIGATION = [*portfolio.NAVIGATION]
ROUTES = [
    *portfolio.ROUTES,
    *promises.ROUTES,
    *conditions.ROUTES,
    *plans.ROUTES,
    *suspensions.ROUTES,
    *looser.ROUTES,
]
