"""Writes of applications, by whose turn it is."""

from sandbox.applications.commands.deciding import Terms, decide, keep_letter, recommend, send_back
from sandbox.applications.commands.drafting import (
    answer_clarification,
    attach,
    detach,
    reopen,
    save_answers,
    start_application,
    submit,
    withdraw,
)
from sandbox.applications.commands.messaging import write_message
from sandbox.applications.commands.reconsidering import ask_reconsideration, uphold
from sandbox.applications.commands.reviewing import (
    Written,
    assign_reviewer,
    declare,
    save_review,
    submit_review,
    take_back_review,
)
from sandbox.applications.commands.screening import (
    add_note,
    ask_clarification,
    begin_screening,
    route,
    screen,
    take_case,
)
from sandbox.applications.commands.sweeping import sweep

__all__ = [
    "Terms", "Written", "add_note", "answer_clarification", "ask_clarification",
    "ask_reconsideration", "assign_reviewer", "attach",
    "begin_screening", "decide", "declare", "detach", "keep_letter", "recommend", "reopen", "route",
    "save_answers", "save_review", "screen", "send_back", "start_application", "submit",
    "submit_review", "sweep", "take_back_review", "take_case", "uphold", "withdraw",
    "write_message",
]  # fmt: skip
