"""What pilots ask for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [Periodic("sweep_pilots", every=timedelta(minutes=10))]
