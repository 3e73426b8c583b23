"""What a page costs: the officer's queue of many cases, beside the page that says "live".

The application answers in this process over its ASGI interface; database time is in it, the
network is not.
"""

from __future__ import annotations

from benchmarks import ground

CASES = 200


async def main() -> None:
    from sandbox.app import create_app
    from tests import factories
    from tests.harness import Visitor
    from tests.system.test_cases import submitted

    for number in range(CASES):
        if number % 10 == 0:
            founder = await factories.applicant()
        await submitted(founder)
    officer = await factories.officer()
    app = create_app()
    async with Visitor(app) as desk:
        await desk.sign_in(officer)

        figures = await ground.pages(
            desk,
            {
                "live": "/health/live",
                "ready": "/health/ready",
                "home": "/",
                "queue": "/cases",
                "register": "/register",
            },
            rounds=60,
        )
    ground.tell(f"Pages with {CASES} cases in the queue (medians)", figures, "live", cases=CASES)


if __name__ == "__main__":
    ground.run(main)
