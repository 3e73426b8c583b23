"""Rules (pure), the system (real PostgreSQL, over HTTP), the browser (Chromium)."""
