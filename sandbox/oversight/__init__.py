"""What keeps the system honest: the audit trail, the mail that was written, jobs that died.

A slice of its own because its readers (auditor, administrator) look across all cases and
belong to none.
"""
