"""The periodic jobs of people."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [Periodic("forget_tickets", every=timedelta(hours=1))]
