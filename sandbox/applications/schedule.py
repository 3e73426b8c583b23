"""What applications ask for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [Periodic("sweep_applications", every=timedelta(minutes=10))]
