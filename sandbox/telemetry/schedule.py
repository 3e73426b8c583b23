"""What telemetry asks for periodically."""

from datetime import timedelta

from sandbox.foundation.schedule import Periodic

PERIODICS = [
    Periodic(
        "watch_telemetry", queue="telemetry", every=timedelta(seconds=1),
        wanted="SELECT FROM arrival LIMIT 1",
    ),
    Periodic("sweep_silence", every=timedelta(minutes=5)),
    Periodic("sweep_explanations", every=timedelta(minutes=10)),
    Periodic("keep_partitions", every=timedelta(hours=6)),
]  # fmt: skip
