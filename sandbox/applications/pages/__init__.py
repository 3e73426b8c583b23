"""Pages of applications: the applicant's side, the authority's, the reviewer's desk, files."""

from sandbox.applications.pages import applicant, reviewer, staff, stored

NAVIGATION = [*applicant.NAVIGATION, *staff.NAVIGATION, *reviewer.NAVIGATION]
ROUTES = [*applicant.ROUTES, *staff.ROUTES, *reviewer.ROUTES, *stored.ROUTES]
