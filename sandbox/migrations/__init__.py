"""The schema's history, by Piccolo: one app for all tables, because whole apps run in order."""
