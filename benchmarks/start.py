"""How long `sandbox up` takes until it answers: the first time, with a database to make, and
again with all data there, which is to take less than five seconds."""

from __future__ import annotations

import json
import statistics

from tests.site import Site

ROUNDS = 5


def main() -> None:
    """Start once, then again and again; print the seconds."""
    site = Site()
    again = []
    try:
        first = site.start()
        for _round in range(ROUNDS):
            site.stop()
            again.append(site.start())
    finally:
        site.stop()
        site.remove()
    figures = {"first_s": round(first, 2), "again_s": round(statistics.median(again), 2)}
    for name, seconds in figures.items():
        print(f"{name:<8} {seconds:6.2f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
