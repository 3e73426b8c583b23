"""What incidents ask for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [Periodic("sweep_incidents", every=timedelta(minutes=5))]
