"""Background jobs: each actor is thin and calls one command or query of a slice.

Importing the package makes the broker and declares every actor on it. An actor says its
``actor_name`` and ``queue_name``, takes what JSON can carry, and may run twice: the command
behind it looks at the state, or asks ``work.once``.
"""

from importlib import import_module
from pkgutil import iter_modules

from sandbox.foundation import broker

broker.install()

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
