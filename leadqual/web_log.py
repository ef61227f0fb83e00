"""The web server's own lines go where all others go, and look like them."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class ServerLog(Logger):  # type: ignore[misc]
    """gunicorn's log without a form of its own: that one names a process, which our lines are not asked for."""

    def setup(self, cfg: Any) -> None:
        """Hands its lines to the root's handler."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
