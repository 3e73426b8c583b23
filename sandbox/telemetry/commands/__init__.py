"""What is done with figures: taken in, judged, missed, explained."""

from sandbox.telemetry.commands.breaching import close_breaches
from sandbox.telemetry.commands.judging import evaluate, watch
from sandbox.telemetry.commands.mapping import map_name
from sandbox.telemetry.commands.parcels import Parcel, Receipt
from sandbox.telemetry.commands.receiving import receive, take
from sandbox.telemetry.commands.silence import sweep_silence
from sandbox.telemetry.commands.telling import explain_breach

__all__ = [
    "Parcel",
    "Receipt",
    "close_breaches",
    "evaluate",
    "explain_breach",
    "map_name",
    "receive",
    "sweep_silence",
    "take",
    "watch",
]
