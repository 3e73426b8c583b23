"""Pages of incidents."""

from sandbox.incidents.pages import (
    assessing,
    comparing,
    exporting,
    handling,
    intake,
    patterns,
    public,
    recording,
    reported,
    working,
)

NAVIGATION = [*intake.NAVIGATION]
ROUTES = [
    *intake.ROUTES, *assessing.ROUTES, *handling.ROUTES, *public.ROUTES, *reported.ROUTES,
    *comparing.ROUTES, *working.ROUTES, *recording.ROUTES,
    *exporting.ROUTES, *patterns.ROUTES,
]  # fmt: skip
