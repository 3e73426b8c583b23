"""The pages of those who look across all cases: a module a noun."""

from sandbox.oversight.pages import binding, risk, trail

NAVIGATION = [*risk.NAVIGATION, *trail.NAVIGATION]
ROUTES = [*risk.ROUTES, *binding.ROUTES, *trail.ROUTES]
