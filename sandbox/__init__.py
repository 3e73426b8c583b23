"""Rintis: the system in which a nation runs its AI regulatory sandbox."""

import os

# Piccolo finds its engine through this module; see sandbox/migrations/.
os.environ.setdefault("PICCOLO_CONF", "sandbox.migrations.piccolo_conf")
