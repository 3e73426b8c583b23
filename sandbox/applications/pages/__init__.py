"""Pages of applications: the applicant's side, the authority's, what they say to each other,
the reviewer's desk, files."""

from sandbox.applications.pages import applicant, exchange, reviewer, staff, stored

NAVIGATION = [*applicant.NAVIGATION, *staff.NAVIGATION, *reviewer.NAVIGATION]
ROUTES = [
    *applicant.ROUTES, *staff.ROUTES, *exchange.ROUTES, *reviewer.ROUTES, *stored.ROUTES,
]  # fmt: skip
