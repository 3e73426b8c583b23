"""Who sends figures, and who reads them: whoever reads the pilot."""

from __future__ import annotations

from sandbox.applications.policy import DECIDE
from sandbox.pilots.policy import API, KEEP_KEYS, KEEP_PILOTS, READ_PILOTS, SUPERVISE_PILOTS

__all__ = ["API", "DECIDE", "KEEP_KEYS", "KEEP_PILOTS", "READ_PILOTS", "SUPERVISE_PILOTS"]
