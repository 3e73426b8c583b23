"""A believable year, made by calling the same commands as people do, at past times.

Everybody and every firm in it is invented.
"""

from datetime import timedelta

from sandbox.demo import learning
from sandbox.demo.cast import PASSWORD, gather
from sandbox.demo.play import play_cases, settle_jobs
from sandbox.foundation import audit, clock

__all__ = ["FIRST_STEPS", "PASSWORD", "play"]

FIRST_STEPS = (
    "Try first:",
    "  as a founder: begin an application, or open a live pilot and look at its figures;",
    "  as an officer: open the most urgent case of the queue;",
    "  as a decision maker: decide a case that is recommended;",
    "  as the central office: ask for a cross-sector report and download its PDF.",
)


async def play() -> None:
    """Play the year that ends now; under two minutes on two cores."""
    today = clock.now()
    with clock.at(today - timedelta(days=366)):
        cast = await gather()
    await play_cases(cast, today)
    await learning.write_lessons(cast, today)
    await learning.publish_reports(cast, today)
    await settle_jobs()
    await audit.seal()
