"""Cross-sector reports: data set, disclosure control, narrative, PDF, publication."""
