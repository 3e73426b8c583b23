"""What is done with figures: taken in, judged, missed, explained."""

from sandbox.telemetry.commands.breaching import close_breaches, settle_breaches
from sandbox.telemetry.commands.documents import (
    ask_document,
    give_up_document,
    keep_document,
)
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
from sandbox.telemetry.commands.uploading import (
    bring_file,
    forget_files,
    leave_file,
    map_file,
    take_file,
)

__all__ = [
    "Parcel",
    "Receipt",
    "accept_explanation",
    "ask_again",
    "ask_document",
    "bring_file",
    "close_breaches",
    "evaluate",
    "explain_breach",
    "forget_files",
    "give_up_document",
    "hand_in_report",
    "keep_document",
    "leave_file",
    "map_file",
    "map_name",
    "receive",
    "settle_breaches",
    "sweep_explanations",
    "sweep_silence",
    "take",
    "take_file",
    "watch",
]
