"""Pages of applications: the authority's side and the reviewer's desk."""

from sandbox.applications.pages import reviewer, staff

NAVIGATION = [*staff.NAVIGATION, *reviewer.NAVIGATION]
ROUTES = [*staff.ROUTES, *reviewer.ROUTES]
