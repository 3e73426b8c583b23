"""Pages of incidents."""

from sandbox.incidents.pages import assessing, handling, intake

NAVIGATION = [*intake.NAVIGATION]
ROUTES = [*intake.ROUTES, *assessing.ROUTES, *handling.ROUTES]
