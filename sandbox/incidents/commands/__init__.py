"""Writes of incidents. Each is one work by one person; none needs HTTP."""

from sandbox.incidents.commands.actions import (
    ask_action,
    close,
    investigate,
    reopen,
    report_action,
    resolve,
    return_action,
    suspend_pilot,
    verify_action,
)
from sandbox.incidents.commands.assessing import assess, triage
from sandbox.incidents.commands.clocks import respond, submit_report, sweep_clocks
from sandbox.incidents.commands.comparing import compare, compare_weakness
from sandbox.incidents.commands.documents import (
    ask_document,
    give_up_document,
    keep_document,
)
from sandbox.incidents.commands.intake import open_from_breach, report_incident
from sandbox.incidents.commands.public import (
    answer_public,
    dismiss,
    join,
    make_incident,
    send_public_report,
    take_up,
)
from sandbox.incidents.commands.working import (
    add_entry,
    add_task,
    answer_inquiry,
    ask_firm,
    explain_cause,
    finish_task,
    sweep_inquiries,
)

__all__ = [
    "add_entry",
    "add_task",
    "answer_inquiry",
    "answer_public",
    "ask_action",
    "ask_document",
    "ask_firm",
    "assess",
    "close",
    "compare",
    "compare_weakness",
    "dismiss",
    "explain_cause",
    "finish_task",
    "give_up_document",
    "investigate",
    "join",
    "keep_document",
    "make_incident",
    "open_from_breach",
    "reopen",
    "report_action",
    "report_incident",
    "resolve",
    "respond",
    "return_action",
    "send_public_report",
    "submit_report",
    "suspend_pilot",
    "sweep_clocks",
    "sweep_inquiries",
    "take_up",
    "triage",
    "verify_action",
]
