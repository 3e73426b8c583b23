"""What is done with figures: taken in, judged, missed, explained."""

from sandbox.telemetry.commands.breaching import close_breaches, settle_breaches
from sandbox.telemetry.commands.explaining import (
    accept_explanation,
    ask_again,
    explain_breach,
    sweep_explanations,
)
from sandbox.telemetry.commands.judging import evaluate, watch
from sandbox.telemetry.commands.mapping import map_name
from sandbox.telemetry.commands.parcels import Parcel, Receipt
from sandbox.telemetry.commands.receiving import receive, take
from sandbox.telemetry.commands.reporting import hand_in_report
from sandbox.telemetry.commands.silence import sweep_silence

__all__ = [
    "Parcel",
    "Receipt",
    "accept_explanation",
    "ask_again",
    "close_breaches",
    "evaluate",
    "explain_breach",
    "hand_in_report",
    "map_name",
    "receive",
    "settle_breaches",
    "sweep_explanations",
    "sweep_silence",
    "take",
    "watch",
]
