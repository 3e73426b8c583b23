"""What telemetry asks for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [Periodic("sweep_silence", every=timedelta(minutes=5))]
