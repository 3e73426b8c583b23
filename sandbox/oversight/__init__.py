"""Those who look across all cases: pilots by risk for officials; the audit trail, the mail that was
written and jobs that died for auditors and administrators.

A slice of its own because its readers belong to no case.
"""
