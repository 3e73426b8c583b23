"""Where Piccolo finds the engine and the one app."""

from piccolo.conf.apps import AppRegistry

from sandbox.foundation.database import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["sandbox.migrations.piccolo_app"])
