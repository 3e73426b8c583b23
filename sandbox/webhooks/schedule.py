"""What webhooks ask for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [
    Periodic(
        "sweep_webhooks", every=timedelta(minutes=1), wanted="SELECT FROM webhook_delivery LIMIT 1"
    )
]
