"""Pages of pilots."""

from sandbox.pilots.pages import plans, portfolio, promises

NAVIGATION = [*portfolio.NAVIGATION]
ROUTES = [*portfolio.ROUTES, *promises.ROUTES, *plans.ROUTES]
