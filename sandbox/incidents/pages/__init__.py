"""Pages of incidents."""

from sandbox.incidents.pages import assessing, handling, intake, public, reported

NAVIGATION = [*intake.NAVIGATION]
ROUTES = [
    *intake.ROUTES, *assessing.ROUTES, *handling.ROUTES, *public.ROUTES, *reported.ROUTES,
]  # fmt: skip
