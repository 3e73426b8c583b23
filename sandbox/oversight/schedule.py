"""What oversight asks for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [Periodic("send_digests", every=timedelta(hours=1))]
