"""The one Piccolo app: every table of every slice."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

SLICES = (
    "foundation",
    "people",
    "webhooks",
    "framework",
    "applications",
    "pilots",
    "telemetry",
    "incidents",
    "lessons",
    "reports",
    "register",
    "demo",
)

HERE = Path(__file__).parent
TABLE_MODULES = [
    f"sandbox.{slice_}.tables" for slice_ in SLICES if (HERE.parent / slice_ / "tables.py").exists()
]

APP_CONFIG = AppConfig(
    app_name="sandbox",
    migrations_folder_path=str(HERE / "versions"),
    table_classes=table_finder(TABLE_MODULES),
)
