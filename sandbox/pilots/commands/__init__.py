"""Writes of pilots. Each is one work by one person; none needs HTTP."""

from sandbox.pilots.commands.acceptance import accept_plan
from sandbox.pilots.commands.changes import (
    accept_amendment,
    amend_plan,
    decline_amendment,
    tighten,
    withdraw_amendment,
)
from sandbox.pilots.commands.conditions import (
    breach_condition,
    cure_condition,
    discharge_condition,
    escalate_condition,
    reinstate_condition,
    waive_condition,
)
from sandbox.pilots.commands.evidence import (
    judge_evidence,
    keep_file,
    submit_evidence,
    submit_milestone,
    waive_milestone,
)
from sandbox.pilots.commands.exits import (
    accept_exit_report,
    answer_follow_up,
    return_exit_report,
    save_exit_report,
    submit_exit_report,
)
from sandbox.pilots.commands.extensions import ask_extension, extend, refuse_extension
from sandbox.pilots.commands.guidance import acknowledge_guidance, give_guidance
from sandbox.pilots.commands.life import (
    begin_exit,
    declare_ready,
    go_live,
    resume,
    stop,
    suspend,
    terminate,
)
from sandbox.pilots.commands.reporting import hand_in_report, period_of
from sandbox.pilots.commands.suspensions import decide_suspension
from sandbox.pilots.commands.tokens import issue_token, revoke_token

__all__ = [
    "accept_amendment",
    "accept_exit_report",
    "accept_plan",
    "acknowledge_guidance",
    "amend_plan",
    "answer_follow_up",
    "ask_extension",
    "begin_exit",
    "breach_condition",
    "cure_condition",
    "decide_suspension",
    "declare_ready",
    "decline_amendment",
    "discharge_condition",
    "escalate_condition",
    "extend",
    "give_guidance",
    "go_live",
    "hand_in_report",
    "issue_token",
    "judge_evidence",
    "keep_file",
    "period_of",
    "refuse_extension",
    "reinstate_condition",
    "resume",
    "return_exit_report",
    "revoke_token",
    "save_exit_report",
    "stop",
    "submit_evidence",
    "submit_exit_report",
    "submit_milestone",
    "suspend",
    "terminate",
    "tighten",
    "waive_condition",
    "waive_milestone",
    "withdraw_amendment",
]
