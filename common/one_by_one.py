"""What the schedules do for every organisation: one that fails keeps none of the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from common.answers import DEPENDENCY_ERRORS

log = structlog.get_logger(__name__)


class SomeFailed(RuntimeError):
    """For these organisations it could not be done, which the log says why; for the others it was."""


def for_each(organisations: Iterable[str], act: Callable[[str], object], *, failure: str) -> None:
    """Does it for one after another; an error is logged as the event `failure`.

    Raises SomeFailed at the end where there were any; a server that is away ends it at once.
    """
    failed = []
    for org_id in organisations:
        try:
            act(org_id)
        except DEPENDENCY_ERRORS:
            raise
        except Exception:
            log.exception(failure, org_id=org_id)
            failed.append(org_id)
    if failed:
        raise SomeFailed(failed)
