"""The pages of those who look across all cases: a module a noun."""

from sandbox.oversight.pages import risk, trail

NAVIGATION = [*risk.NAVIGATION, *trail.NAVIGATION]
ROUTES = [*risk.ROUTES, *trail.ROUTES]
